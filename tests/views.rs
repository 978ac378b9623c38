//! The views as pure functions: what is told of a history, what is next, how far a batch has come.

use chrono::{DateTime, TimeDelta, Utc};
use seatless::app::views::{
    BatchProgress, Circumstances, Entry, Next, Pace, SeatPlace, SeatWait, efficiency, next, span, timeline,
};
use seatless::domain::{
    Account, BatchId, Code, Direction, EventKind, Failure, HolderId, Membership, NewRequest, Phase, Pinned,
    Policy, Progress, RequestId, SkuId, State, Status, Step, Timer, UserId, UserPrincipalName,
};
use seatless::store::{Actor, Count, Event, LaneView, Origin, Pool, PoolKey, Request, SeatLine, Tally};
use std::time::Duration;
use uuid::Uuid;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_603_600, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn event(seconds: i64, kind: EventKind, from: State, to: State) -> Event {
    Event {
        sequence: seconds,
        occurred_at: at(seconds),
        request: RequestId(Uuid::from_u128(1)),
        user: UserId(Uuid::from_u128(2)),
        actor: Actor { name: "engine".to_owned(), origin: Origin::Engine },
        kind,
        from,
        to,
        intent: None,
        failure: None,
        remote_request_ids: Vec::new(),
        drift: None,
    }
}

fn by(mut event: Event, name: &str) -> Event {
    event.actor = Actor { name: name.to_owned(), origin: Origin::Cli };
    event
}

fn because(mut event: Event, code: Code, message: &str, ids: &[&str]) -> Event {
    event.failure = Some(Failure::new(code, message).seen_as(ids.iter().map(|id| (*id).to_owned())));
    event
}

/// One line per entry: when, how long it was waited for, what, how often, who, why, and the remote ids.
fn told(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| {
            let mut line = format!("{}", (entry.at.0 - at(0)).num_seconds());
            if let Some(seconds) = entry.waited_seconds {
                line += &format!(" +{}", span(seconds));
            }
            line += &format!(" {}", entry.text);
            if entry.count > 1 {
                let last = entry.last_at.map(|last| (last.0 - at(0)).num_seconds());
                line += &format!(" ×{} until {}", entry.count, last.unwrap());
            }
            if let Some(actor) = &entry.actor {
                line += &format!(" by {actor}");
            }
            if let Some(failure) = &entry.failure {
                line += &format!(" [{}]", failure.code);
            }
            if !entry.remote_request_ids.is_empty() {
                line += &format!(" {:?}", entry.remote_request_ids);
            }
            line
        })
        .collect()
}

#[test]
fn a_smooth_life_is_told_in_milestones_with_what_each_took() {
    use EventKind::{Admitted, Advanced, Begun, Checked, Submitted, Verified};
    use State::{Created, Licensed, NonInteractive, Propagated, Requested, Unlicensed};
    let history = [
        by(event(0, Submitted, Requested, Requested), "kim"),
        event(2, Checked, Requested, Requested),
        event(3, Begun, Requested, Requested),
        event(4, Advanced, Requested, Created),
        event(724, Admitted, Created, Created),
        event(725, Begun, Created, Created),
        event(726, Advanced, Created, Licensed),
        event(727, Begun, Licensed, Licensed),
        event(737, Begun, Licensed, Licensed),
        event(747, Begun, Licensed, Licensed),
        event(1_326, Advanced, Licensed, Propagated),
        event(1_327, Begun, Propagated, Propagated),
        event(1_328, Advanced, Propagated, NonInteractive),
        event(1_329, Begun, NonInteractive, NonInteractive),
        event(1_330, Advanced, NonInteractive, Unlicensed),
        event(1_630, Verified, Unlicensed, Unlicensed),
    ];
    assert_eq!(
        told(&timeline(&history)),
        [
            "0 Submitted by kim",
            "2 +2 s The environment can take it; its slot is reserved",
            "4 +2 s The user exists",
            "724 +12 min Its user was granted a seat",
            "726 +2 s The user holds the license",
            "727 Asked for the user to be brought into the environment ×3 until 747",
            "1326 +10 min The environment knows the user",
            "1328 +2 s The access mode is Non-interactive",
            "1330 +2 s The license is taken back",
            "1630 +5 min Verified: the account is as it was asked for",
        ]
    );
}

