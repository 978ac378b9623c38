//! How many HTTP calls an account costs. The cloud and the clock are simulated, so the count is the same in each run.

#[path = "../benches/bed"]
mod bed {
    pub(crate) mod calls;
    pub(crate) mod crowd;
    pub(crate) mod database;
    pub(crate) mod hand_clock;
}

use bed::calls::{CROWD, brisk, count};
use seatless::simulator::Delays;

#[tokio::test]
async fn an_account_costs_few_calls() {
    let counted = count(brisk(Delays::none())).await;
    assert_eq!(counted.succeeded, u64::from(CROWD.requests));
    assert!(counted.others() <= 1.5, "{} calls per account: {:#?}", counted.others(), counted.calls);
    assert!(counted.add_user() <= 3.0, "{} addUser per account", counted.add_user());
    assert!(counted.seat_seconds <= 70.0, "a seat was held for {} s", counted.seat_seconds);
    assert!(counted.took.as_secs() < 15 * 60, "it took {:?}", counted.took);
}
