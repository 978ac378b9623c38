//! What is around it: statuses, lengths, chunks, headers, and answers that nobody asked for.

use super::calls::{CALLS, Call, OURS, STRANGER};
use super::listener::{JSON, Listener, Say, transport, whole, with_length};
use seatless::cloud::{CallFailure, HttpsTransport};

async fn given(call: Call, transport: &HttpsTransport, answer: Vec<u8>) -> Result<String, CallFailure> {
    let listener = Listener::saying(move |_| Say::Bytes(answer.clone())).await;
    call.make(&listener.client(transport), &listener).await
}

/// The calls that stand for the others where the body does not matter.
const SOME: [Call; 4] = [Call::Skus, Call::Create, Call::Convert, Call::AddUser];

#[tokio::test]
async fn a_status_that_is_no_success_is_never_believed() {
    let transport = transport();
    for call in CALLS {
        for status in [
            300, 301, 302, 303, 304, 305, 307, 308, 399, 400, 402, 403, 404, 405, 407, 408, 409, 410, 412,
            413, 418, 421, 425, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 520, 599, 600, 999,
        ] {
            let end = given(call, &transport, whole(status, call.headers(), &call.body())).await;
            call.judge(&format!("status {status}"), &end);
            assert!(end.is_err(), "{call:?} believes a {status}");
        }
        for status in [201, 202, 203, 204, 205, 206, 226, 299] {
            let end = given(call, &transport, whole(status, call.headers(), &call.body())).await;
            call.judge(&format!("status {status}"), &end);
        }
    }
}