#[test]
fn what_repeats_is_told_once_even_when_it_alternates() {
    use EventKind::{Advanced, Begun, Failed, Submitted, Throttled};
    use State::{Created, Requested};
    let unavailable = |seconds, id: &str| {
        because(event(seconds, Failed, Requested, Requested), Code::RemoteUnavailable, "", &[id])
    };
    let mut history = vec![event(0, Submitted, Requested, Requested)];
    for round in 0..7 {
        history.push(event(10 * round + 1, Begun, Requested, Requested));
        history.push(unavailable(10 * round + 2, &format!("id-{round}")));
        history.push(event(10 * round + 3, Throttled, Requested, Requested));
    }
    assert_eq!(
        told(&timeline(&history)),
        [
            "0 Submitted",
            "1 Began to create the user ×7 until 61",
            "2 An attempt did not work out ×7 until 62 [remote.unavailable] \
             [\"id-2\", \"id-3\", \"id-4\", \"id-5\", \"id-6\"]",
            "3 The service asked to slow down ×7 until 63",
        ]
    );
    // Once it has worked out, only the number of attempts matters.
    history.push(event(80, Advanced, Requested, Created));
    assert_eq!(told(&timeline(&history))[3], "80 +1 min 20 s The user exists, at attempt 7");
    // The next milestone begins anew.
    history.push(event(90, Throttled, Created, Created));
    assert_eq!(told(&timeline(&history))[4], "90 The service asked to slow down");
}

#[test]
fn another_code_is_another_line() {
    use State::Requested;
    let failed =
        |seconds, code| because(event(seconds, EventKind::Failed, Requested, Requested), code, "", &[]);
    let history = [
        failed(1, Code::RemoteUnavailable),
        failed(2, Code::RemoteUncertain),
        failed(3, Code::RemoteUnavailable),
    ];
    assert_eq!(
        told(&timeline(&history)),
        [
            "1 An attempt did not work out ×2 until 3 [remote.unavailable]",
            "2 An attempt did not work out [remote.uncertain]",
        ]
    );
}

#[test]
fn blocked_retried_and_called_off_reads_in_its_own_words() {
    use EventKind::{Advanced, Begun, Blocked, Cancelled, Parked, Retried, Submitted, Unwound};
    use State::{Created, Licensed, Requested};
    let history = [
        event(0, Submitted, Requested, Requested),
        because(event(60, Blocked, Licensed, Licensed), Code::MachineDeadlinePassed, "", &["abc"]),
        event(960, Begun, Licensed, Licensed),
        event(961, Parked, Licensed, Created),
        by(event(1_000, Retried, Created, Created), "kim"),
        event(1_010, Begun, Created, Created),
        event(1_020, Advanced, Created, Licensed),
        by(event(1_030, Cancelled, Licensed, Licensed), "kim"),
        event(1_040, Begun, Licensed, Licensed),
        event(1_050, Advanced, Licensed, Created),
        event(1_055, Begun, Created, Created),
        event(1_060, Unwound, Created, Requested),
    ];
    assert_eq!(
        told(&timeline(&history)),
        [
            "0 Submitted",
            "60 +1 min Blocked until a person acts [machine.deadline-passed] [\"abc\"]",
            "961 +15 min 1 s Still blocked, so its license was taken back",
            "1000 Tried again by kim",
            "1020 +20 s The user holds the license",
            "1030 Called off by kim",
            "1050 +20 s The license is taken back",
            "1060 +10 s Everything taken was given back",
        ]
    );
    // While it has not come of it yet, what was begun is told, in the words of the way it is on.
    assert_eq!(told(&timeline(&history[..3]))[2], "960 Began to take the license back");
    assert_eq!(told(&timeline(&history[..6]))[4], "1010 Began to assign the license");
    assert_eq!(told(&timeline(&history[..9]))[6], "1040 Began to take the license back");
    assert_eq!(told(&timeline(&history[..11]))[7], "1055 Began to give back what was taken");
}

