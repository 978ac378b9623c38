//! Whole lives.

use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{EventKind, State, Status};

pub async fn a_request_goes_all_the_way(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Unlicensed).await;
    for _ in 0..5 {
        world.work_once(State::Unlicensed).await;
    }
    let _ = ids;
}

pub async fn a_history_tells_everything_in_order(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.work_until(State::Unlicensed).await;
    assert_eq!(world.state(ids[0]).await, (State::Unlicensed, Status::Active));
    let history = world.store.history(ids[0], 0, 100).await.unwrap();
    let kinds: Vec<EventKind> = history.iter().map(|event| event.kind).collect();
    use EventKind::{Admitted, Advanced, Begun, Checked, Submitted};
    assert_eq!(
        kinds,
        [Submitted, Checked, Advanced, Admitted, Begun, Advanced, Advanced, Advanced, Advanced]
    );
    world.recount().await;
}
