//! The members of a group by user: what concerns a user is asked and done once, whatever the number of its requests.

use super::Work;
use super::provisioner::Site;
use crate::cloud::{CallFailure, DirectoryUser, UserKey};
use crate::domain::{Ids, IntentId, UserId};
use crate::engine::{Need, Report, Seen};
use crate::store::{Group, Member};
use std::collections::HashMap;

/// The places of a group's members, by user, in the order of first appearance.
pub(super) fn households(group: &Group) -> Vec<Vec<usize>> {
    let mut order: Vec<Vec<usize>> = Vec::new();
    let mut by_user: HashMap<UserId, usize> = HashMap::new();
    for (place, member) in group.members.iter().enumerate() {
        let household = *by_user.entry(member.user.id).or_insert_with(|| {
            order.push(Vec::new());
            order.len() - 1
        });
        order[household].push(place);
    }
    order
}

/// By id once it is known: lists and names lag longer than reads by id.
pub(super) fn key_of(member: &Member) -> UserKey {
    match member.user.object_id {
        Some(id) => UserKey::Id(id),
        None => UserKey::UserPrincipalName(member.user.account.user_principal_name.to_string()),
    }
}

/// What the directory shows of each household's user, where `wanted` says that it is to be asked; in order.
pub(super) async fn read_where(
    site: &Site<'_>,
    households: &[Vec<usize>],
    wanted: impl Fn(&[usize]) -> bool,
) -> Result<Vec<Option<Result<Option<DirectoryUser>, CallFailure>>>, CallFailure> {
    let asked: Vec<bool> = households.iter().map(|places| wanted(places)).collect();
    let keys: Vec<UserKey> = households
        .iter()
        .zip(&asked)
        .filter(|(_, asked)| **asked)
        .map(|(places, _)| key_of(&site.group.members[places[0]]))
        .collect();
    let answers =
        if keys.is_empty() { Vec::new() } else { site.tenant.client.graph().read_users(&keys).await? };
    let mut answers = answers.into_iter();
    Ok(asked.into_iter().map(|asked| if asked { answers.next() } else { None }).collect())
}

/// What one household's look came to.
pub(super) enum Finding {
    /// The same for all.
    Settled(Report),
    /// One write for all.
    Needed(Write),
}

/// A write for a household, before its intent is drawn.
pub(super) struct Write {
    pub(super) intent: IntentId,
    pub(super) assigns_license: bool,
    pub(super) sealed_password: Option<Vec<u8>>,
    pub(super) work: Work,
}

impl Write {
    pub(super) fn new(ids: &dyn Ids, work: Work) -> Self {
        Self { intent: IntentId(ids.fresh()), assigns_license: false, sealed_password: None, work }
    }
}

/// Spreads each household's finding over its members.
pub(super) fn spread(group: &Group, findings: Vec<(Vec<usize>, Finding)>) -> Vec<Seen<Work>> {
    let mut seen: Vec<Option<Seen<Work>>> = group.members.iter().map(|_| None).collect();
    for (places, finding) in findings {
        match finding {
            Finding::Settled(report) => {
                for place in places {
                    seen[place] = Some(Seen::Settled(report.clone()));
                }
            }
            Finding::Needed(write) => {
                let mut sealed_password = write.sealed_password;
                for place in places {
                    seen[place] = Some(Seen::Needed(Need {
                        intent: write.intent,
                        budgeted: true,
                        assigns_license: write.assigns_license,
                        sealed_password: sealed_password.take(),
                        work: write.work.clone(),
                    }));
                }
            }
        }
    }
    // Each member belongs to one household; one that was left out could only be told to come back at once.
    seen.into_iter().map(|seen| seen.unwrap_or_else(nothing_seen)).collect()
}

fn nothing_seen() -> Seen<Work> {
    Seen::Settled(Report::of(crate::domain::Outcome::NotYet {
        wait: std::time::Duration::from_secs(1),
        because: None,
    }))
}

/// The needs of an act, one per user, with all the places (in `needs`) that share each.
pub(super) fn by_user<'a>(group: &'a Group, needs: &'a [(usize, Need<Work>)]) -> Vec<Shared<'a>> {
    let mut order: Vec<Shared<'a>> = Vec::new();
    let mut index: HashMap<UserId, usize> = HashMap::new();
    for (position, (place, need)) in needs.iter().enumerate() {
        let member = &group.members[*place];
        match index.get(&member.user.id) {
            Some(&known) => order[known].positions.push(position),
            None => {
                index.insert(member.user.id, order.len());
                order.push(Shared { member, need, positions: vec![position] });
            }
        }
    }
    order
}

/// One user's write in an act.
pub(super) struct Shared<'a> {
    pub(super) member: &'a Member,
    pub(super) need: &'a Need<Work>,
    pub(super) positions: Vec<usize>,
}

/// Gives each position its user's report.
pub(super) fn share(needs: usize, shared: &[Shared<'_>], reports: Vec<Report>) -> Vec<Report> {
    let mut result: Vec<Option<Report>> = vec![None; needs];
    for (one, report) in shared.iter().zip(reports) {
        for position in &one.positions {
            result[*position] = Some(report.clone());
        }
    }
    result.into_iter().flatten().collect()
}