fn request(step: Option<Step>, state: State, phase: Phase) -> Request {
    Request {
        id: RequestId(Uuid::from_u128(1)),
        batch: BatchId(Uuid::from_u128(3)),
        user: UserId(Uuid::from_u128(2)),
        asked: NewRequest {
            tenant: "contoso".to_owned(),
            environment: "dev".to_owned(),
            pinned: Pinned {
                tenant_id: Uuid::from_u128(4),
                environment_id: Uuid::from_u128(5),
                dataverse_origin: "https://dev.crm4.dynamics.com".to_owned(),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse("ada@contoso.com").unwrap(),
                display_name: "Ada".to_owned(),
                given_name: "Ada".to_owned(),
                surname: "L".to_owned(),
                usage_location: "GB".to_owned(),
                license: SkuId(Uuid::from_u128(6)),
            },
            membership: Membership {
                business_unit: None,
                security_roles: Vec::new(),
                on_existing: seatless::domain::OnExisting::Block,
            },
            priority: 0,
            external_id: None,
            note: None,
        },
        progress: Progress { state, phase, ..Progress::fresh(at(0)) },
        step,
        slot_held: false,
        epoch: 0,
        holder: None,
        system_user: None,
        resolved: None,
        submitted_at: at(0),
        updated_at: at(0),
    }
}

fn due(step: Step, state: State, seconds: i64) -> Request {
    request(Some(step), state, Phase::Active { direction: Direction::Forward, timer: Timer::At(at(seconds)) })
}

fn said(request: &Request, lane: Option<&LaneView>, seat_place: Option<SeatPlace>) -> (String, Vec<String>) {
    let policy = Policy::default();
    let next: Next = next(request, Circumstances { policy: &policy, lane, seat_place, now: at(100) });
    (next.brief(at(100)), next.sentences(at(100)))
}

#[test]
fn next_says_what_and_when() {
    let mut create = due(Step::CreateUser, State::Requested, 90);
    let lines = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        said(&create, None, None),
        ("creating the user now".to_owned(), lines(&["Creating the user: due since 09:01:30Z."]))
    );
    create.holder = Some(HolderId(Uuid::from_u128(9)));
    assert_eq!(said(&create, None, None).1, ["A worker is creating the user right now."]);
    create.progress.paused = true;
    assert_eq!(said(&create, None, None).0, "paused");

    let mut wait = due(Step::AwaitPropagation, State::Licensed, 161);
    wait.progress.trial.trouble = Some(Failure::new(Code::MachinePropagationSlow, ""));
    let (brief, sentences) = said(&wait, None, None);
    assert_eq!(brief, "waiting for the environment to know the user in 1 min 1 s");
    assert_eq!(sentences[0], "Waiting for the environment to know the user: at 09:02:41Z, in 1 min 1 s.");
    assert_eq!(sentences[1], "It is given up at 2026-01-06 09:00:00Z.");
    assert!(sentences[2].starts_with("Last: ") && sentences[2].ends_with("[machine.propagation-slow]"));
}

