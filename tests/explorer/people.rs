//! People: what they do in the admin centers, and what they order.

use crate::bed::scene::SALES;
use crate::chance::{Chance, For};
use crate::stage::Stage;
use seatless::domain::{Command, State};
use seatless::simulator::{Act, EnvironmentState};

fn contoso() -> String {
    "contoso".to_owned()
}

/// A person does something in an admin center; gives back what, if it was possible.
pub(crate) fn interfere(stage: &mut Stage, chance: Chance, at: u64) -> Option<String> {
    let environments: Vec<String> =
        stage.world.tenants[0].environments.iter().map(|environment| environment.name.clone()).collect();
    let environment = environments[chance.index(For::PersonKind, at + 1_000_000, environments.len())].clone();
    let name = chance.one(For::PersonKind, at + 2_000_000, &["svc-1", "svc-2", "svc-3"]);
    let user = format!("{name}@contoso.example");
    let on = chance.happens(For::PersonKind, at + 3_000_000, 0.5);
    let client_id = stage.world.tenants[0].apps[0].client_id;
    let tenant = contoso();
    let act = match chance.index(For::PersonKind, at, 12) {
        0 => Act::DeleteUser { tenant, user },
        1 => Act::SetAccountEnabled { tenant, user, enabled: on },
        2 | 3 => Act::RemoveLicense { tenant, user, part_number: SALES.to_owned() },
        4 => Act::SetAccessMode { environment, user, accessmode: if on { 0 } else { 1 } },
        5 => Act::SetDisabled { environment, user, disabled: on },
        6 => Act::RemoveRoles { environment, user },
        7 => {
            let state = if on { EnvironmentState::AdminMode } else { EnvironmentState::Ready };
            Act::SetEnvironmentState { environment, state }
        }
        8 => Act::SetRegistered { tenant, client_id, registered: on },
        9 => Act::SetSecretExpired { tenant, client_id, expired: on },
        10 => {
            let sku = &stage.world.tenants[0].skus[0];
            let used_by_others = if on { sku.used_by_others } else { sku.used_by_others + 1 };
            Act::SetSeats { tenant, part_number: SALES.to_owned(), enabled: sku.enabled, used_by_others }
        }
        _ => Act::Synchronize,
    };
    let told = format!("somebody: {act:?}");
    stage.person(act).then_some(told)
}

/// A person orders something; gives back what, if it meant anything.
pub(crate) async fn order(stage: &mut Stage, chance: Chance, at: u64) -> Option<String> {
    let members = stage.members().await;
    let member = &members[chance.index(For::OrderKind, at, members.len())];
    let commands = [
        Command::Pause,
        Command::Resume,
        Command::Retry,
        Command::Retry,
        Command::Cancel,
        Command::CancelAndDelete,
        Command::Heal { to: State::Created },
        Command::Heal { to: State::Propagated },
    ];
    let command = chance.one(For::OrderKind, at + 1_000_000, &commands);
    let told = format!(
        "order: {command:?} of {} in {}",
        member.user.account.user_principal_name, member.request.asked.environment
    );
    stage.order(member.request.id, command).await.then_some(told)
}

/// Everything that people have broken for everybody is as it was.
pub(crate) fn put_right(stage: &mut Stage) {
    let tenant = stage.world.tenants[0].clone();
    let client_id = tenant.apps[0].client_id;
    let mut acts = vec![
        Act::SetRegistered { tenant: contoso(), client_id, registered: true },
        Act::SetSecretExpired { tenant: contoso(), client_id, expired: false },
        Act::SetSeats {
            tenant: contoso(),
            part_number: SALES.to_owned(),
            // A user that somebody has deleted keeps its unit for as long as it can be restored; so more are bought.
            enabled: tenant.skus[0].enabled + 10,
            used_by_others: tenant.skus[0].used_by_others,
        },
    ];
    acts.extend(tenant.environments.iter().map(|environment| Act::SetEnvironmentState {
        environment: environment.name.clone(),
        state: EnvironmentState::Ready,
    }));
    for act in acts {
        stage.person(act);
    }
}
