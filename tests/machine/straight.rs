//! The straight path, and the diagram of all paths.

use crate::world::{Turn, World};
use seatless::domain::{
    Command, EventKind, Input, LicenseEffect as L, Policy, SeatEffect as Seat, SlotEffect as Slot, State,
    Status, Step,
};
use std::time::Duration;

#[test]
fn the_straight_path() {
    use State::{Created, Licensed, NonInteractive, Propagated, Requested, Unlicensed};
    use seatless::domain::EventKind::{Admitted, Advanced, Checked, Verified};
    use seatless::domain::Step::{
        AssignLicense, AwaitPropagation, CheckEnvironment, CreateUser, RemoveLicense, SetNonInteractive,
        Verify,
    };
    #[rustfmt::skip]
    let table: &[(Step, EventKind, State, L, Seat, Slot)] = &[
        (CheckEnvironment,  Checked,  Requested,      L::Unchanged, Seat::Keep,   Slot::Take),
        (CreateUser,        Advanced, Created,        L::Unchanged, Seat::Keep,   Slot::Keep),
        (AssignLicense,     Admitted, Created,        L::Unchanged, Seat::Take,   Slot::Keep),
        (AssignLicense,     Advanced, Licensed,       L::Confirmed, Seat::Keep,   Slot::Keep),
        (AwaitPropagation,  Advanced, Propagated,     L::Unchanged, Seat::Keep,   Slot::Keep),
        (SetNonInteractive, Advanced, NonInteractive, L::Unchanged, Seat::Keep,   Slot::Keep),
        (RemoveLicense,     Advanced, Unlicensed,     L::Gone,      Seat::Return, Slot::Keep),
        (Verify,            Verified, Unlicensed,     L::Unchanged, Seat::Keep,   Slot::Keep),
    ];
    let mut world = World::new(Policy::default());
    for &(step, kind, state, license, seat, slot) in table {
        assert_eq!(world.step, Some(step));
        let input = kind == Admitted;
        let moment =
            if input { world.put(Input::Admitted, 0.5).unwrap() } else { world.turn(&Turn::good()).unwrap() };
        let transition = moment.transition;
        assert_eq!(transition.event.unwrap().kind, kind, "{step}");
        assert_eq!(world.progress.state, state, "{step}");
        assert_eq!((transition.license, transition.seat, transition.slot), (license, seat, slot), "{step}");
    }
    assert_eq!(world.progress.status(), Status::Succeeded);
}

#[test]
fn an_account_is_verified_only_after_it_has_settled() {
    let world = World::at(State::Unlicensed);
    let settled_at = world.progress.entered_at + world.policy.settle;
    let due_at = world.progress.due_at().unwrap();
    // Those whose licenses went at about the same time are verified together, at most half a settle time later.
    assert!(settled_at <= due_at && due_at < settled_at + world.policy.settle / 2, "{settled_at} {due_at}");
    assert_eq!(due_at.timestamp_micros() % 150_000_000, 0);
}

#[test]
fn accounts_of_the_same_half_of_a_settle_time_are_verified_together_at_its_end() {
    let due = |seconds: u64| {
        let mut world = World::at(State::NonInteractive);
        let began_at = world.now;
        world.wait(Duration::from_secs(seconds));
        world.turn(&Turn::good());
        (world.progress.due_at().unwrap() - began_at).num_seconds()
    };
    assert_eq!([0, 1, 70, 150, 151].map(due), [300, 450, 450, 450, 600]);
}

#[test]
fn the_way_back_from_every_state() {
    use seatless::domain::Step::{DeleteUser, DisableUser, RemoveLicense};
    let table: &[(State, &[Step])] = &[
        (State::Requested, &[]),
        (State::Created, &[DeleteUser]),
        (State::Licensed, &[RemoveLicense, DeleteUser]),
        (State::Propagated, &[RemoveLicense, DisableUser]),
        (State::NonInteractive, &[RemoveLicense, DisableUser]),
        (State::Unlicensed, &[RemoveLicense, DisableUser]),
    ];
    for &(state, steps) in table {
        let mut world = World::at(state);
        world.put(Input::Ordered(Command::Cancel), 0.5).unwrap();
        for &step in steps {
            assert_eq!(world.step, Some(step), "from {state}");
            world.turn(&Turn::good());
        }
        assert_eq!(world.progress.status(), Status::Cancelled, "from {state}");
        assert_eq!(world.facts(), seatless::domain::Facts { seat_held: false, ..world.facts() });

        let mut given_up = World::at(state).giving_up();
        given_up.go_well(3);
        assert_eq!(given_up.progress.status(), Status::Failed, "from {state}");
    }
}
