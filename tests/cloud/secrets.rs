//! No secret, token or name in what may be logged, stored or shown.

use crate::graph::new_user;
use crate::script::{SECRET, access, answer, batch, error, stage, token_body, token_with};
use seatless::cloud::{DirectoryUser, UserKey};

#[tokio::test]
async fn nothing_private_is_in_a_debug_text_or_an_error() {
    let canary = "pa55word-CANARY-!#";
    let name = "svc-billing-01@contoso.com";
    let mut texts = vec![
        format!("{:?}", access()),
        format!("{:?}", new_user(name)),
        format!("{:?}", UserKey::UserPrincipalName(name.to_owned())),
        format!("{:?}", reads().await),
    ];

    // A refusal that repeats everything it was told.
    let token = token_with(r#"{"roles":[]}"#, 4711);
    let echo = format!("Refused: {name} {canary} Bearer {token} {SECRET}");
    let stage = stage();
    stage.script.tokens([answer(200, &token_body(&token))]);
    stage.script.says([
        batch(&[("1", 400, "", &error("Request_BadRequest", &echo))]),
        batch(&[("1", 201, "", &serde_json::json!({ "id": echo, "userPrincipalName": 5 }).to_string())]),
        batch(&[("1", 400, "", &error("Request_BadRequest", &format!("Refused: {name} Bearer {token}")))]),
    ]);
    for _ in 0..3 {
        let members = stage.client.graph().create_users(&[new_user(name)]).await.unwrap();
        let failure = members[0].as_ref().unwrap_err();
        texts.extend([
            format!("{failure:?}"),
            failure.to_string(),
            serde_json::to_string(&failure.failure).unwrap(),
        ]);
    }
    let refusal = serde_json::json!({ "error": "invalid_client", "error_description": format!("{SECRET} is wrong"), "error_codes": [7000215] });
    let other = crate::script::stage();
    other.script.tokens([answer(401, &refusal.to_string())]);
    texts.push(format!("{:?}", other.client.graph().roles().await.unwrap_err()));

    for text in texts {
        for private in [canary, SECRET, name, token.as_str(), "eyJ", "Billing"] {
            assert!(!text.contains(private), "{private} is in: {text}");
        }
    }
}

async fn reads() -> DirectoryUser {
    let stage = stage();
    let body = serde_json::json!({ "id": "87d349ed-44d7-43e1-9a83-5f2406dee5bd", "userPrincipalName": "svc-billing-01@contoso.com",
        "accountEnabled": true, "licenseAssignmentStates": [] });
    stage.script.says([batch(&[("1", 200, "", &body.to_string())])]);
    let key = UserKey::UserPrincipalName("svc-billing-01@contoso.com".to_owned());
    stage.client.graph().read_users(&[key]).await.unwrap().pop().unwrap().unwrap().unwrap()
}
