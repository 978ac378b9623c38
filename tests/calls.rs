//! How many HTTP calls an account costs. The cloud and the clock are simulated, so the count is the same in each run.

#[path = "../benches/bed/mod.rs"]
mod bed;

use bed::calls::{Latency, brisk, count};
use seatless::simulator::Delays;
use std::time::Duration;

#[tokio::test]
async fn an_account_costs_few_calls() {
    for delays in [Delays::none(), Delays::default()] {
        let counted = count(brisk(delays), Latency(Duration::ZERO)).await;
        assert_eq!(counted.succeeded, 1_000, "{:#?}", counted.calls);
        println!("{:.3} {:.3} {:?} {:.1} {:#?}", counted.others(), counted.add_user(), counted.took, counted.seat_seconds, counted.calls);
    }
}
