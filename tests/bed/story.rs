//! How everything stands, for whoever has to find out why.

use super::judge::Record;
use super::wire::Deed;
use seatless::domain::{Instant, Phase, Status};
use seatless::store::Member;
use std::fmt::Write;

/// Every request with its history, every pool, every write.
pub(crate) fn story(record: &Record, started: Instant) -> String {
    let mut text = String::new();
    for member in &record.members {
        let (request, user) = (&member.request, &member.user);
        let _ = writeln!(
            text,
            "{} in {}: {} {} seat {:?} license {:?} step {:?} trial {:?}",
            user.account.user_principal_name,
            request.asked.environment,
            request.progress.state,
            reason(member),
            user.seat,
            user.license,
            request.step,
            request.progress.trial,
        );
        for event in record.histories.get(&request.id).into_iter().flatten() {
            let failure = event.failure.as_ref().map(|failure| format!("{}: {failure}", failure.code));
            let _ = writeln!(
                text,
                "    {:>8} s {:10} {} → {} {}",
                (event.occurred_at - started).num_seconds(),
                event.kind.as_str(),
                event.from,
                event.to,
                failure.unwrap_or_default()
            );
        }
    }
    for pool in &record.pools {
        let _ = writeln!(text, "{pool:?}");
    }
    for Deed { kind, entry, .. } in &record.deeds {
        let at = (entry.landed_at.unwrap_or(entry.at) - started).num_seconds();
        let _ = writeln!(
            text,
            "    {at:>8} s {kind:?} {} {} applied={} dropped={} {:?} {}",
            entry.status, entry.path, entry.applied, entry.dropped, entry.fault, entry.sequence
        );
    }
    text
}

/// The status, with the code behind it.
pub(crate) fn reason(member: &Member) -> String {
    match &member.request.progress.phase {
        Phase::Blocked { failure, .. } => format!("{} {}", Status::Blocked, failure.code),
        Phase::Failed { failure } => format!("{} {}", Status::Failed, failure.code),
        Phase::Active { .. } | Phase::Succeeded | Phase::Cancelled => {
            member.request.progress.status().to_string()
        }
    }
}
