//! For how long a process may believe that what it has claimed is its own.

use seatless::domain::{Term, Terms};
use std::time::Duration;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_term_covers_what_ends_with_it_and_nothing_later() {
    let term = Term::until(at(45));
    assert!(term.covers(at(45)));
    assert!(!term.covers(at(45) + Duration::from_micros(1)));
    assert!(Term::endless().covers(Duration::MAX));
}

#[test]
fn a_process_that_never_signed_on_has_an_endless_term() {
    assert!(Terms::default().current().covers(Duration::MAX));
}

#[test]
fn a_sign_of_life_in_time_prolongs_the_term_that_others_hold() {
    let terms = Terms::default();
    terms.begin(at(45));
    let held = terms.current();
    terms.renew(at(45), at(85));
    assert!(held.covers(at(85)) && !held.covers(at(86)));
    // A sign of life that was asked for earlier and answered later takes nothing back.
    terms.renew(at(50), at(60));
    assert!(held.covers(at(85)));
}

#[test]
fn a_sign_of_life_after_the_end_revives_nothing_that_was_begun_before() {
    let terms = Terms::default();
    terms.begin(at(45));
    let stale = terms.current();
    terms.renew(at(46), at(91));
    assert!(!stale.covers(at(46)), "somebody may have taken over in between");
    assert!(terms.current().covers(at(91)));
    terms.renew(at(50), at(95));
    assert!(!stale.covers(at(46)));
}
