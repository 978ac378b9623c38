//! Whole lives.

use crate::suite::build::{SALES, ask};
use crate::suite::world::{World, seats, slots};
use seatless::domain::{Command, EventKind, State, Status};
use seatless::store::{LicenseHold, Seat};

pub async fn a_request_goes_all_the_way(world: World) {
    let ids = world.submit(&[ask("ada"), ask("ada").in_environment("test"), ask("bob")]).await;
    world.work_to_success().await;
    for id in &ids {
        assert_eq!(world.state(*id).await, (State::Unlicensed, Status::Succeeded));
        let member = world.member(*id).await;
        assert_eq!((member.request.step, member.request.holder), (None, None));
        assert_eq!(member.user.license, LicenseHold::None);
        assert!(member.user.propagated_once && member.request.slot_held);
    }
    world.recount().await;
    world.wait(3_600);
    world.store.end_rests(world.now()).await.unwrap();
    assert_eq!(world.member(ids[0]).await.user.seat, Seat::None);
    assert_eq!(world.pool(seats(SALES)).await.held, 0);
    assert_eq!(world.pool(slots("dev")).await.held, 2, "a finished account keeps its slot");
    assert_eq!(world.store.next_wake().await.unwrap(), None);
}

pub async fn a_history_tells_everything_in_order(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_to_success().await;
    let history = world.store.history(ids[0], 0, 100).await.unwrap();
    let kinds: Vec<EventKind> = history.iter().map(|event| event.kind).collect();
    use EventKind::{Admitted, Advanced, Begun, Checked, Submitted, Verified};
    let way =
        [Submitted, Checked, Advanced, Admitted, Begun, Advanced, Advanced, Advanced, Advanced, Verified];
    assert_eq!(kinds, way);
    for pair in history.windows(2) {
        assert!(pair[0].sequence < pair[1].sequence && pair[0].occurred_at <= pair[1].occurred_at);
        assert_eq!(pair[0].to, pair[1].from, "each begins where the one before ended");
    }
}

pub async fn sequences_have_no_gaps(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob").in_environment("test"), ask("cleo")]).await;
    world.work_until(State::Licensed).await;
    // Something that fails must not use up a number.
    world.store.accept(seatless::domain::BatchId(world.id()), world.now()).await.unwrap_err();
    world.work_to_success().await;
    let mut sequences = Vec::new();
    for id in ids {
        sequences.extend(world.store.history(id, 0, 100).await.unwrap().iter().map(|event| event.sequence));
    }
    sequences.sort_unstable();
    let expected: Vec<i64> = (1..=sequences.len() as i64).collect();
    assert_eq!(sequences, expected);
}

pub async fn a_cancelled_request_gives_everything_back(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Licensed).await;
    world.order(ids[0], Command::Cancel).await;
    world.work_to_success().await;
    assert_eq!(world.state(ids[0]).await, (State::Requested, Status::Cancelled));
    let member = world.member(ids[0]).await;
    assert!(!member.request.slot_held);
    assert!(matches!(member.user.seat, Seat::Resting { .. }), "{:?}", member.user.seat);
    assert_eq!(world.pool(slots("dev")).await.held, 0);
    world.recount().await;
}

pub async fn everything_survives_a_restart(mut world: World) {
    world.submit(&[ask("ada"), ask("ada").in_environment("test"), ask("bob")]).await;
    world.work_until(State::Propagated).await;
    let before = world.all().await;
    let counts = world.store.counts(None).await.unwrap();
    let pools = world.store.pools().await.unwrap();
    let wake = world.store.next_wake().await.unwrap();
    world.restart().await;
    assert_eq!(world.all().await, before);
    assert_eq!(world.store.counts(None).await.unwrap(), counts);
    assert_eq!(world.store.pools().await.unwrap(), pools);
    assert_eq!(world.store.next_wake().await.unwrap(), wake);
}
