//! Writing what was decided.

use crate::suite::build::ask;
use crate::suite::world::{OTHER, World, engine};
use seatless::domain::{
    Code, Command, Direction, Ending, EventKind, Evidence, EvidenceKind, Failure, IntentId, ObjectId,
    OpenIntent, Outcome, Phase, Progress, State, Status, Step, SystemUserId, Timer, Trial,
};
use seatless::store::{CommitRow, Learned, RowFate, TallyEntry, UserOrigin};
use std::time::Duration;

fn not_yet() -> Outcome {
    Outcome::NotYet { wait: Duration::from_secs(60), because: None }
}

fn failure(code: Code) -> Failure {
    Failure::new(code, "it said \"no\"").seen_as(["req-1".to_owned()])
}

pub async fn a_decided_row_is_written_as_decided(world: World) {
    world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let at = |seconds| world.now() + Duration::from_secs(seconds);
    let next = Progress {
        state: State::Requested,
        phase: Phase::Active { direction: Direction::GivingUp, timer: Timer::At(at(7)) },
        paused: true,
        entered_at: at(1),
        trial: Trial {
            attempts: 3,
            claims: 2,
            intent: Some(OpenIntent { id: IntentId(world.id()), begun_at: at(2) }),
            evidence: Some(Evidence { kind: EvidenceKind::Behind(State::Created), looks: 4, since: at(3) }),
            trouble: Some(failure(Code::RemoteThrottled)),
            memo: Some("{\"page\":\"\u{1}2\"}".to_owned()),
            look_first: true,
        },
        regressions: 2,
        ending: Ending { delete_user: true, given_up_for: Some(failure(Code::DataverseNoSlot)) },
    };
    let mut transition = world.report(&group.members[0], not_yet());
    transition.next = next.clone();
    transition.step = Some(Step::DisableUser);
    world.wait(10);
    let fates = world.commit_rows(vec![world.row(&group.members[0], transition)]).await;
    assert_eq!(fates, [RowFate::Written]);
    let request = world.member(group.members[0].request.id).await.request;
    assert_eq!(request.progress, next);
    assert_eq!((request.step, request.holder, request.epoch), (Some(Step::DisableUser), None, 1));
    assert_eq!(request.updated_at, world.now());
}

pub async fn every_phase_is_read_as_it_was_written(world: World) {
    let at = world.now() + Duration::from_secs(9);
    let active = |direction, timer| Phase::Active { direction, timer };
    let blocked = |seat_due| Phase::Blocked {
        direction: Direction::Forward,
        failure: failure(Code::DataverseNoSlot),
        seat_due,
    };
    for (place, (state, phase, step)) in [
        (State::Created, active(Direction::Forward, Timer::ForSeat), Some(Step::AssignLicense)),
        (State::NonInteractive, active(Direction::Cancelling, Timer::At(at)), Some(Step::RemoveLicense)),
        (State::Propagated, blocked(Some(at)), Some(Step::RemoveLicense)),
        (State::Created, blocked(None), None),
        (State::Unlicensed, Phase::Succeeded, None),
        (State::Requested, Phase::Failed { failure: failure(Code::MachineDeadlinePassed) }, None),
        (State::Requested, Phase::Cancelled, None),
    ]
    .into_iter()
    .enumerate()
    {
        let ids = world.submit(&[ask(format!("user{place}"))]).await;
        let member = world.member(ids[0]).await;
        let mut transition = world.report(&member, not_yet());
        transition.next.state = state;
        transition.next.phase = phase.clone();
        transition.step = step;
        assert_eq!(world.commit_rows(vec![world.row(&member, transition)]).await, [RowFate::Written]);
        let read = world.member(ids[0]).await.request;
        assert_eq!((read.progress.state, read.progress.phase, read.step), (state, phase, step));
    }
    world.recount().await;
}

pub async fn an_old_epoch_changes_nothing(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let mut row = world.row(&group.members[0], world.report(&group.members[0], not_yet()));
    row.epoch -= 1;
    assert_eq!(world.commit_rows(vec![row]).await, [RowFate::Lost]);
    assert_eq!(world.member(ids[0]).await, group.members[0]);
}

pub async fn another_holder_changes_nothing(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let row = world.row(&group.members[0], world.report(&group.members[0], not_yet()));
    let theirs = CommitRow { holder: Some(OTHER), ..row };
    assert_eq!(world.commit_rows(vec![theirs]).await, [RowFate::Lost]);
    assert_eq!(world.member(ids[0]).await, group.members[0]);
}

