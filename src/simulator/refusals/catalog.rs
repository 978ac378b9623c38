//! Which refusals there are, and which one a call gets.

use super::refusal::Refusal;
use super::{dataverse, entra, graph, pages, power_platform};
use crate::simulator::faults::Faults;
use crate::simulator::ledger::Service;
use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;

/// Every refusal that can be asked for.
pub fn refusals() -> impl Iterator<Item = &'static Refusal> {
    [entra::REFUSALS, graph::REFUSALS, dataverse::REFUSALS, power_platform::REFUSALS, pages::REFUSALS]
        .into_iter()
        .flatten()
}

/// The first name in `faults` that no refusal has.
pub(crate) fn unknown(faults: &Faults) -> Option<&str> {
    let names = faults.refuse.iter().map(|wanted| wanted.name.as_str());
    names.into_iter().find(|name| !refusals().any(|refusal| refusal.name == *name))
}

/// The refusal that was asked for, for this call, if there is one; it is used up by that.
pub(crate) fn planted(turn: &mut Turn<'_>, service: Service) -> Option<Reply> {
    let call = turn.call;
    let mut wanted = turn.cloud.faults.refuse.iter_mut().filter(|wanted| wanted.times != Some(0));
    let (wanted, refusal) = wanted.find_map(|wanted| {
        let refusal = refusals().find(|refusal| refusal.name == wanted.name)?;
        let place = wanted.place.as_deref().unwrap_or(refusal.place);
        is_at(place, &call.method, &call.path).then_some((wanted, refusal))
    })?;
    wanted.times = wanted.times.map(|times| times - 1);
    turn.cloud.faults_struck += 1;
    turn.notes.fault = Some(refusal.name.to_owned());
    Some(refusal.reply(turn, service))
}

/// Whether a call is at a place such as `POST /v1.0/users/*/assignLicense`.
fn is_at(place: &str, method: &str, path: &str) -> bool {
    let Some((wanted_method, wanted_path)) = place.split_once(' ') else { return false };
    let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (wanted, found) = (segments(wanted_path), segments(path));
    let same = |(wanted, found): (&String, &String)| wanted == "*" || wanted.eq_ignore_ascii_case(found);
    (wanted_method == "*" || wanted_method == method)
        && wanted.len() == found.len()
        && wanted.iter().zip(&found).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_method_and_a_path_with_gaps() {
        assert!(is_at("POST /v1.0/users/*/assignLicense", "POST", "/v1.0/users/1/assignLicense"));
        assert!(is_at("* /v1.0/users", "GET", "/v1.0/users"));
        assert!(!is_at("POST /v1.0/users", "POST", "/v1.0/users/1/assignLicense"));
        assert!(!is_at("GET /v1.0/users", "POST", "/v1.0/users"));
        assert!(!is_at("nowhere", "GET", "/"));
    }

    #[test]
    fn every_refusal_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = refusals().map(|refusal| refusal.name).collect();
        assert_eq!(names.len(), refusals().count());
    }
}
