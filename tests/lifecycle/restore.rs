//! An older state of the database is put back while the cloud is ahead of it: at every point of a straight path and of a
//! way back, and everything ends as if nothing had happened.

use super::bed::rig::{Rig, Step, person, reason};
use super::bed::scene::{SALES, SALES_ID, Scene, rig};
use super::bed::wire::Kind;
use seatless::domain::{Command, SkuId, State, Status};
use seatless::simulator::Act;
use seatless::store::{Doubt, FindingKind, Standing, Trust};
use std::time::Duration;

fn one_account() -> Scene {
    let scene = rig().tenant("contoso").seats(1).environment("dev").request("svc-a").without_lags();
    // Long enough to wait for a user that does not show, short enough not to be most of the test.
    scene.with_policy(|policy| policy.replication = Duration::from_secs(60))
}

fn siblings() -> Scene {
    one_account().environment("test").request("svc-a")
}

fn licenses(rig: &Rig, name: &str) -> usize {
    rig.users(name).iter().map(|user| user["licenses"].as_array().map_or(0, Vec::len)).sum()
}

/// How many points there are from `from` on, at each of which a backup could be made.
async fn points_of(scene: Scene, begin: impl AsyncFnOnce(&mut Rig)) -> u64 {
    let mut rig = scene.start().await;
    begin(&mut rig).await;
    let before = rig.fuse.passed();
    rig.run_to_rest().await;
    rig.fuse.passed() - before
}

/// Backs up at a point, by the hand of a death there; then everything goes on to its end.
async fn ended_after_a_backup_at(scene: Scene, point: u64, begin: impl AsyncFnOnce(&mut Rig)) -> Rig {
    let mut rig = scene.start().await;
    begin(&mut rig).await;
    rig.saves_when_killed = true;
    rig.fuse.set(point);
    rig.run_to_rest().await;
    assert!(rig.saved.is_some(), "at point {point} nobody died");
    rig.saves_when_killed = false;
    rig
}

async fn put_back(rig: &mut Rig) {
    let saved = rig.saved.clone().expect("a backup");
    rig.put_back(&saved).await;
    let standing = rig.store.standing().await.expect("a standing");
    assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Restored, .. }), "{standing:?}");
}

async fn everybody_succeeds(scene: impl Fn() -> Scene, slice: u64, slices: u64) {
    let points = points_of(scene(), async |_| {}).await;
    assert!(points > 30, "{points} points are suspiciously few");
    for point in (1..=points).filter(|point| point % slices == slice) {
        let mut rig = ended_after_a_backup_at(scene(), point, async |_| {}).await;
        put_back(&mut rig).await;
        let on_the_way =
            rig.members().await.iter().all(|member| member.request.progress.state >= State::Licensed);
        rig.run_to_rest().await;
        for member in rig.members().await {
            assert_eq!(reason(&member), "succeeded", "restored to point {point}\n{}", rig.story().await);
        }
        let user = rig.user("svc-a");
        assert_eq!(user["account_enabled"], true, "restored to point {point}");
        assert_eq!(rig.applied(Kind::Create), 1, "restored to point {point}");
        if on_the_way {
            let conversions = rig.applied(Kind::ChangeRow);
            assert_eq!(
                conversions,
                rig.members().await.len(),
                "restored to point {point}: it was so already"
            );
        }
        // And the sweep has nothing to say.
        assert!(rig.sweep().await.iter().all(|standing| standing.findings.is_empty()), "point {point}");
    }
}

#[tokio::test]
async fn an_account_ends_right_from_every_backup_of_its_straight_path() {
    everybody_succeeds(one_account, 0, 1).await;
}

/// What one account does not show shows at any third point as well: the explorer walks through all of them.
#[tokio::test]
async fn siblings_end_right_from_backups_all_along_their_path() {
    everybody_succeeds(siblings, 0, 3).await;
}

/// The cloud is ahead by less than the whole way: at each later step.
async fn the_cloud_is_ahead_by(ahead: usize) {
    for at in 0.. {
        let mut rig = one_account().start().await;
        let mut steps = 0;
        while steps < at && rig.step().await != Step::AtRest {
            steps += 1;
        }
        if steps < at {
            assert!(at > 8, "{at} steps are suspiciously few");
            return;
        }
        let saved = rig.save().await;
        for _ in 0..ahead {
            rig.step().await;
        }
        rig.put_back(&saved).await;
        rig.run_to_rest().await;
        let member = rig.member("svc-a").await;
        assert_eq!(reason(&member), "succeeded", "{ahead} ahead of {at}\n{}", rig.story().await);
        assert_eq!(rig.users("svc-a").len(), 1);
    }
}