/// Responses that are none, or that mean two things.
fn broken(call: Call) -> Vec<(&'static str, Vec<u8>)> {
    let body = call.body();
    let (kind, long) = (call.headers(), body.len() + 10);
    let with = |headers: &str| format!("HTTP/1.1 200 OK\r\n{kind}\r\n{headers}\r\n\r\n{body}").into_bytes();
    let chunked = |text: &str| {
        format!("HTTP/1.1 200 OK\r\n{kind}\r\ntransfer-encoding: chunked\r\n\r\n{text}").into_bytes()
    };
    let many = (0..2000).map(|place| format!("x-{place}: y\r\n")).collect::<String>();
    vec![
        ("a longer length", with_length(200, kind, body.as_bytes(), long)),
        ("a negative length", with("content-length: -1")),
        ("a length of words", with("content-length: many")),
        ("a length beyond all", with("content-length: 99999999999999999999999")),
        ("two lengths", with("content-length: 3\r\ncontent-length: 4")),
        ("a chunk without end", chunked("5\r\nab")),
        ("a chunk of a wrong size", chunked("zz\r\nab\r\n0\r\n\r\n")),
        ("a chunk beyond all", chunked("fffffffffffffffffff\r\nab")),
        ("a chunk that runs over", chunked("2\r\nabcdef\r\n0\r\n\r\n")),
        ("a header without colon", with("nonsense\r\ncontent-length: 0")),
        ("a header with a zero", with("x: \0\r\ncontent-length: 0")),
        ("a header of 2 MB", with(&format!("x: {}", "y".repeat(2_000_000)))),
        ("2,000 headers", with(&format!("{many}content-length: 0"))),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        ("HTTP/0.9", body.clone().into_bytes()),
        ("HTTP/9.9", b"HTTP/9.9 200 OK\r\n\r\n".to_vec()),
        ("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0".to_vec()),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("a status of four digits", b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("a status of words", b"HTTP/1.1 fine OK\r\ncontent-length: 0\r\n\r\n".to_vec()),
        ("only a hundred", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        (
            "other protocols, please",
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n".to_vec(),
        ),
        ("nothing", Vec::new()),
        ("line ends", b"\r\n\r\n\r\n".to_vec()),
        ("zeros", vec![0; 5000]),
        ("too much", with_length(200, kind, &vec![b' '; 5 << 20], 5 << 20)),
    ]
}

#[tokio::test]
async fn a_response_that_is_none_is_lost() {
    let transport = transport();
    for call in SOME {
        for (case, answer) in broken(call) {
            // `addUser` answers nothing, and a body of nothing is what some of these have.
            let end = given(call, &transport, answer).await;
            if call == Call::AddUser { call.judge(case, &end) } else { call.judge_nonsense(case, &end) }
        }
    }
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_nobodys_answer() {
    let transport = transport();
    let call = Call::Find;
    let honest = whole(200, call.headers(), &call.body());
    let poison = whole(200, call.headers(), r#"{"value":[]}"#);
    let other = whole(200, call.headers(), &call.body().replace(OURS, STRANGER));
    for more in [poison, other] {
        let both = [honest.clone(), more].concat();
        // The second answer lies ready on the connection before the second question is asked.
        let listener = Listener::saying(move |_| Say::Keep(both.clone())).await;
        let client = listener.client(&transport);
        for _ in 0..5 {
            let end = call.make(&client, &listener).await;
            call.judge("a second answer", &end);
            if let Ok(believed) = end {
                assert!(believed.contains(OURS), "{believed}");
            }
        }
    }
}

/// Waits that no sane service asks for, as bytes of a header.
const WAITS: [&[u8]; 24] = [
    b"-1",
    b"0",
    b"1e9",
    b"1000000000000",
    b"99999999999999999999999999999999",
    b"-99999999999999999999999999999999",
    b"NaN",
    b"inf",
    b"0x10",
    b"1.5",
    b"1,5",
    b"5, 6",
    b" ",
    b"soon",
    b"\xff\xfe",
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"Fri, 31 Dec 99999 23:59:59 GMT",
    b"Mon, 32 Jan 2026 25:61:61 GMT",
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"Wed, 21 Oct 2026 07:28:00 +9999",
    b"00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000007",
];

#[tokio::test]
async fn an_absurd_wait_is_brought_within_bounds() {
    let transport = transport();
    let dates = [
        "",
        "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "date: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
        "date: x\r\n",
    ];
    for call in [Call::Skus, Call::Create] {
        for (status, date) in [429, 503].into_iter().flat_map(|status| dates.map(|date| (status, date))) {
            for wait in WAITS {
                let head = format!("HTTP/1.1 {status} Wait\r\n{date}content-length: 0\r\nretry-after: ");
                let answer = [head.as_bytes(), wait, b"\r\n\r\n"].concat();
                let case = format!("{status} {date} {}", String::from_utf8_lossy(wait));
                let end = given(call, &transport, answer).await;
                call.judge(&case, &end);
                assert!(end.is_err(), "{case}");
            }
        }
    }
    // Inside a batch it is JSON.
    for wait in
        ["null", "-1", "1e300", "true", "[7]", "{}", "\"\"", "\"-7\"", "99999999999999999999", "\"1e9\""]
    {
        let body =
            format!(r#"{{"responses":[{{"id":"1","status":429,"headers":{{"Retry-After":{wait}}}}}]}}"#);
        let end = given(Call::Create, &transport, whole(200, JSON, &body)).await;
        Call::Create.judge(wait, &end);
        assert!(end.is_err(), "{wait}");
    }
}

#[tokio::test]
async fn answers_of_a_batch_that_are_mixed_up_are_not_believed() {
    let transport = transport();
    let user = format!(r#"{{"id":"{OURS}"}}"#);
    for responses in [
        String::new(),
        format!(r#"{{"id":"2","status":200,"body":{user}}}"#),
        format!(r#"{{"id":"0","status":200,"body":{user}}}"#),
        format!(r#"{{"id":"01","status":200,"body":{user}}}"#),
        format!(r#"{{"id":"-1","status":200,"body":{user}}}"#),
        format!(r#"{{"id":1,"status":200,"body":{user}}}"#),
        format!(r#"{{"id":"1","status":200,"body":{user}}},{{"id":"1","status":404}}"#),
        format!(r#"{{"id":"1","status":200,"body":{user}}},{{"id":"1","status":200,"body":{user}}}"#),
        format!(r#"{{"id":"1","status":20,"body":{user}}}"#),
        format!(r#"{{"id":"1","status":-200,"body":{user}}}"#),
        format!(r#"{{"id":"1","status":70000,"body":{user}}}"#),
        format!(r#"{{"id":"1","status":"200","body":{user}}}"#),
        format!(r#"{{"id":"1","status":302,"body":{user}}}"#),
        r#"{"id":"1","status":200,"body":"eyJpZCI6IjEifQ=="}"#.to_owned(),
        r#"{"id":"1","status":200,"body":[]}"#.to_owned(),
    ] {
        let body = format!(r#"{{"responses":[{responses}]}}"#);
        let end = given(Call::Assign, &transport, whole(200, JSON, &body)).await;
        Call::Assign.judge_nonsense(&responses, &end);
    }
}
