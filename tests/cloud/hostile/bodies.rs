//! What is inside: cut, replaced, of the wrong type, about somebody else, packed.

use super::calls::{CALLS, Call, OUR_NAME, OURS, STRANGER};
use super::listener::{Listener, Say, transport, whole, with_length};
use seatless::cloud::{CallFailure, HttpsTransport};
use serde_json::{Value, json};

/// Gives the call this answer.
async fn given(call: Call, transport: &HttpsTransport, answer: Vec<u8>) -> Result<String, CallFailure> {
    let listener = Listener::saying(move |_| Say::Bytes(answer.clone())).await;
    call.make(&listener.client(transport), &listener).await
}

#[tokio::test]
async fn an_honest_answer_is_believed() {
    let transport = transport();
    for call in CALLS {
        let end = given(call, &transport, whole(200, call.headers(), &call.body())).await;
        assert!(end.is_ok(), "{call:?}: {end:?}");
        call.judge("honest", &end);
    }
}

#[tokio::test]
async fn a_body_that_is_cut_at_any_byte_is_no_answer() {
    let transport = transport();
    let mut cases = 0;
    for call in CALLS.into_iter().filter(|call| *call != Call::AddUser) {
        let body = call.body();
        // The closing line of a multipart body may lack its line end.
        let end = body.trim_end().len();
        for cut in 0..end {
            // The sender says that this is all of it.
            let case = format!("cut at {cut}");
            let end = given(call, &transport, whole(200, call.headers(), &body[..cut])).await;
            call.judge_nonsense(&case, &end);
            cases += 1;
        }
    }
    assert!(cases > 3000, "{cases}");
}

#[tokio::test]
async fn a_response_that_ends_at_any_byte_is_no_answer() {
    let transport = transport();
    for call in [Call::Find, Call::Delete] {
        let whole = whole(200, call.headers(), &call.body());
        for cut in 0..whole.len() {
            let end = given(call, &transport, whole[..cut].to_vec()).await;
            call.judge_nonsense(&format!("ended at {cut}"), &end);
        }
    }
}

#[tokio::test]
async fn another_users_answer_is_not_believed() {
    let transport = transport();
    for call in CALLS.into_iter().filter(|call| call.names_somebody()) {
        let other = call.body().replace(OURS, STRANGER).replace(OUR_NAME, "somebody.else@contoso.com");
        let other = if call == Call::Convert { other.replace("3f0b0000", "99999999") } else { other };
        let end = given(call, &transport, whole(200, call.headers(), &other)).await;
        call.judge_nonsense("another user", &end);
    }
}

/// Everything that a body can be in place of what it should be.
fn other_bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str| open.repeat(100_000).into_bytes();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "[]",
        "{}",
        "\"text\"",
        "7",
        "{\"value\":null}",
        "{\"value\":{}}",
        "{\"responses\":null}",
        "{\"responses\":[]}",
        "{\"responses\":[null]}",
        "{\"error\":null}",
        "{\"error\":{}}",
        "{\"error\":{\"code\":{},\"message\":[]}}",
        "<!DOCTYPE html><html><body>Sign in</body></html>",
        "<?xml version=\"1.0\"?><error/>",
        "{\"value\":[],\"value\":[]}",
        "{\"value\":[]}{\"value\":[]}",
        "{'value':[]}",
        "--batchresponse_9--",
        "--batchresponse_9\r\n--batchresponse_9--\r\n",
        "--batchresponse_9\r\n\r\nHTTP/1.1 200 OK\r\n",
        "1e999",
        "HTTP/1.1 200 OK\r\n\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.extend([deep("["), deep("{\"a\":"), vec![0; 64], vec![0xff; 64], b"\xef\xbb\xbf[]".to_vec()]);
    bodies
}