#[tokio::test]
async fn an_account_ends_right_wherever_the_cloud_is_ahead() {
    for ahead in [1, 3, 8] {
        the_cloud_is_ahead_by(ahead).await;
    }
}

async fn is_given_back(rig: &mut Rig, context: &str) {
    let member = rig.member("svc-a").await;
    assert_eq!(reason(&member), "cancelled", "{context}\n{}", rig.story().await);
    assert_eq!(licenses(rig, "svc-a"), 0, "{context}\n{}", rig.story().await);
    for user in rig.users("svc-a") {
        assert_eq!(user["account_enabled"], false, "{context}: {user} is left\n{}", rig.story().await);
    }
}

/// The way back from a state, with a backup at each of its points.
async fn the_way_back_from(state: State) {
    let call_off = async |rig: &mut Rig| {
        rig.run_until_all_are(state).await;
        rig.order("svc-a", Command::Cancel).await;
    };
    let points = points_of(one_account(), call_off).await;
    for point in 1..=points {
        let mut rig = ended_after_a_backup_at(one_account(), point, call_off).await;
        put_back(&mut rig).await;
        rig.run_to_rest().await;
        is_given_back(&mut rig, &format!("called off at {state}, restored to point {point} of the way back"))
            .await;
    }
}

#[tokio::test]
async fn what_is_called_off_early_is_given_back_from_every_backup() {
    for state in [State::Requested, State::Created, State::Licensed] {
        the_way_back_from(state).await;
    }
}

#[tokio::test]
async fn what_is_called_off_late_is_given_back_from_every_backup() {
    for state in [State::Propagated, State::NonInteractive, State::Unlicensed] {
        the_way_back_from(state).await;
    }
}

/// The backup knows nothing of the order to call it off, nor of what was done meanwhile.
#[tokio::test]
async fn what_was_called_off_after_the_backup_can_be_called_off_again() {
    for at in State::ALL {
        for called_off_at in State::ALL.iter().filter(|state| *state >= at) {
            let mut rig = one_account().start().await;
            rig.run_until_all_are(*at).await;
            let saved = rig.save().await;
            rig.run_until_all_are(*called_off_at).await;
            rig.order("svc-a", Command::Cancel).await;
            rig.run_to_rest().await;
            rig.put_back(&saved).await;
            let context = format!("saved at {at}, called off at {called_off_at}");
            // Forward it finds that somebody has undone it, and makes no second user of its own accord.
            rig.run_to_rest().await;
            if rig.member("svc-a").await.request.progress.status() != Status::Cancelled {
                rig.order_unless_ended("svc-a", Command::Cancel).await;
                rig.run_to_rest().await;
            }
            let member = rig.member("svc-a").await;
            if member.request.progress.status() == Status::Succeeded {
                // Nothing of it was left when it began anew.
                assert!(*at == State::Requested, "{context}\n{}", rig.story().await);
                assert_eq!(licenses(&rig, "svc-a"), 0, "{context}");
            } else {
                is_given_back(&mut rig, &context).await;
            }
        }
    }
}

/// What a database that was put back has never heard of is called off: the user and its license are found and given back.
#[tokio::test]
async fn what_the_cloud_is_ahead_of_is_called_off_with_what_it_holds() {
    for at in State::ALL {
        for ahead in State::ALL.iter().filter(|state| *state > at) {
            let mut rig = one_account().start().await;
            rig.run_until_all_are(*at).await;
            let saved = rig.save().await;
            rig.run_until_all_are(*ahead).await;
            rig.put_back(&saved).await;
            rig.order("svc-a", Command::Cancel).await;
            rig.run_to_rest().await;
            is_given_back(&mut rig, &format!("saved at {at}, called off with the cloud at {ahead}")).await;
            assert_eq!(rig.applied(Kind::DeleteUser), 0, "whose past is not known is never deleted");
        }
    }
}

#[tokio::test]
async fn a_request_that_the_backup_does_not_know_finds_its_own_user_when_it_is_submitted_again() {
    for ahead in State::ALL {
        let scene = one_account();
        let wishes = scene.wishes.clone();
        let mut rig = Scene { wishes: Vec::new(), ..scene }.start().await;
        let saved = rig.save().await;
        rig.submit(&wishes, SALES_ID).await;
        rig.run_until_all_are(*ahead).await;
        let before = rig.users("svc-a");
        rig.put_back(&saved).await;
        rig.submit(&wishes, SALES_ID).await;
        rig.run_to_rest().await;
        let member = rig.member("svc-a").await;
        assert_eq!(reason(&member), "succeeded", "the cloud at {ahead}\n{}", rig.story().await);
        let after = rig.users("svc-a");
        assert_eq!(after.len(), 1);
        let refused = rig.deeds().into_iter().filter(|deed| deed.kind == Kind::Create && !deed.entry.applied);
        assert_eq!(refused.count(), 0, "it was looked for before it was made");
        if let Some(before) = before.first() {
            assert_eq!(before["id"], after[0]["id"], "it is the same user");
        }
    }
}

