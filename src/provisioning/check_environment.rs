//! Requested: can the environment take the account at all? Finds out before a user is made or a seat is taken.

use super::households::key_of;
use super::lost_history::is_made_by_us;
use super::provisioner::{Provisioner, Site};
use super::resolved::Resolved;
use super::verdicts::{blocked, whole_look};
use super::{GroupRule, Work};
use crate::cloud::{BusinessUnit, CallFailure, EnvironmentStanding, Survey, UserKey, Verdict};
use crate::domain::{Code, Failure, ObjectId, Outcome};
use crate::engine::{Report, Seen, WholeFailure, WholeKind};
use crate::store::{Learned, Member, PoolKey, StoreError};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// How many non-interactive users Microsoft allows per environment when neither the environment nor the config says so
/// (power-platform/admin/create-users, "Create a non-interactive user account").
pub const SLOTS: u32 = 7;

pub(super) async fn look(steps: &Provisioner, site: &Site<'_>) -> Result<Vec<Seen<Work>>, WholeFailure> {
    let members = &site.group.members;
    let group = match facts(steps, site).await {
        Ok(Facts::Open { security_group }) => security_group,
        Ok(Facts::Shut { failure }) => return Ok(members.iter().map(|_| blocked(failure.clone())).collect()),
        Ok(Facts::Maintained { failure }) => {
            let wait = steps.policy.poll_last;
            let report = || Report::of(Outcome::NotYet { wait, because: Some(failure.clone()) });
            return Ok(members.iter().map(|_| Seen::Settled(report())).collect());
        }
        Err(call) => return whole_look(call, members.len()),
    };
    let roles = names(members.iter().flat_map(|member| &member.request.asked.membership.security_roles));
    let units =
        names(members.iter().filter_map(|member| member.request.asked.membership.business_unit.as_ref()));
    let survey = match site.dataverse()?.survey(&roles, &units).await {
        Ok(survey) => survey,
        Err(call) => return whole_look(call, members.len()),
    };
    let forgotten = match forgotten_users(steps, site).await {
        Ok(users) => users,
        Err(call) => return whole_look(call, members.len()),
    };
    let mut slots = Slots::count(steps, site, &survey, &forgotten).await.map_err(store_failed)?;
    let mut seen = Vec::with_capacity(members.len());
    for member in members {
        seen.push(match resolve(member, &survey) {
            Err(failure) => blocked(failure),
            Ok(resolved) => match slots.take() {
                Err(failure) => blocked(failure),
                Ok(()) => Seen::Settled(Report {
                    outcome: Outcome::Advanced,
                    learned: Learned {
                        resolved: Resolved { security_group: group, ..resolved }.write(),
                        ..Learned::default()
                    },
                }),
            },
        });
    }
    Ok(seen)
}

/// What Power Platform says about an environment, as far as it matters for whoever is to go there.
enum Facts {
    /// It takes people in; only direct members of this group, if there is one.
    Open { security_group: Option<Uuid> },
    /// It is under maintenance, which ends.
    Maintained { failure: Failure },
    /// It takes nobody in until a person acts.
    Shut { failure: Failure },
}

/// Asks Power Platform. An application that is not registered there is not let in to look; then nothing is known, and only
/// an environment whose group is to be joined has to wait for the registration.
async fn facts(steps: &Provisioner, site: &Site<'_>) -> Result<Facts, CallFailure> {
    let Some(place) = site.environment else { return Ok(Facts::Open { security_group: None }) };
    let known = match steps.surroundings.of(&steps.places, site.tenant, place).await {
        Ok(known) => known,
        Err(call) if call.verdict != Verdict::Refused => return Err(call),
        Err(call) if place.security_group == GroupRule::Join => return Err(call),
        Err(call) => {
            tracing::debug!(tenant = %place.tenant, code = %call.failure.code, "Power Platform does not tell of an environment");
            return Ok(Facts::Open { security_group: None });
        }
    };
    if !known.has_database {
        return Ok(Facts::Shut { failure: Failure::new(Code::PowerPlatformNoDatabase, "") });
    }
    let says = || format!("Power Platform says: {}.", known.troubles.join(", "));
    Ok(match known.standing {
        EnvironmentStanding::Closed => {
            Facts::Shut { failure: Failure::new(Code::DataverseEnvironmentDisabled, says()) }
        }
        EnvironmentStanding::Administration => {
            Facts::Maintained { failure: Failure::new(Code::DataverseAdminMode, says()) }
        }
        EnvironmentStanding::Open => {
            if !known.troubles.is_empty() {
                tracing::info!(tenant = %place.tenant, states = ?known.troubles, "an environment is in states that are not known");
            }
            let asks = place.security_group != GroupRule::Ignore;
            Facts::Open { security_group: known.security_group.filter(|_| asks) }
        }
    })
}