pub async fn an_unexpected_state_changes_nothing(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let mut row = world.row(&group.members[0], world.report(&group.members[0], not_yet()));
    row.from = (State::Created, Status::Active);
    assert_eq!(world.commit_rows(vec![row]).await, [RowFate::Lost]);
    assert_eq!(world.member(ids[0]).await, group.members[0]);
    world.recount().await;
}

pub async fn a_lost_row_does_not_disturb_the_others(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let group = world.claim_one().await;
    let rows = group.members.iter().map(|member| world.row(member, world.report(member, not_yet())));
    let mut rows: Vec<_> = rows.collect();
    rows[1].epoch += 1;
    assert_eq!(world.commit_rows(rows).await, [RowFate::Written, RowFate::Lost, RowFate::Written]);
    assert_eq!(world.member(ids[1]).await, group.members[1]);
    assert_eq!(world.store.history(ids[1], 0, 9).await.unwrap().len(), 1);
}

pub async fn a_commit_twice_is_lost_the_second_time(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let commit = || {
        world.commit_of(vec![world.row(&group.members[0], world.report(&group.members[0], not_yet()))], None)
    };
    assert_eq!(world.commit(commit()).await, [RowFate::Written]);
    let after = world.member(ids[0]).await;
    assert_eq!(world.commit(commit()).await, [RowFate::Lost]);
    assert_eq!(world.member(ids[0]).await, after);
}

pub async fn one_request_twice_in_a_commit_goes_through_once(world: World) {
    world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let row = world.row(&group.members[0], world.report(&group.members[0], not_yet()));
    assert_eq!(world.commit_rows(vec![row.clone(), row]).await, [RowFate::Written, RowFate::Lost]);
}

pub async fn a_command_takes_a_request_from_its_holder(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    assert_eq!(world.order(ids[0], Command::Pause).await, [RowFate::Written]);
    let request = world.member(ids[0]).await.request;
    assert_eq!((request.epoch, request.holder, request.progress.paused), (2, None, true));
    assert_eq!(world.finish(&group, not_yet()).await, [RowFate::Lost]);
    assert!(world.member(ids[0]).await.request.progress.paused);
}

pub async fn two_commands_on_one_reading_do_not_both_hold(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let member = world.member(ids[0]).await;
    let command = |command| {
        let transition = world.decide(&member, seatless::domain::Input::Ordered(command));
        world.commit_of(vec![CommitRow { holder: None, ..world.row(&member, transition) }], None)
    };
    let (pause, cancel) = tokio::join!(
        world.store.commit(command(Command::Pause)),
        world.store.commit(command(Command::Cancel))
    );
    let mut fates = [pause.unwrap()[0], cancel.unwrap()[0]];
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(fates, [RowFate::Lost, RowFate::Written]);
    world.recount().await;
}

pub async fn an_event_keeps_its_failure_and_remote_request_ids(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let blocked = Outcome::Blocked { failure: failure(Code::DataverseNoSlot) };
    let mut row = world.row(&group.members[0], world.report(&group.members[0], blocked));
    row.learned.remote_request_ids = vec!["req-1".to_owned(), "req-2".to_owned()];
    world.commit_rows(vec![row]).await;
    let event = world.store.history(ids[0], 1, 9).await.unwrap().remove(0);
    assert_eq!((event.kind, event.actor), (EventKind::Blocked, engine()));
    assert_eq!(event.failure, Some(failure(Code::DataverseNoSlot)));
    assert_eq!(event.remote_request_ids, ["req-1", "req-2"]);
}