/// The environment has room for one account more, and the account that is submitted again has taken it already.
#[tokio::test]
async fn an_account_that_is_submitted_again_needs_no_second_slot() {
    let scene = one_account().where_it(|environment| {
        environment.non_interactive_max = 2;
        environment.non_interactive_others = 1;
    });
    let wishes = scene.wishes.clone();
    let mut rig = Scene { wishes: Vec::new(), ..scene }.start().await;
    let saved = rig.save().await;
    rig.submit(&wishes, SALES_ID).await;
    rig.run_to_rest().await;
    rig.put_back(&saved).await;
    rig.submit(&wishes, SALES_ID).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
}

/// The only seat is taken by a license of ours that the backup has never heard of.
#[tokio::test]
async fn a_forgotten_license_does_not_keep_its_own_request_waiting() {
    let scene = || one_account().request("svc-b");
    for at in [State::Requested, State::Created] {
        let mut rig = scene().start().await;
        rig.run_until_all_are(at).await;
        let saved = rig.save().await;
        rig.run_until("a license", |record| {
            record.members.iter().any(|member| member.request.progress.state == State::Licensed)
        })
        .await;
        rig.put_back(&saved).await;
        rig.run_to_rest().await;
        for name in ["svc-a", "svc-b"] {
            assert_eq!(reason(&rig.member(name).await), "succeeded", "{at} {name}\n{}", rig.story().await);
        }
    }
}

/// Blocked before the backup, licensed after it: nobody would come by to look.
#[tokio::test]
async fn a_blocked_request_gives_back_what_it_got_after_the_backup() {
    let mut rig = one_account().start().await;
    rig.run_until_all_are(State::Created).await;
    let enabled = |enabled| {
        let (tenant, user) = ("contoso".to_owned(), "svc-a@contoso.example".to_owned());
        Act::SetAccountEnabled { tenant, user, enabled }
    };
    rig.person(enabled(false));
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.user-disabled");
    let saved = rig.save().await;
    rig.person(enabled(true));
    rig.order("svc-a", Command::Retry).await;
    rig.run_until_all_are(State::Licensed).await;
    rig.put_back(&saved).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked graph.user-disabled");
    assert_eq!(licenses(&rig, "svc-a"), 0, "{}", rig.story().await);
    rig.order("svc-a", Command::Retry).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
    assert_eq!(rig.applied(Kind::Create), 1);
}

fn adopting() -> Scene {
    let scene = rig().tenant("contoso").seats(2).somebody("svc-a", |_| {}).environment("dev");
    scene.request("svc-a").that_adopts().without_lags()
}

#[tokio::test]
async fn whose_license_an_adopted_user_holds_is_for_a_person_to_say() {
    for (at, is_ours) in [(State::Requested, true), (State::Created, true), (State::Created, false)] {
        let mut rig = adopting().start().await;
        rig.run_until_all_are(at).await;
        let saved = rig.save().await;
        rig.run_until_all_are(State::Licensed).await;
        rig.put_back(&saved).await;
        rig.run_to_rest().await;
        let member = rig.member("svc-a").await;
        assert_eq!(reason(&member), "blocked machine.restored-unclear", "{at}\n{}", rig.story().await);
        assert_eq!(licenses(&rig, "svc-a"), 1, "nothing is taken that may not be ours");
        if is_ours {
            let (tenant, user) = ("contoso".to_owned(), "svc-a@contoso.example".to_owned());
            rig.person(Act::RemoveLicense { tenant, user, part_number: SALES.to_owned() });
        }
        rig.order("svc-a", Command::Retry).await;
        rig.run_to_rest().await;
        assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{at}\n{}", rig.story().await);
        assert_eq!(licenses(&rig, "svc-a"), usize::from(!is_ours), "{at}\n{}", rig.story().await);
    }
}

#[tokio::test]
async fn calling_off_an_adopted_user_asks_a_person_as_well() {
    let mut rig = adopting().start().await;
    rig.run_until_all_are(State::Created).await;
    let saved = rig.save().await;
    rig.run_until_all_are(State::Licensed).await;
    rig.put_back(&saved).await;
    rig.order("svc-a", Command::Cancel).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked machine.restored-unclear");
    rig.order("svc-a", Command::Retry).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "cancelled", "{}", rig.story().await);
    assert_eq!(licenses(&rig, "svc-a"), 1);
}

