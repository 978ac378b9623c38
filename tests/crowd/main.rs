//! Many requests, few seats, and people who interfere: in the end everything is as it should be, and it took hardly longer
//! than the seats allow.

#[path = "../bed/seams.rs"]
#[allow(dead_code, reason = "the bed's other users need the rest")]
mod seams;

mod people;
mod plant;
mod reckoning;

use people::People;
use plant::{Crowd, Plant};
use reckoning::Watched;
use seatless::domain::{State, Status};

/// How much longer than the seats of the tightest pool allow.
const RATIO_MAX: f64 = 1.15;

/// The size of the issue; the usual run is a fifth of it in everything but the seats.
const FULL: Crowd = Crowd { requests: 2_000, environments: 300, seed: 7 };
const USUAL: Crowd = Crowd { requests: 400, environments: 60, seed: 7 };

fn crowd() -> Crowd {
    let full = std::env::var_os("SEATLESS_CROWD").is_some_and(|size| size == "full");
    let seed = std::env::var("SEATLESS_SEED").ok().and_then(|seed| seed.parse().ok());
    let crowd = if full { FULL } else { USUAL };
    Crowd { seed: seed.unwrap_or(crowd.seed), ..crowd }
}

#[tokio::test]
async fn seats_are_hardly_ever_idle_and_a_small_batch_waits_for_one_turn() {
    let crowd = crowd();
    let mut plant = Plant::of(crowd).await;
    let mut people = People::of(crowd);
    let mut watched = Watched::default();
    let large = plant.submit_large().await;
    let mut small = None;
    for round in 0_u64.. {
        plant.work().await;
        let seats = plant.seats().await;
        watched.watch(&plant, &seats);
        if !plant.wait(&seats).await {
            break;
        }
        // What concerns everybody is looked at now and then only.
        if round % 50 != 0 {
            continue;
        }
        let done = plant.share_settled().await;
        if done >= 1.0 && seats.iter().all(|pool| pool.held == 0) {
            break;
        }
        if (0.05..0.9).contains(&done) {
            people.interfere(&mut plant).await;
        }
        if small.is_none() && done > 0.3 {
            small = Some(plant.submit_small().await);
        }
    }
    let small = small.expect("the large batch takes long enough");
    let reckoning = watched.reckon(&plant).await;
    let wait = reckoning.seats_after(&plant, small).await;
    let turn = plant.longest_turn();
    println!(
        "a batch of 3 beside {large} others had its seats after {wait:?}; one turn of a seat takes up to {turn:?}"
    );
    println!("{}", reckoning.told(&plant, &people));
    let (makespan, bound) = (reckoning.makespan(&plant), reckoning.bound(&plant, &people));
    plant.comes_to_rest(&mut people).await;
    assert!(wait <= turn, "the large batch delays a batch of 3 by {wait:?}, more than one turn of {turn:?}");
    let ratio = makespan.as_secs_f64() / bound.as_secs_f64();
    assert!(ratio <= RATIO_MAX, "{makespan:?} is {ratio:.3} times {bound:?}");
    assert!(ratio >= 0.9, "{bound:?} is no bound for {makespan:?}");
}

/// Everything has gone all the way, or a person has stopped it.
fn is_settled(state: State, status: Status) -> bool {
    match status {
        Status::Succeeded | Status::Failed | Status::Cancelled | Status::Blocked => true,
        Status::Active => state == State::Unlicensed,
    }
}