pub async fn what_was_learned_is_kept(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test")]).await;
    let groups = world.claim().await;
    let learned = Learned {
        has_past: false,
        object_id: Some(ObjectId(world.id())),
        origin: Some(UserOrigin::Adopted),
        system_user: Some(SystemUserId(world.id())),
        resolved: Some("{}".to_owned()),
        memo: Some("page 2".to_owned()),
        password_intent: Some(IntentId(world.id())),
        user_gone: false,
        licensed_by: Some(seatless::store::LicensedBy::Group),
        remote_request_ids: Vec::new(),
    };
    for (group, learned) in groups.iter().zip([learned.clone(), Learned::default()]) {
        let member = &group.members[0];
        let row = CommitRow { learned, ..world.row(member, world.report(member, not_yet())) };
        world.commit(world.commit_of(vec![row], Some(group))).await;
    }
    let (ada, sibling) = (world.member(ids[0]).await, world.member(ids[1]).await);
    assert_eq!((ada.user.object_id, ada.user.origin), (learned.object_id, learned.origin));
    assert_eq!(sibling.user, ada.user, "the user is one");
    assert_eq!((ada.request.system_user, ada.request.resolved), (learned.system_user, learned.resolved));
    assert_eq!((sibling.request.system_user, sibling.request.resolved), (None, None));
    assert_eq!(ada.request.progress.trial.memo, learned.memo);
    // Nothing new leaves everything as it is, but what the step remembers ends with its state.
    world.offer_slots("dev", 9).await;
    world.wait(60);
    for group in world.claim().await {
        world.finish(&group, not_yet()).await;
    }
    assert_eq!(world.member(ids[0]).await.user, ada.user);
}

pub async fn a_memo_ends_with_its_state(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Licensed).await;
    let group = world.claim_one().await;
    let mut row = world.row(&group.members[0], world.report(&group.members[0], Outcome::Advanced));
    row.learned.memo = Some("of the state before".to_owned());
    world.commit(world.commit_of(vec![row], Some(&group))).await;
    let progress = world.member(ids[0]).await.request.progress;
    assert_eq!((progress.state, progress.trial.memo), (State::Propagated, None));
}

pub async fn tallies_add_up(world: World) {
    use seatless::store::Tally::{SeatSeconds, SeatsReturned};
    for (tenant, tally, amount) in
        [("contoso", SeatSeconds, 10.5), ("contoso", SeatSeconds, 2.0), ("fabrikam", SeatsReturned, 1.0)]
    {
        let mut commit = world.commit_of(Vec::new(), None);
        commit.tallies = vec![TallyEntry { tenant: tenant.to_owned(), tally, amount }];
        world.commit(commit).await;
    }
    let tallies = world.store.tallies().await.unwrap();
    let expected = [("contoso".to_owned(), SeatSeconds, 12.5), ("fabrikam".to_owned(), SeatsReturned, 1.0)];
    assert_eq!(tallies, expected);
}

pub async fn a_commit_of_nothing_written_tallies_nothing(world: World) {
    world.submit(&[ask("ada")]).await;
    let group = world.claim_one().await;
    let mut row = world.row(&group.members[0], world.report(&group.members[0], not_yet()));
    row.epoch += 5;
    let mut commit = world.commit_of(vec![row], None);
    let tally = seatless::store::Tally::SeatSeconds;
    commit.tallies = vec![TallyEntry { tenant: "contoso".to_owned(), tally, amount: 1.0 }];
    world.commit(commit).await;
    assert_eq!(world.store.tallies().await.unwrap(), []);
}

pub async fn counters_follow_every_commit(world: World) {
    let asks: Vec<_> =
        (0..12).map(|n| ask(format!("user{n}")).in_environment(["dev", "test", "prod"][n % 3])).collect();
    let ids = world.submit(&asks).await;
    world.recount().await;
    for state in [State::Created, State::Licensed, State::NonInteractive] {
        world.work_until(state).await;
        world.recount().await;
    }
    for id in &ids[..3] {
        world.order(*id, Command::Cancel).await;
        world.recount().await;
    }
    world.work_to_success().await;
    world.recount().await;
    let batch = world.member(ids[0]).await.request.batch;
    assert_eq!(world.store.counts(Some(batch)).await.unwrap(), world.store.counts(None).await.unwrap());
}

pub async fn what_nobody_has_acted_on_is_found_by_its_age(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo"), ask("dora")]).await;
    let group = world.claim_one().await;
    let blocked = || Outcome::Blocked { failure: failure(Code::DataverseRoleUnknown) };
    let rows = group.members.iter().take(3).map(|member| world.row(member, world.report(member, blocked())));
    world.commit(world.commit_of(rows.collect(), Some(&group))).await;
    world.order(ids[1], Command::Pause).await;
    let since = world.wait(100);
    world.order(ids[2], Command::Retry).await;
    let found = world.store.blocked_since(since, 10).await.unwrap();
    assert_eq!(found.iter().map(|member| member.request.id).collect::<Vec<_>>(), ids[..1]);
    assert_eq!(world.store.blocked_since(since - Duration::from_secs(100), 10).await.unwrap(), []);
}