/// Nobody submits it again: the sweep reports the user, and takes the license once a person has confirmed.
#[tokio::test]
async fn what_nobody_submits_again_is_reported_and_swept_once_a_person_confirms() {
    let scene = one_account().request("svc-b");
    let wishes = scene.wishes.clone();
    let mut rig = Scene { wishes: wishes[1..].to_vec(), ..scene }.start().await;
    rig.run_to_rest().await;
    let saved = rig.save().await;
    rig.submit(&wishes[..1], SALES_ID).await;
    rig.run_until_all_are(State::Licensed).await;
    rig.put_back(&saved).await;
    let standings = rig.sweep().await;
    assert_eq!(licenses(&rig, "svc-a"), 1, "it only reports");
    assert!(
        standings[0].findings.iter().any(|finding| finding.user_principal_name.starts_with("svc-a")
            && finding.kind != FindingKind::LicenseForeign),
        "{standings:?}"
    );
    rig.confirm().await;
    assert_eq!(licenses(&rig, "svc-a"), 0);
    assert_eq!(rig.store.standing().await.expect("a standing"), Standing::Trusted);
}

#[tokio::test]
async fn a_copy_in_another_place_works_on_nothing_until_a_person_confirms() {
    let mut rig = one_account().start().await;
    rig.run_until_all_are(State::Created).await;
    let saved = rig.save().await;
    // Somewhere else, while the original is still in use.
    let elsewhere = rig.database().with_file_name("elsewhere.db");
    std::fs::copy(&saved.file, &elsewhere).expect("a copy");
    rig.move_to(&elsewhere).await;
    let standing = rig.store.standing().await.expect("a standing");
    assert!(matches!(standing, Standing::ReportOnly { doubt: Doubt::Copied, .. }), "{standing:?}");
    let writes = rig.deeds().len();
    for _ in 0..20 {
        assert!(!matches!(rig.step().await, Step::Killed));
        rig.sweep().await;
    }
    assert_eq!(rig.deeds().len(), writes, "not a single write");
    assert_eq!(rig.member("svc-a").await.request.progress.state, State::Created);
    rig.confirm().await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "succeeded", "{}", rig.story().await);
}

/// The adopted user's license was its own before it was ours to lend; a person who confirms all that was found has not said
/// that this one is ours.
#[tokio::test]
async fn confirming_takes_no_license_that_an_adopted_user_may_have_had_before() {
    let licensed = |user: &mut seatless::simulator::WorldUser| user.licenses = vec![SALES.to_owned()];
    let scene = rig().tenant("contoso").seats(2).somebody("svc-a", licensed).environment("dev");
    let mut rig = scene.request("svc-a").that_adopts().request("svc-b").without_lags().start().await;
    rig.run_until_all_are(State::Created).await;
    let saved = rig.save().await;
    rig.put_back(&saved).await;
    rig.run_to_rest().await;
    assert_eq!(reason(&rig.member("svc-a").await), "blocked machine.restored-unclear");
    let standings = rig.sweep().await;
    let kinds: Vec<FindingKind> = standings[0].findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::LicenseForeign], "{standings:?}");
    rig.confirm().await;
    assert_eq!(licenses(&rig, "svc-a"), 1, "{}", rig.story().await);
}

#[tokio::test]
async fn what_was_lent_after_a_backup_that_knows_no_license_is_found_all_the_same() {
    let scene = one_account();
    let wishes = scene.wishes.clone();
    let mut rig = Scene { wishes: Vec::new(), ..scene }.start().await;
    let saved = rig.save().await;
    rig.submit(&wishes, SALES_ID).await;
    rig.run_until_all_are(State::Licensed).await;
    rig.put_back(&saved).await;
    let standings = rig.sweep().await;
    let listed = standings.iter().flat_map(|standing| &standing.findings).find_map(|finding| finding.license);
    assert_eq!(listed, Some(SkuId(SALES_ID)), "{standings:?}");
    rig.confirm().await;
    assert_eq!(licenses(&rig, "svc-a"), 0);
}

#[tokio::test]
async fn a_confirmation_is_for_what_was_shown() {
    let mut rig = one_account().run_to_rest().await;
    let saved = rig.save().await;
    rig.put_back(&saved).await;
    let shown_at = rig.sweep().await[0].swept_at;
    rig.clock.advance(Duration::from_secs(60));
    let (tenant, user) = ("contoso".to_owned(), "svc-a@contoso.example".to_owned());
    rig.person(Act::AddLicense { tenant, user, part_number: SALES.to_owned() });
    rig.sweep().await;
    let sweeper = rig.parts().sweeper();
    let standings = sweeper.confirm(person(), shown_at).await.expect("the store works");
    assert_eq!(standings[0].findings[0].kind, FindingKind::LicenseForeign);
    assert_eq!(licenses(&rig, "svc-a"), 1);
}
