//! The watch over a finished account: when it is looked at, and what is made of what was seen.

use crate::walks::config;
use chrono::TimeDelta;
use proptest::prelude::*;
use seatless::domain::{
    Code, Drift, DriftKind, EventKind, Failure, Instant, Policy, Sight, State, Watch, first_look, heal_from,
    look_pace,
};
use std::time::Duration;

fn begun() -> (Watch, Policy) {
    let policy = Policy::default();
    let now = Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(1_234);
    (Watch::begun(now, first_look(&policy, now)), policy)
}

fn drift(kind: DriftKind) -> Drift {
    Drift::new(kind, "")
}

fn found(kinds: &[DriftKind]) -> Sight {
    Sight::Found { drifts: kinds.iter().copied().map(drift).collect() }
}

fn absent(kind: DriftKind) -> Sight {
    Sight::Absent { drift: drift(kind), others: Vec::new() }
}

fn unseen(retry_after_seconds: Option<u64>) -> Sight {
    Sight::Unseen { failure: Failure::new(Code::RemoteUnavailable, ""), retry_after_seconds }
}

fn kinds(watch: &Watch) -> Vec<DriftKind> {
    watch.drifts.iter().map(|drift| drift.kind).collect()
}

#[test]
fn looks_follow_after_an_hour_a_day_and_then_daily_in_parts_of_a_day() {
    let (mut watch, policy) = begun();
    let mut hours = Vec::new();
    for _ in 0..5 {
        hours.push((watch.due_at - watch.succeeded_at).num_minutes() as f64 / 60.0);
        watch = watch.weigh(found(&[]), &policy, watch.due_at).next;
    }
    assert_eq!(hours[..2], [1.0, 24.0]);
    assert!((48.0..49.0).contains(&hours[2]), "{hours:?}");
    assert_eq!(hours[3..], [hours[2] + 24.0, hours[2] + 48.0]);
}

#[test]
fn a_look_that_comes_early_leaves_the_planned_ones_where_they_are() {
    let (watch, policy) = begun();
    let due = |hours: i64| {
        let now = watch.succeeded_at + TimeDelta::minutes(60 * hours - 1);
        (watch.weigh(found(&[]), &policy, now).next.due_at - watch.succeeded_at).num_hours()
    };
    assert_eq!((due(1), due(2), due(24)), (1, 24, 24));
}

#[test]
fn accounts_that_drift_apart_in_time_come_to_be_looked_at_together() {
    let (watch, policy) = begun();
    let due = |minutes: i64| {
        let now = watch.succeeded_at + TimeDelta::days(2) + TimeDelta::minutes(minutes);
        watch.weigh(found(&[]), &policy, now).next.due_at
    };
    assert_eq!(due(1), due(20));
}

#[test]
fn an_event_tells_what_has_changed_and_nothing_else() {
    let (watch, policy) = begun();
    let table: &[(&[DriftKind], Option<EventKind>)] = &[
        (&[], None),
        (&[DriftKind::Roles], Some(EventKind::Drifted)),
        (&[DriftKind::Roles], None),
        (&[DriftKind::Roles, DriftKind::UserDisabled], Some(EventKind::Drifted)),
        (&[DriftKind::UserDisabled, DriftKind::Roles], None),
        (&[DriftKind::UserDisabled], Some(EventKind::Drifted)),
        (&[], Some(EventKind::Verified)),
        (&[], None),
    ];
    let mut watch = watch;
    for (place, (seen, event)) in table.iter().enumerate() {
        let weighed = watch.weigh(found(seen), &policy, watch.due_at);
        assert_eq!(weighed.event, *event, "{place}");
        watch = weighed.next;
    }
}

#[test]
fn what_was_not_found_is_believed_after_as_many_looks_as_the_machine_asks_for_and_not_before() {
    let (mut watch, policy) = begun();
    let since = watch.due_at;
    for look in 1..=policy.absence_looks {
        assert!(watch.drifts.is_empty(), "after {} looks", look - 1);
        let weighed = watch.weigh(absent(DriftKind::UserDeleted), &policy, watch.due_at);
        assert_eq!(weighed.event.is_some(), look == policy.absence_looks);
        watch = weighed.next;
    }
    assert_eq!(kinds(&watch), [DriftKind::UserDeleted]);
    assert_eq!(
        watch.looked_at,
        Some(since + look_pace(policy.absence_window, &policy) * (policy.absence_looks - 1))
    );
    // What is believed needs no new evidence, and one look that finds it ends it.
    let later = watch.weigh(absent(DriftKind::UserDeleted), &policy, watch.due_at);
    assert_eq!((later.event, later.next.evidence), (None, None));
    assert_eq!(later.next.weigh(found(&[]), &policy, later.next.due_at).event, Some(EventKind::Verified));
}