#[test]
fn next_names_the_place_in_the_line_and_the_lane_that_rests() {
    let seat = request(
        Some(Step::AssignLicense),
        State::Created,
        Phase::Active { direction: Direction::Forward, timer: Timer::ForSeat },
    );
    assert_eq!(
        said(&seat, None, Some(SeatPlace { place: 3, of: 12, about_seconds: None })).0,
        "waits for a seat, 3 of 12"
    );
    let soon = SeatPlace { place: 3, of: 12, about_seconds: Some(1_490) };
    assert_eq!(said(&seat, None, Some(soon)).0, "waits for a seat, 3 of 12, in about 25 min");
    let license = seat.asked.account.license;
    assert_eq!(said(&seat, None, None).1, [format!("It waits for a seat of {license}.")]);

    let create = due(Step::CreateUser, State::Requested, 90);
    let mut lane = LaneView {
        step: Step::CreateUser,
        tenant: "contoso".to_owned(),
        environment: None,
        next_at: None,
        gate_until: Some(at(145)),
        trouble: 1,
        failure: Some(Failure::new(Code::RemoteUnavailable, "")),
    };
    let (brief, sentences) = said(&create, Some(&lane), None);
    assert_eq!(brief, "creating the user in 45 s, its lane rests");
    assert_eq!(sentences[0], "Creating the user: its lane rests until 09:02:25Z, for 45 s.");
    // A gate that has opened says nothing any more.
    lane.gate_until = Some(at(99));
    assert_eq!(said(&create, Some(&lane), None).0, "creating the user now");
    // Neither does one that opens before the request is due.
    lane.gate_until = Some(at(145));
    assert_eq!(
        said(&due(Step::CreateUser, State::Requested, 200), Some(&lane), None).0,
        "creating the user in 1 min 40 s"
    );
}

#[test]
fn next_of_a_blocked_one_is_a_person_and_of_an_ended_one_nothing() {
    let failure = Failure::new(Code::GraphNameTaken, "");
    let blocked = request(
        Some(Step::RemoveLicense),
        State::Licensed,
        Phase::Blocked { direction: Direction::Forward, failure: failure.clone(), seat_due: Some(at(1_000)) },
    );
    let (brief, sentences) = said(&blocked, None, None);
    assert!(brief.starts_with("graph.name-taken: "), "{brief}");
    assert_eq!(sentences, ["Nothing, until a person acts.", "Its license is taken back at 09:16:40Z."]);
    let succeeded = request(None, State::Unlicensed, Phase::Succeeded);
    assert_eq!(said(&succeeded, None, None), (String::new(), Vec::new()));
    let failed = request(None, State::Requested, Phase::Failed { failure });
    assert!(said(&failed, None, None).0.starts_with("graph.name-taken: "));
}

fn count(state: State, status: Status, requests: u64) -> Count {
    Count {
        batch: BatchId(Uuid::from_u128(3)),
        tenant: "contoso".to_owned(),
        environment: "dev".to_owned(),
        state,
        status,
        requests,
    }
}

#[test]
fn progress_counts_what_is_promised_and_not_yet_seen() {
    let counts = [
        count(State::Requested, Status::Active, 10),
        count(State::Licensed, Status::Active, 30),
        count(State::Licensed, Status::Blocked, 5),
        count(State::Unlicensed, Status::Succeeded, 15),
    ];
    let progress = BatchProgress::of(100, &counts);
    assert_eq!((progress.requests, progress.settled, progress.settled_share), (100, 20, 0.2));
    assert_eq!((progress.by_status.active, progress.active_by_state.requested), (80, 50));
    assert_eq!((progress.active_by_state.licensed, progress.by_status.blocked), (30, 5));
    assert!(!progress.is_settled() && !progress.all_succeeded());
    // Nothing at all is settled, and nothing of it failed.
    let nothing = BatchProgress::of(0, &[]);
    assert!(nothing.is_settled() && nothing.all_succeeded());
    assert_eq!(nothing.settled_share, 1.0);
    let blocked = BatchProgress::of(5, &counts[2..3]);
    assert!(blocked.is_settled() && !blocked.all_succeeded());
}

#[test]
fn the_end_is_estimated_from_the_recent_pace() {
    let seconds = Duration::from_secs;
    let mut pace = Pace::over(seconds(60));
    assert_eq!(pace.seconds_left(10), None);
    pace.note(seconds(0), 0);
    pace.note(seconds(4), 8);
    assert_eq!(pace.seconds_left(10), None, "too short a time says nothing");
    pace.note(seconds(10), 20);
    assert_eq!(pace.seconds_left(10), Some(5.0));
    assert_eq!(pace.seconds_left(0), Some(0.0));
    // What was long ago does not count: nothing settled during the last minute.
    pace.note(seconds(100), 20);
    assert_eq!(pace.seconds_left(10), None);
    pace.note(seconds(160), 80);
    assert_eq!(pace.seconds_left(10), Some(10.0));

    let progress =
        BatchProgress::of(30, &[count(State::Unlicensed, Status::Succeeded, 20)]).expecting(&pace, at(0));
    assert_eq!(progress.estimated_seconds_left, Some(10.0));
    assert_eq!(progress.estimated_end_at.unwrap().0, at(10));
    let json = serde_json::to_value(&progress).unwrap();
    assert_eq!(json["estimated_end_at"], "2026-01-05T09:00:10.000Z");
    let ended =
        BatchProgress::of(20, &[count(State::Unlicensed, Status::Succeeded, 20)]).expecting(&pace, at(0));
    assert!(serde_json::to_value(&ended).unwrap().get("estimated_end_at").is_none());
}

