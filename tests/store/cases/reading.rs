//! Filters, pages, histories and batches.

use crate::suite::build::ask;
use crate::suite::world::World;
use seatless::domain::{Code, Command, Failure, Outcome, RequestId, State, Status};
use seatless::store::{Filter, Page};

async fn select(world: &World, filter: Filter) -> Vec<RequestId> {
    let page = Page { after: None, rows_max: 100 };
    let members = world.store.requests(filter, page).await.unwrap();
    members.into_iter().map(|member| member.request.id).collect()
}

pub async fn every_filter_selects_what_it_says(world: World) {
    let earlier = world.now();
    let bob = ask("bob").with_note("Straße % 5");
    let first = world.submit(&[ask("ada"), bob, ask("adam").in_environment("test")]).await;
    let later = world.wait(5);
    let second = world.submit(&[ask("ada").of_tenant("fabrikam"), ask("zoe").in_environment("prod")]).await;
    let group = world.claim().await.remove(0);
    let failure = Failure::new(Code::DataverseNoSlot, "");
    world.finish(&group, Outcome::Blocked { failure }).await;
    world.order(second[1], Command::Cancel).await;
    world.order(second[0], Command::Pause).await;
    let all = Filter::default();
    let batch = world.member(second[0]).await.request.batch;
    for (filter, expected) in [
        (all.clone(), [first.clone(), second.clone()].concat()),
        (Filter { batch: Some(batch), ..all.clone() }, second.clone()),
        (Filter { tenant: Some("fabrikam".to_owned()), ..all.clone() }, vec![second[0]]),
        (Filter { environment: Some("test".to_owned()), ..all.clone() }, vec![first[2]]),
        (Filter { status: Some(Status::Blocked), ..all.clone() }, vec![first[0], first[1]]),
        (Filter { status: Some(Status::Cancelled), ..all.clone() }, vec![second[1]]),
        (Filter { status: Some(Status::Active), ..all.clone() }, vec![first[2], second[0]]),
        (Filter { status: Some(Status::Succeeded), ..all.clone() }, vec![]),
        (Filter { state: Some(State::Requested), ..all.clone() }, [first.clone(), second.clone()].concat()),
        (Filter { state: Some(State::Created), ..all.clone() }, vec![]),
        (Filter { code: Some(Code::DataverseNoSlot), ..all.clone() }, vec![first[0], first[1]]),
        (Filter { code: Some(Code::GraphNameTaken), ..all.clone() }, vec![]),
        (Filter { name_prefix: Some("ADA".to_owned()), ..all.clone() }, vec![first[0], first[2], second[0]]),
        (Filter { name_prefix: Some("ada@".to_owned()), ..all.clone() }, vec![first[0], second[0]]),
        (Filter { name_prefix: Some("a%".to_owned()), ..all.clone() }, vec![]),
        (Filter { drifted: true, ..all.clone() }, vec![]),
        (Filter { paused: true, ..all.clone() }, vec![second[0]]),
        (Filter { text: Some("ADAM L".to_owned()), ..all.clone() }, vec![first[2]]),
        (Filter { text: Some("Ticket-zo".to_owned()), ..all.clone() }, vec![second[1]]),
        (Filter { text: Some("straße %".to_owned()), ..all.clone() }, vec![first[1]]),
        (Filter { text: Some("STRASSE".to_owned()), ..all.clone() }, vec![]),
        (Filter { submitted_from: Some(later), ..all.clone() }, second.clone()),
        (Filter { submitted_before: Some(later), ..all.clone() }, first.clone()),
        (
            Filter {
                batch: Some(world.member(first[0]).await.request.batch),
                tenant: Some("contoso".to_owned()),
                environment: Some("dev".to_owned()),
                state: Some(State::Requested),
                status: Some(Status::Blocked),
                code: Some(Code::DataverseNoSlot),
                name_prefix: Some("b".to_owned()),
                drifted: false,
                paused: false,
                text: Some("bob@".to_owned()),
                submitted_from: Some(earlier),
                submitted_before: Some(later),
            },
            vec![first[1]],
        ),
    ] {
        assert_eq!(select(&world, filter.clone()).await, expected, "{filter:?}");
    }
}

pub async fn pages_follow_one_another_without_a_gap(world: World) {
    let asks: Vec<_> = (0..7).map(|n| ask(format!("user{n}"))).collect();
    let ids = world.submit(&asks).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.requests(Filter::default(), Page { after, rows_max: 3 }).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(last.request.id);
        seen.extend(page.iter().map(|member| member.request.id));
    }
    assert_eq!(seen, ids);
}

pub async fn a_history_goes_in_pages(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob")]).await;
    world.work_to_success().await;
    let whole = world.store.history(ids[0], 0, 100).await.unwrap();
    assert!(whole.iter().all(|event| event.request == ids[0]));
    let first = world.store.history(ids[0], 0, 2).await.unwrap();
    let rest = world.store.history(ids[0], first[1].sequence, 100).await.unwrap();
    assert_eq!([first, rest].concat(), whole);
    assert_eq!(world.store.history(RequestId(world.id()), 0, 9).await.unwrap(), []);
}

pub async fn the_latest_batch_comes_first(world: World) {
    world.submit(&[ask("ada")]).await;
    world.wait(1);
    world.submit(&[ask("bob"), ask("cleo")]).await;
    let batches = world.store.batches(10).await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.requests).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(world.store.batches(1).await.unwrap(), batches[..1]);
}

pub async fn an_unknown_request_is_absent(world: World) {
    assert_eq!(world.store.request(RequestId(world.id())).await.unwrap(), None);
}

pub async fn counters_of_one_batch_leave_the_others_out(world: World) {
    let ids = world.submit(&[ask("ada")]).await;
    world.submit(&[ask("bob")]).await;
    let batch = world.member(ids[0]).await.request.batch;
    let counts = world.store.counts(Some(batch)).await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!((counts[0].batch, counts[0].requests), (batch, 1));
    assert_eq!(world.store.counts(None).await.unwrap().len(), 2);
}

pub async fn the_latest_events_of_all_requests_come_first(world: World) {
    let ids = world.submit(&[ask("ada"), ask("bob"), ask("cleo")]).await;
    let all = world.store.latest(0, 10).await.unwrap();
    let newest_first: Vec<RequestId> = ids.iter().rev().copied().collect();
    assert_eq!(all.iter().map(|event| event.request).collect::<Vec<_>>(), newest_first);
    assert_eq!(world.store.latest(0, 2).await.unwrap(), all[..2]);
    assert_eq!(world.store.latest(all[1].sequence, 10).await.unwrap(), all[..1]);
    assert!(world.store.latest(all[0].sequence, 10).await.unwrap().is_empty());
}
