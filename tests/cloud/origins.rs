//! Where a token may go.

use crate::script::{answer, stage, with_headers};
use seatless::cloud::{Origin, OriginError, Verdict};
use seatless::domain::Code;

#[test]
fn an_origin_is_https_or_this_machine_and_nothing_more() {
    for (text, shown) in [
        ("https://Graph.Microsoft.com", "https://graph.microsoft.com"),
        ("https://contoso.crm4.dynamics.com/", "https://contoso.crm4.dynamics.com"),
        ("https://contoso.crm4.dynamics.com:443/", "https://contoso.crm4.dynamics.com"),
        ("https://contoso.crm4.dynamics.com:8443", "https://contoso.crm4.dynamics.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://org.crm4.localhost:8080/", "http://org.crm4.localhost:8080"),
        ("http://127.3.2.1:80", "http://127.3.2.1"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ] {
        assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
    }
}

#[test]
fn a_hostile_text_is_no_origin() {
    use OriginError::{Malformed, PlainHttp, Scheme, Trailing, UserInfo};
    for (text, error) in [
        ("http://graph.microsoft.com", PlainHttp),
        ("http://localhost.evil.io", PlainHttp),
        ("http://notlocalhost", PlainHttp),
        ("http://128.0.0.1", PlainHttp),
        ("ftp://graph.microsoft.com", Scheme),
        ("file:///etc/passwd", Malformed),
        ("graph.microsoft.com", Malformed),
        ("", Malformed),
        ("https://", Malformed),
        ("https://user@graph.microsoft.com", UserInfo),
        ("https://:secret@graph.microsoft.com", UserInfo),
        ("https://graph.microsoft.com@evil.io", UserInfo),
        ("https://evil.io/graph.microsoft.com", Trailing),
        ("https://evil.io/#.dynamics.com", Trailing),
        ("https://evil.io?x", Trailing),
        ("https://evil.io?", Trailing),
        ("https://graph.microsoft.com\\.evil.io", Malformed),
        ("https://graph.micro\tsoft.com", Malformed),
        (" https://graph.microsoft.com", Malformed),
        ("https://graph.microsoft.com.", Malformed),
    ] {
        assert_eq!(text.parse::<Origin>(), Err(error), "{text}");
    }
}

#[tokio::test]
async fn every_service_gets_its_own_token_and_no_other() {
    let stage = stage();
    stage.script.says([
        answer(200, r#"{"value":[]}"#),
        answer(200, ""),
        answer(200, r#"{"BusinessUnitId":"00000000-0000-0000-0000-000000000001","UserId":"00000000-0000-0000-0000-000000000002","OrganizationId":"00000000-0000-0000-0000-000000000003"}"#),
        answer(200, r#"{"value":[]}"#),
    ]);
    let user = "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap();
    stage.client.graph().subscribed_skus().await.unwrap();
    stage.client.power_platform().add_user("env-1", user).await.unwrap();
    stage.client.dataverse("https://uat.crm4.dynamics.com".parse().unwrap()).who_am_i().await.unwrap();
    stage
        .client
        .dataverse("https://prod.crm4.dynamics.com".parse().unwrap())
        .find_users(&[user])
        .await
        .unwrap();

    let asked = stage.script.asked_for_tokens();
    let scopes: Vec<String> = asked
        .iter()
        .map(|sent| {
            url::form_urlencoded::parse(sent.body.as_bytes())
                .find(|(name, _)| name == "scope")
                .unwrap()
                .1
                .into()
        })
        .collect();
    assert_eq!(
        scopes,
        [
            "https://graph.microsoft.com/.default",
            "https://service.powerapps.com/.default",
            "https://uat.crm4.dynamics.com/.default",
            "https://prod.crm4.dynamics.com/.default",
        ]
    );
    assert!(asked.iter().all(|sent| sent.uri.starts_with("https://login.microsoftonline.com/aaaaaaaa-")));
    let sent = stage.script.sent();
    let bearers: std::collections::BTreeSet<&str> = sent.iter().map(|sent| sent.bearer()).collect();
    assert_eq!(bearers.len(), 4, "a token served two services");
}

#[tokio::test]
async fn a_next_page_is_followed_on_the_same_origin_only() {
    let stage = stage();
    let rows = r#"{"@odata.nextLink":"https://uat.crm4.dynamics.com/api/data/v9.2/systemusers?$skiptoken=a%20b","value":[]}"#;
    stage.script.says([answer(200, rows), answer(200, r#"{"value":[]}"#)]);
    let dataverse = stage.client.dataverse("https://uat.crm4.dynamics.com".parse().unwrap());
    let user = "87d349ed-44d7-43e1-9a83-5f2406dee5bd".parse().unwrap();
    dataverse.find_users(&[user]).await.unwrap();
    assert_eq!(
        stage.script.sent()[1].uri,
        "https://uat.crm4.dynamics.com/api/data/v9.2/systemusers?$skiptoken=a%20b"
    );

    for link in [
        "https://evil.io/api/data/v9.2/systemusers?$skiptoken=1",
        "https://uat.crm4.dynamics.com.evil.io/api",
        "https://uat.crm4.dynamics.com:444/api",
        "http://uat.crm4.dynamics.com/api",
        "//evil.io/api",
        "https://uat.crm4.dynamics.com@evil.io/",
    ] {
        stage.script.says([answer(200, &format!(r#"{{"@odata.nextLink":"{link}","value":[]}}"#))]);
        let failure = dataverse.find_users(&[user]).await.unwrap_err();
        assert_eq!(failure.failure.code, Code::RemoteUnreadable, "{link}");
        assert_eq!(stage.script.sent().len(), 1, "{link} was followed");
    }

    stage
        .script
        .says([answer(200, r#"{"@odata.nextLink":"https://evil.io/v1.0/subscribedSkus","value":[]}"#)]);
    let failure = stage.client.graph().subscribed_skus().await.unwrap_err();
    assert_eq!(failure.verdict, Verdict::Unavailable { retry_after: None });
    assert_eq!(stage.script.sent().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stage = stage();
    stage.script.says([with_headers(302, &[("location", "https://evil.io/")], "")]);
    let failure = stage.client.graph().subscribed_skus().await.unwrap_err();
    assert_eq!(failure.failure.code, Code::RemoteUnreadable);
    assert_eq!(stage.script.sent().len(), 1);
}