#[tokio::test]
async fn anything_else_with_200_is_no_answer() {
    let transport = transport();
    for call in CALLS {
        for (place, body) in other_bodies().into_iter().enumerate() {
            let text = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            let case = format!("body {place}: {text}");
            let end = given(call, &transport, with_length(200, call.headers(), &body, body.len())).await;
            // An empty list is an answer to whoever asked for one; and `addUser` answers nothing, or anything in JSON.
            let fits = serde_json::from_slice::<Value>(&body).is_ok_and(|body| {
                call == Call::AddUser || (call == Call::Skus && body == json!({ "value": [] }))
            });
            let is_nothing = call == Call::AddUser && body.trim_ascii().is_empty();
            if fits || is_nothing { call.judge(&case, &end) } else { call.judge_nonsense(&case, &end) }
        }
    }
}

/// Every place of a JSON text, as a pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields
                .iter()
                .for_each(|(name, value)| places(value, &format!("{at}/{}", name.replace('/', "~1")), found));
        }
        Value::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(place, value)| places(value, &format!("{at}/{place}"), found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_anywhere_does_no_harm() {
    let transport = transport();
    let mut cases = 0;
    for call in CALLS.into_iter().filter(|call| !matches!(call, Call::AddUser | Call::Convert)) {
        let honest: Value = serde_json::from_str(&call.body()).unwrap();
        let mut at = Vec::new();
        places(&honest, "", &mut at);
        for place in at {
            for wrong in [
                json!(null),
                json!(true),
                json!(-1),
                json!(9_007_199_254_740_993_i64),
                json!(1.5),
                json!(""),
                json!(STRANGER),
                json!([]),
                json!([[]]),
                json!({}),
            ] {
                let mut body = honest.clone();
                *body.pointer_mut(&place).unwrap() = wrong.clone();
                let end = given(call, &transport, whole(200, call.headers(), &body.to_string())).await;
                // What is text may be any text; but nobody else's id is ever taken for ours.
                let is_free = [
                    "skuId",
                    "skuPartNumber",
                    "usageLocation",
                    "extensionAttribute15",
                    "state",
                    "error",
                    "assignedByGroup",
                    "capabilityStatus",
                    "domainname",
                    "businessunitid",
                    "disabledreason",
                    "applicationid",
                    "UserId",
                    "BusinessUnitId",
                    "OrganizationId",
                ]
                .iter()
                .any(|free| place.to_lowercase().contains(&free.to_lowercase()));
                let is_ours_to_learn =
                    matches!(call, Call::Create | Call::Holders) || place.ends_with("systemuserid");
                if !is_free && !is_ours_to_learn {
                    call.judge(&format!("{wrong} at {place}"), &end);
                }
                cases += 1;
            }
        }
    }
    assert!(cases > 1000, "{cases}");
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_within_its_bound_or_not_at_all() {
    use base64::Engine;
    let transport = transport();
    // gzip of 100,000 times "a", 133 bytes; 100,000 of them are 13 MB, and 10 GB when unpacked.
    let member =
        base64::engine::general_purpose::STANDARD.decode(include_str!("../gzip-bomb.b64").trim()).unwrap();
    let bomb = member.repeat(100_000);
    let plain = |call: Call| call.body().into_bytes();
    for call in CALLS.into_iter().filter(|call| *call != Call::AddUser) {
        for (encoding, body) in [
            ("gzip", member.clone()),
            ("gzip", plain(call)),
            ("gzip", member[..60].to_vec()),
            ("gzip", b"\x1f\x8b\x08".to_vec()),
            ("gzip, gzip", member.clone()),
            ("br", member.clone()),
            ("zstd", b"\x28\xb5\x2f\xfd".to_vec()),
            ("deflate", b"\x78\x9c\x03\x00".to_vec()),
        ] {
            let headers = format!("{}\r\ncontent-encoding: {encoding}", call.headers());
            let end = given(call, &transport, with_length(200, &headers, &body, body.len())).await;
            call.judge_nonsense(&format!("{encoding} of {} bytes", body.len()), &end);
        }
    }
    for call in [Call::Find, Call::Create] {
        let headers = format!("{}\r\ncontent-encoding: gzip", call.headers());
        let end = given(call, &transport, with_length(200, &headers, &bomb, bomb.len())).await;
        call.judge_nonsense("bomb", &end);
    }
}
