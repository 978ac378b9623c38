//! The paths a request can take, each as a world with its cues.

use crate::bed::scene::{SALES, Scene, rig};
use crate::play::{Cue, When};
use seatless::domain::{Command, State};
use seatless::provisioning::GroupRule;
use seatless::simulator::EnvironmentKind;
use std::time::Duration;

/// A path.
pub(crate) struct Path {
    pub(crate) name: String,
    pub(crate) scene: fn() -> Scene,
    pub(crate) cues: Vec<Cue>,
}

fn one() -> Scene {
    // Long enough to wait for a user that does not show, short enough not to be most of the run.
    rig()
        .tenant("contoso")
        .seats(1)
        .environment("dev")
        .request("svc-a")
        .without_lags()
        .with_policy(|policy| policy.replication = Duration::from_secs(60))
}

fn siblings() -> Scene {
    one().environment("test").request("svc-a")
}

fn adopted() -> Scene {
    one().somebody("svc-a", |user| user.usage_location = None).that_adopts()
}

fn adopted_with_a_license() -> Scene {
    one().somebody("svc-a", |user| user.licenses = vec![SALES.to_owned()]).that_adopts()
}

fn taken() -> Scene {
    one().somebody("svc-a", |_| {})
}

/// Only its maker gets in, so that the deadline passes and the license is taken back.
fn never_arrives() -> Scene {
    one()
        .where_it(|environment| environment.kind = EnvironmentKind::Developer)
        .whose_tenant(|tenant| tenant.apps[0].powerplatform_registered = false)
        .with_policy(|policy| {
            policy.propagation_deadline = Duration::from_secs(600);
            policy.sync_first = Duration::from_secs(300);
        })
}

fn given_up() -> Scene {
    never_arrives().with_policy(|policy| policy.give_up = Some(Duration::from_secs(1_800)))
}

fn without_slot() -> Scene {
    one().where_it(|environment| environment.non_interactive_others = environment.non_interactive_max)
}

/// Each environment lets in the members of a group of its own, and we make the user one.
fn guarded_siblings() -> Scene {
    one()
        .guarded(|_| {})
        .environment("test")
        .guarded(|_| {})
        .request("svc-a")
        .with_group_rule(GroupRule::Join)
}

fn two_users() -> Scene {
    one().request("svc-b")
}

/// The straight path.
pub(crate) fn straight() -> Path {
    Path { name: "straight".to_owned(), scene: one, cues: Vec::new() }
}

/// Called off with the license in hand.
pub(crate) fn unwinding() -> Path {
    cancelled(one, When::Reached(State::Licensed), "licensed")
}

fn cancelled(scene: fn() -> Scene, when: When, what: &str) -> Path {
    let cues = vec![Cue { environment: "dev", when, command: Command::Cancel }];
    Path { name: format!("cancelled when {what}"), scene, cues }
}

/// What makes a scene.
type SceneOf = fn() -> Scene;

/// Every path.
pub(crate) fn all() -> Vec<Path> {
    let plain: [(&str, SceneOf); 9] = [
        ("siblings", siblings),
        ("adopted", adopted),
        ("adopted with a license", adopted_with_a_license),
        ("name taken", taken),
        ("never arrives", never_arrives),
        ("given up", given_up),
        ("without a slot", without_slot),
        ("two users", two_users),
        ("guarded siblings", guarded_siblings),
    ];
    let mut paths = vec![straight()];
    paths.extend(plain.map(|(name, scene)| Path { name: name.to_owned(), scene, cues: Vec::new() }));
    paths.extend(State::ALL.iter().map(|state| cancelled(one, When::Reached(*state), state.as_str())));
    let deleted = Cue {
        environment: "dev",
        when: When::Reached(State::NonInteractive),
        command: Command::CancelAndDelete,
    };
    paths.push(Path { name: "cancelled and deleted".to_owned(), scene: one, cues: vec![deleted] });
    paths.push(cancelled(never_arrives, When::Blocked, "blocked"));
    paths.push(cancelled(siblings, When::Reached(State::Licensed), "licensed, beside a sibling"));
    paths.push(cancelled(adopted, When::Reached(State::Licensed), "licensed, adopted"));
    let retried = Cue { environment: "dev", when: When::Blocked, command: Command::Retry };
    paths.push(Path { name: "retried when blocked".to_owned(), scene: never_arrives, cues: vec![retried] });
    paths
}
