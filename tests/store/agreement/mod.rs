//! The same random orders into both databases and the model: equal results, equal rows, equal histories.

mod dice;
mod lookout;
mod orders;
mod people;
mod three;

use dice::Dice;
use three::Three;

/// How many courses are taken, and how many orders each has. `SEATLESS_ORDER_SEEDS` asks for more courses,
/// `SEATLESS_ORDER_SEED` for one of them.
const SEEDS: u64 = 8;
const ORDERS: usize = 150;

/// Says where it went wrong.
struct Course {
    seed: u64,
    order: usize,
}

impl Drop for Course {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, order } = self;
            let text =
                format!("order {order} of SEATLESS_ORDER_SEED={seed} cargo test --test store agreement\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::test]
async fn both_databases_and_the_model_come_to_the_same() {
    let seeds = match number("SEATLESS_ORDER_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("SEATLESS_ORDER_SEEDS").unwrap_or(SEEDS),
    };
    let mut ended = 0;
    for seed in seeds {
        let mut course = Course { seed, order: 0 };
        let mut dice = Dice::of(seed);
        let mut three = Three::new().await;
        for order in 0..ORDERS {
            course.order = order;
            three.order(&mut dice).await;
            if order % 15 == 14 {
                three.compare().await;
            }
        }
        let all = three.all().await;
        ended += all.iter().filter(|member| member.request.progress.status().is_terminal()).count();
    }
    assert!(ended > 0, "the courses lead somewhere");
}
