//! Slow, silent, endless, half-open: every call ends within its deadline, and takes no more than its bound.

use super::calls::{CALLS, Call};
use super::listener::{Listener, Say, impatient, transport, whole};
use futures_util::future::join_all;
use std::time::Duration;

/// Far beyond any deadline of these tests; whoever is still on the way then never ends.
const NEVER: Duration = Duration::from_secs(20);

/// What the answer of a call may be like when it does not end.
fn without_end(call: Call) -> Vec<(&'static str, Say)> {
    let whole = whole(200, call.headers(), &call.body());
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\n{}\r\n{more}", call.headers()).into_bytes();
    let chunked = head("transfer-encoding: chunked\r\n\r\n");
    vec![
        ("silence", Say::Silence),
        ("one byte after the other", Say::Drip(whole, Duration::from_millis(40))),
        ("a head without end", Say::Endless(head(""), b"x: y\r\n".to_vec())),
        ("one header without end", Say::Endless(head("x: "), vec![b'y'; 1000])),
        ("a hundred times a hundred", Say::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())),
        ("a body without end", Say::Endless(head("\r\n"), vec![b' '; 1 << 16])),
        ("chunks without end", Say::Endless(chunked.clone(), b"4\r\n    \r\n".to_vec())),
        (
            "one chunk without end",
            Say::Endless([&chunked[..], b"ffffffff\r\n"].concat(), vec![b' '; 1 << 16]),
        ),
        ("extensions without end", Say::Endless([&chunked[..], b"1;"].concat(), vec![b'x'; 1000])),
        ("trailers without end", Say::Endless([&chunked[..], b"0\r\n"].concat(), b"x: y\r\n".to_vec())),
        ("a body that stops", Say::Keep(head("content-length: 100000\r\n\r\n{"))),
        ("a head that stops", Say::Keep(head("x: "))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_is_ended() {
    let transport = impatient();
    for call in [Call::Skus, Call::Create, Call::Convert, Call::Find] {
        let cases = without_end(call).into_iter().map(|(case, say)| {
            let transport = &transport;
            async move {
                let listener = Listener::saying(move |_| say.clone()).await;
                let end =
                    tokio::time::timeout(NEVER, call.make(&listener.client(transport), &listener)).await;
                call.judge_nonsense(case, &end.unwrap_or_else(|_| panic!("{call:?} never ends: {case}")));
                // 4 MiB of answer, and what lies in the buffers of two sockets.
                assert!(listener.written() < 64 << 20, "{call:?}, {case}: {} bytes", listener.written());
            }
        });
        join_all(cases).await;
    }
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_end_leaves_no_doubt() {
    let transport = impatient();
    for (case, say) in without_end(Call::Skus) {
        let listener = Listener::saying_all(move |_| say.clone()).await;
        let end =
            tokio::time::timeout(NEVER, Call::Create.make(&listener.client(&transport), &listener)).await;
        let failure = end.expect("it ends").expect_err(case);
        // Whatever wanted the token was not sent.
        let certain = !matches!(failure.verdict, seatless::cloud::Verdict::Uncertain { .. });
        assert!(certain && listener.asked().iter().all(|asked| asked.is_for_token()), "{case}: {failure:?}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_a_lost_answer() {
    let transport = transport();
    for call in CALLS {
        let listener = Listener::saying(|_| Say::Reset).await;
        call.judge_nonsense("reset", &call.make(&listener.client(&transport), &listener).await);
    }
}

#[tokio::test]
async fn a_list_that_leads_in_a_circle_ends() {
    let transport = transport();
    for call in [Call::Skus, Call::Holders, Call::Find] {
        let listener = Listener::saying(move |asked| {
            let scheme_and_host = format!("http://{}", asked.host);
            let body = format!(r#"{{"@odata.nextLink":"{scheme_and_host}/page-2","value":[]}}"#);
            Say::Keep(whole(200, call.headers(), &body))
        })
        .await;
        let end = call.make(&listener.client(&transport), &listener).await;
        call.judge_nonsense("a circle", &end);
        assert!(listener.asked().len() <= 102, "{}", listener.asked().len());
    }
}