/// Users of ours that the rows do not know, because an older state of the database was put back: if one of them is
/// non-interactive already, then in the slot that its request is about to take.
async fn forgotten_users(steps: &Provisioner, site: &Site<'_>) -> Result<HashSet<ObjectId>, CallFailure> {
    let members = &site.group.members;
    let may_be: Vec<&Member> = members
        .iter()
        .filter(|member| member.request.progress.trial.look_first && member.user.object_id.is_none())
        .collect();
    if may_be.is_empty() {
        return Ok(HashSet::new());
    }
    let keys: Vec<UserKey> = may_be.iter().map(|member| key_of(member)).collect();
    let mut found = HashSet::new();
    for (member, answer) in may_be.into_iter().zip(site.tenant.client.graph().read_users(&keys).await?) {
        if let Some(user) = answer?.filter(|user| is_made_by_us(steps, member, user)) {
            found.insert(user.id);
        }
    }
    Ok(found)
}

fn names<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    texts.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The ids behind the names of a request.
fn resolve(member: &Member, survey: &Survey) -> Result<Resolved, Failure> {
    let wanted = &member.request.asked.membership;
    let unit = business_unit(wanted.business_unit.as_deref(), survey)?;
    let mut roles = Vec::with_capacity(wanted.security_roles.len());
    for name in &wanted.security_roles {
        roles.push(role(name, unit, survey)?);
    }
    Ok(Resolved { business_unit: Some(unit.id), roles, ..Resolved::default() })
}

fn business_unit<'a>(name: Option<&str>, survey: &'a Survey) -> Result<&'a BusinessUnit, Failure> {
    let found = survey.business_units.iter().find(|unit| match name {
        Some(name) => same(&unit.name, name),
        None => unit.parent.is_none(),
    });
    found.ok_or_else(|| {
        let what = name.map_or_else(|| "the root business unit".to_owned(), |name| format!("{name:?}"));
        Failure::new(Code::DataverseBusinessUnitUnknown, format!("Wanted {what}."))
    })
}

/// The copy of a role in a business unit: only that one can be given to the unit's users
/// (powerapps-docs, data-platform/security-concepts; error 0x80041409).
fn role(name: &str, unit: &BusinessUnit, survey: &Survey) -> Result<Uuid, Failure> {
    let copy = survey.roles.iter().find(|role| same(&role.name, name) && role.business_unit == unit.id);
    copy.map(|role| role.id).ok_or_else(|| {
        Failure::new(
            Code::DataverseRoleUnknown,
            format!("Wanted {name:?} in the business unit {:?}.", unit.name),
        )
    })
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// What is left of an environment's slots while a group is being checked.
struct Slots {
    capacity: u32,
    others: u32,
    held: u32,
    taken_now: u32,
}

impl Slots {
    /// Counts them, and tells the pool what the environment showed.
    async fn count(
        steps: &Provisioner,
        site: &Site<'_>,
        survey: &Survey,
        forgotten: &HashSet<ObjectId>,
    ) -> Result<Self, StoreError> {
        let tenant = site.group.tenant.clone();
        let environment = site.group.environment.clone().unwrap_or_default();
        let ours: HashSet<ObjectId> =
            steps.store.slot_holders(tenant.clone(), environment.clone()).await?.into_iter().collect();
        let others =
            survey.non_interactive.iter().filter(|id| !ours.contains(id) && !forgotten.contains(id)).count();
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        let configured = site.environment.and_then(|place| place.slots_max);
        let capacity = configured.or(survey.non_interactive_max).unwrap_or(SLOTS);
        let key = PoolKey::Slot { tenant, environment };
        steps.store.observe(key.clone(), capacity, others, steps.clock.now()).await?;
        let held = steps.store.pool(key).await?.map_or(0, |pool| pool.held);
        Ok(Self { capacity, others, held, taken_now: 0 })
    }

    fn take(&mut self) -> Result<(), Failure> {
        let used = self.others + self.held + self.taken_now;
        if used < self.capacity {
            self.taken_now += 1;
            return Ok(());
        }
        let ours = self.held + self.taken_now;
        Err(Failure::new(
            Code::DataverseNoSlot,
            format!(
                "All {} are taken: {} by other users, {ours} by requests of ours.",
                self.capacity, self.others
            ),
        ))
    }
}

fn store_failed(error: StoreError) -> WholeFailure {
    WholeFailure { failure: error.failure(), kind: WholeKind::NotDone { retry_after: None } }
}
