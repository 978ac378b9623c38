//! Waiting for another process: the one place that may sleep, always for a condition and never beyond a deadline.

use std::time::Duration;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Waits until `there` is something; panics when it takes longer than `seconds`.
pub(crate) async fn until<T>(what: &str, seconds: u64, mut there: impl AsyncFnMut() -> Option<T>) -> T {
    let looks = Duration::from_secs(seconds).as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if let Some(found) = there().await {
            return found;
        }
        pause(LOOK).await;
    }
    panic!("{what} did not come within {seconds} s");
}

/// Waits until `there` holds; says whether it did within so many seconds.
pub(crate) async fn in_time(seconds: u64, mut there: impl AsyncFnMut() -> bool) -> bool {
    let looks = Duration::from_secs(seconds).as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if there().await {
            return true;
        }
        pause(LOOK).await;
    }
    false
}

/// Lets so much time pass: only where it is the time itself that is the subject, as with a process that is stopped.
#[allow(dead_code, reason = "of those who share this file, some stop no process")]
pub(crate) async fn for_a_while(duration: Duration) {
    pause(duration).await;
}

/// Gives `work` so many seconds.
pub(crate) async fn within<T>(what: &str, seconds: u64, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not end within {seconds} s"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the state of another process can only be looked at again")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