#[test]
fn the_looks_that_are_asked_for_just_span_the_window() {
    let (_, policy) = begun();
    for (absence_looks, wait) in [(0, 30), (1, 30), (2, 30), (4, 10), (5, 7)] {
        let policy = Policy { absence_looks, ..policy.clone() };
        assert_eq!(look_pace(policy.absence_window, &policy).as_secs(), wait, "{absence_looks} looks");
    }
}

#[test]
fn many_looks_in_a_moment_are_no_evidence() {
    let (mut watch, policy) = begun();
    for _ in 0..50 {
        watch = watch.weigh(absent(DriftKind::RowMissing), &policy, watch.succeeded_at).next;
    }
    assert!(watch.drifts.is_empty());
    watch = watch.weigh(found(&[]), &policy, watch.due_at).next;
    assert_eq!(watch.evidence, None, "a look that finds it begins anew");
}

#[test]
fn a_look_that_saw_nothing_changes_nothing_but_the_time_of_the_next_one() {
    let (watch, policy) = begun();
    let watch = watch.weigh(found(&[DriftKind::Roles]), &policy, watch.due_at).next;
    let watch = watch.weigh(absent(DriftKind::UserDeleted), &policy, watch.due_at).next;
    let now = watch.due_at;
    for (asked, wait) in [(None, 3_600), (Some(10), 3_600), (Some(7_200), 7_200)] {
        let weighed = watch.weigh(unseen(asked), &policy, now);
        assert_eq!(weighed.event, None);
        assert_eq!(weighed.next.due_at, now + Duration::from_secs(wait));
        let before = Watch { due_at: weighed.next.due_at, looks: watch.looks + 1, ..watch.clone() };
        assert_eq!(weighed.next, before);
    }
}

#[test]
fn what_may_be_healed_and_from_where() {
    use DriftKind::{AccessMode, BusinessUnit, Licensed, LicensedByGroup, Roles, RowDisabled, RowMissing};
    let from = |kinds: &[DriftKind]| heal_from(&kinds.iter().copied().map(drift).collect::<Vec<_>>()).ok();
    assert_eq!(from(&[]), None);
    assert_eq!(from(&[AccessMode, BusinessUnit, Roles]), Some(State::Propagated));
    assert_eq!(from(&[Roles, RowDisabled]), Some(State::Created));
    assert_eq!(from(&[RowMissing]), Some(State::Created));
    for unsafe_kind in [DriftKind::UserDeleted, DriftKind::UserDisabled, Licensed, LicensedByGroup] {
        assert_eq!(from(&[Roles, unsafe_kind]), None, "{unsafe_kind:?}");
    }
}

proptest! {
    #![proptest_config(config(2))]

    /// Whatever is seen, and whenever: the watch goes on, in the future, and its events tell its drift.
    #[test]
    fn the_watch_goes_on_and_the_events_tell_all_of_it(
        looks in prop::collection::vec((0..200_000i64, sights()), 0..40),
    ) {
        let (mut watch, policy) = begun();
        let (mut now, mut told) = (watch.succeeded_at, Vec::new());
        for (wait, sight) in looks {
            now += TimeDelta::seconds(wait);
            let weighed = watch.weigh(sight, &policy, now);
            prop_assert!(weighed.next.due_at > now);
            prop_assert!(weighed.next.due_at <= now + policy.watch_every + policy.watch_every / 24);
            prop_assert!(weighed.next.drifts.is_sorted_by_key(|drift| drift.kind));
            match weighed.event {
                None => {}
                Some(EventKind::Verified) => { prop_assert!(weighed.next.drifts.is_empty()); told.clear(); }
                Some(kind) => { prop_assert_eq!(kind, EventKind::Drifted); told = weighed.next.drifts.clone(); }
            }
            prop_assert_eq!(&told, &weighed.next.drifts);
            watch = weighed.next;
        }
    }
}

fn sights() -> impl Strategy<Value = Sight> {
    let kind = || prop::sample::select(DriftKind::ALL);
    prop_oneof![
        prop::collection::btree_set(kind(), 0..3)
            .prop_map(|kinds| Sight::Found { drifts: kinds.into_iter().map(drift).collect() }),
        prop::sample::select(vec![DriftKind::UserDeleted, DriftKind::RowMissing]).prop_map(absent),
        Just(unseen(None)),
    ]
}