#[test]
fn seat_time_is_compared_with_the_fixed_hour() {
    let tally = |tally, amount| ("contoso".to_owned(), tally, amount);
    let figures = efficiency(&[
        tally(Tally::SeatSeconds, 3_000.0),
        tally(Tally::SeatsReturned, 2.0),
        tally(Tally::PropagationSeconds, 7_800.0),
        tally(Tally::Propagations, 2.0),
    ]);
    assert_eq!(figures[0].seat_minutes_average, Some(25.0));
    assert_eq!(figures[0].seat_minutes_saved_total, Some(70.0));
    assert_eq!(figures[0].propagation_minutes_average, Some(65.0));
    assert_eq!(
        figures[0].propagation_minutes_saved_average,
        Some(-5.0),
        "slower than an hour is said as well"
    );
    let none = efficiency(&[tally(Tally::SeatSeconds, 0.0)]);
    assert_eq!(none[0].seat_minutes_average, None);
}

#[test]
fn spans_are_said_in_at_most_two_units() {
    for (seconds, text) in [
        (0.0, "0 s"),
        (0.45, "450 ms"),
        (0.9999, "1 s"),
        (1.2, "1.2 s"),
        (9.97, "10 s"),
        (59.6, "1 min"),
        (252.0, "4 min 12 s"),
        (3_900.0, "1 h 5 min"),
        (7_200.0, "2 h"),
        (183_600.0, "2 d 3 h"),
        (-5.0, "0 s"),
    ] {
        assert_eq!(span(seconds), text, "{seconds}");
    }
}

#[test]
fn an_estimate_counts_on_the_seats_that_come_back() {
    let pool = |capacity, others, held| Pool {
        key: PoolKey::Seat { tenant: "contoso".to_owned(), sku: SkuId(Uuid::from_u128(1)) },
        capacity: Some(capacity),
        others,
        held,
        waiting: 9,
        read_at: None,
    };
    let policy = Policy { seat_cool_down: Duration::from_secs(300), ..Policy::default() };
    // Two seats are held, for 100 s and for 40 s; one rests for another 50 s. A seat is typically held for 400 s.
    let line = SeatLine { users: Vec::new(), held_since: vec![at(0), at(60)], resting_until: vec![at(150)] };
    let wait = |pool: &Pool, hold| SeatWait::of(pool, &line, hold, &policy, at(100));
    let told = |wait: &SeatWait| (1..=5).map(|place| wait.about_seconds(place)).collect::<Vec<_>>();
    let busy = wait(&pool(3, 0, 3), Some(400.0));
    assert_eq!(told(&busy), [50, 600, 660, 750, 1_300].map(Some), "then each has another turn of 700 s");
    let free = wait(&pool(5, 1, 3), Some(400.0));
    assert_eq!(told(&free), [0, 50, 600, 660, 700].map(Some));
    // Others have taken one of ours: the first that comes back is not granted again.
    assert_eq!(told(&wait(&pool(3, 1, 3), Some(400.0)))[..2], [Some(600), Some(660)]);
    assert_eq!(told(&wait(&pool(3, 3, 3), Some(400.0))), [None; 5], "no seat, no basis");
    assert_eq!(
        told(&wait(&pool(3, 0, 3), None)),
        [Some(50), None, None, None, None],
        "nothing was returned yet"
    );
}
