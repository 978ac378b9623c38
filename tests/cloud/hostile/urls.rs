//! Addresses that mean to lead a token astray, in the config and in answers. A second listener stands wherever they lead: it
//! hears nothing, and the first hears only calls for hosts that the config names.

use super::calls::{CALLS, Call, is_later_page};
use super::listener::{Hour, JSON, Listener, Say, transport, whole};
use crate::cloud_on_a_port::{Counted, origins};
use crate::script::access;
use seatless::cloud::{CloudOrigins, Limits, Origin, TenantAccess, TenantClient};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Addresses, with `GOOD` for the host and port of the config, `EVIL` for those of the trap, `PORT` for the trap's port.
const URLS: &[&str] = &[
    // Plainly elsewhere, in every scheme.
    "http://EVIL/page-2",
    "HTTP://EVIL/page-2",
    "https://EVIL/page-2",
    "ws://EVIL/page-2",
    "wss://EVIL/page-2",
    "ftp://EVIL/page-2",
    "gopher://EVIL/page-2",
    "file:///etc/passwd",
    "file://EVIL/page-2",
    "data:application/json,{}",
    "javascript:alert(1)",
    "blob:http://EVIL/1",
    "view-source:http://EVIL/",
    "unix:///var/run/seatless.sock",
    "mailto:a@EVIL",
    "urn:x",
    "about:blank",
    // Relative, and yet elsewhere.
    "//EVIL/page-2",
    "///EVIL/page-2",
    "////EVIL/page-2",
    "\\\\EVIL\\page-2",
    "/\\EVIL/page-2",
    "\\/EVIL/page-2",
    "/\t/EVIL/page-2",
    "/\n/EVIL/page-2",
    "\t//EVIL/page-2",
    " //EVIL/page-2",
    "\u{0}//EVIL/page-2",
    "\u{1f}//EVIL/page-2",
    "http:/EVIL/page-2",
    "http:///EVIL/page-2",
    "http:////EVIL/page-2",
    "http:\\\\EVIL\\page-2",
    "http:\\EVIL/page-2",
    "http:/\\EVIL/page-2",
    "ht\ntp://EVIL/page-2",
    "http:\t//EVIL/page-2",
    // Names and passwords before the host.
    "http://GOOD@EVIL/page-2",
    "http://GOOD:x@EVIL/page-2",
    "http://x:y@GOOD/page-2",
    "http://x@GOOD/page-2",
    "http://:y@GOOD/page-2",
    "http://GOOD%40EVIL/page-2",
    "http://GOOD%2f@EVIL/page-2",
    "http://GOOD%00@EVIL/page-2",
    "http://GOOD\\@EVIL/page-2",
    "http://GOOD\t@EVIL/page-2",
    "http://GOOD @EVIL/page-2",
    "http://GOOD#@EVIL/page-2",
    "http://GOOD?@EVIL/page-2",
    "http://GOOD;@EVIL/page-2",
    "http://GOOD&@EVIL/page-2",
    "http://GOOD@@EVIL/page-2",
    "http://@EVIL/page-2",
    "http://@@EVIL/page-2",
    "http://a:b:c@EVIL/page-2",
    "http://[GOOD]@EVIL/page-2",
    "//GOOD@EVIL/page-2",
    "//x@GOOD/page-2",
    // The host of the config, with something around it.
    "http://EVIL#GOOD/page-2",
    "http://EVIL?GOOD/page-2",
    "http://EVIL/GOOD/page-2",
    "http://EVIL\\GOOD/page-2",
    "http://EVIL%23GOOD/page-2",
    "http://EVIL%2fGOOD/page-2",
    "http://GOOD.evil.localhost:PORT/page-2",
    "http://graph.localhost.evil.localhost:PORT/page-2",
    "http://evilgraph.localhost:PORT/page-2",
    "http://graph.localhost-evil.localhost:PORT/page-2",
    "http://graph.localhostevil:PORT/page-2",
    "http://graph.localhost%2eevil.localhost:PORT/page-2",
    "http://graph.localhost%00.evil.localhost:PORT/page-2",
    "http://graph.localhost%20.evil.localhost:PORT/page-2",
    "http://localhost:PORT/page-2",
    "http://login.localhost:PORT/page-2",
    "http://uat.crm4.localhost:PORT/page-2",
    // The same host, and yet another origin.
    "http://graph.localhost:PORT/page-2",
    "http://graph.localhost.:PORT/page-2",
    "https://graph.localhost:PORT/page-2",
    "http://graph.localhost/page-2",
    "https://graph.localhost/page-2",
    "http://graph.localhost:/page-2",
    "http://graph.localhost:0/page-2",
    "http://graph.localhost:1/page-2",
    "http://graph.localhost:65535/page-2",
    "http://graph.localhost:65536/page-2",
    "http://graph.localhost:99999999999/page-2",
    "http://graph.localhost:-1/page-2",
    "http://graph.localhost:+PORT/page-2",
    "http://graph.localhost:0PORT/page-2",
    "http://graph.localhost:000000PORT/page-2",
    "http://graph.localhost: PORT/page-2",
    "http://graph.localhost:PORT:80/page-2",
    "http://graph.localhost:80:PORT/page-2",
    "http://graph.localhost:%38/page-2",
    "http://graph.localhost:http/page-2",
    // This machine, under its many names.
    "http://127.0.0.1:PORT/page-2",
    "http://127.1:PORT/page-2",
    "http://127.0.1:PORT/page-2",
    "http://2130706433:PORT/page-2",
    "http://0x7f000001:PORT/page-2",
    "http://0x7f.1:PORT/page-2",
    "http://0177.0.0.1:PORT/page-2",
    "http://017700000001:PORT/page-2",
    "http://0:PORT/page-2",
    "http://0.0.0.0:PORT/page-2",
    "http://127.0.0.1.:PORT/page-2",
    "http://127.0.0.256:PORT/page-2",
    "http://[::1]:PORT/page-2",
    "http://[::]:PORT/page-2",
    "http://[::ffff:127.0.0.1]:PORT/page-2",
    "http://[::ffff:7f00:1]:PORT/page-2",
    "http://[::127.0.0.1]:PORT/page-2",
    "http://[0:0:0:0:0:0:0:1]:PORT/page-2",
    "http://[::1%25lo]:PORT/page-2",
    "http://[::1%lo]:PORT/page-2",
    "http://[64:ff9b::7f00:1]:PORT/page-2",
    "http://[fe80::1]:PORT/page-2",
    "http://[::1:PORT/page-2",
    "http://::1:PORT/page-2",
    "http://[v1.x]:PORT/page-2",
    "http://169.254.169.254/page-2",
    "http://[fd00:ec2::254]/page-2",
    // Letters that look like others, or become others.
    "http://\u{ff47}raph.localhost:PORT/page-2",
    "http://graph\u{3002}localhost:PORT/page-2",
    "http://graph\u{ff0e}localhost:PORT/page-2",
    "http://graph\u{ff61}localhost:PORT/page-2",
    "http://gr\u{430}ph.localhost:PORT/page-2",
    "http://xn--grph-43d.localhost:PORT/page-2",
    "http://\u{24d6}\u{24e1}aph.localhost:PORT/page-2",
    "http://graph.loc\u{ad}alhost:PORT/page-2",
    "http://graph.loc\u{200b}alhost:PORT/page-2",
    "http://graph.loc\u{200d}alhost:PORT/page-2",
    "http://graph.\u{202e}tsohlacol:PORT/page-2",
    "http://graph.localho\u{17f}t:PORT/page-2",
    "http://graph.local\u{68}ost:PORT/page-2",
    "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1:PORT/page-2",
    "http://\u{2460}27.0.0.1:PORT/page-2",
    "http://127\u{3002}0\u{3002}0\u{3002}1:PORT/page-2",
    "http://graph.localhost\u{ff0f}@EVIL/page-2",
    "http://GOOD\u{ff20}EVIL/page-2",
    "http://GOOD\u{fe6b}EVIL/page-2",
    "http://GOOD\u{ff03}@EVIL/page-2",
    "http://EVIL\u{2100}.localhost/page-2",
    "http\u{ff1a}//EVIL/page-2",
    "http:\u{2044}\u{2044}EVIL/page-2",
    "\u{ff0f}\u{ff0f}EVIL/page-2",
    "http://%67raph.localhost:PORT/page-2",
    "http://%65vil.localhost:PORT/page-2",
    "http://%6c%6f%63%61%6c%68%6f%73%74:PORT/page-2",
    "http://gra%70h%2elocalhost:PORT/page-2",
    "http://127%2e0%2e0%2e1:PORT/page-2",
    "http://%31%32%37.0.0.1:PORT/page-2",
    "http://graph.localhost%3aPORT/page-2",
    "http://EVIL%0d%0ahost:%20GOOD/page-2",
    // Hosts that are none, or too long.
    "http://",
    "http:///",
    "http://:PORT/page-2",
    "http://./page-2",
    "http://../page-2",
    "http://.localhost:PORT/page-2",
    "http://a..localhost:PORT/page-2",
    "http://-.localhost:PORT/page-2",
    "http://_evil.localhost:PORT/page-2",
    "http://ev il.localhost:PORT/page-2",
    "http://ev<il.localhost:PORT/page-2",
    "http://ev^il.localhost:PORT/page-2",
    "http://ev|il.localhost:PORT/page-2",
    "http://*.localhost:PORT/page-2",
    "http://[]:PORT/page-2",
    "http://xn--.localhost:PORT/page-2",
    "http://xn--a.localhost:PORT/page-2",
    "",
    " ",
    "?",
    "#",
    ".",
    "..",
    "\u{0}",
    "%",
    "%00",
    // Paths that try to become a host, or a header.
    "/%2f%2fEVIL/page-2",
    "/..//EVIL/page-2",
    "/.//EVIL/page-2",
    "/..%2f..%2f/EVIL/page-2",
    "/page-2%0d%0aauthorization:%20x",
    "/page-2\r\nhost: EVIL",
    "/page-2 HTTP/1.1\r\nhost: EVIL\r\n\r\n",
    "/page-2#@EVIL",
    "/page-2?url=http://EVIL/",
    "http://GOOD//EVIL/page-2",
    "http://GOOD/\\EVIL/page-2",
    "http://GOOD/page-2@EVIL",
    "http://GOOD/http://EVIL/page-2",
    "http://GOOD/page-2\u{0}@EVIL",
    "http:page-2",
    "http:EVIL/page-2",
    "http:@EVIL/page-2",
    "http://GOOD:80@EVIL/page-2",
    "http://GOOD%5c@EVIL/page-2",
    "http://GOOD,EVIL/page-2",
    "//EVIL\\@GOOD/page-2",
    "page-2",
    "EVIL/page-2",
];

fn filled(url: &str, good: &str, trap: &Listener) -> String {
    let port = trap.port.to_string();
    url.replace("GOOD", good).replace("EVIL", &format!("evil.localhost:{port}")).replace("PORT", &port)
}

/// Nobody came to the trap, and whoever came to the service called it by a name that the config has.
fn nothing_went_astray(case: &str, service: &Listener, trap: &Listener) {
    let trapped: Vec<String> = trap.asked().into_iter().map(|asked| asked.head).collect();
    assert!(trapped.is_empty(), "{case:?} led to the trap: {trapped:?}");
    for asked in service.asked() {
        let names = ["login", "graph", "bap", "uat.crm4"];
        let named = names.iter().any(|name| asked.host == format!("{name}.localhost:{}", service.port));
        assert!(named, "{case:?} called {}", asked.host);
        let tokens = asked.head.lines().filter(|line| line.starts_with("authorization:")).count();
        assert_eq!(tokens, usize::from(!asked.is_for_token()), "{case:?}: {}", asked.line);
    }
}

async fn trap() -> Listener {
    Listener::saying_all(|_| Say::Bytes(whole(200, JSON, "{\"value\":[]}"))).await
}

#[tokio::test]
async fn no_link_to_a_next_page_takes_a_token_elsewhere() {
    assert!(URLS.len() >= 200, "{}", URLS.len());
    let (transport, trap) = (transport(), trap().await);
    for url in URLS {
        for (call, host) in [(Call::Skus, "graph"), (Call::Holders, "graph"), (Call::Find, "uat.crm4")] {
            let url = url.to_string();
            let trap_port = trap.port.to_string();
            let listener = Listener::saying(move |asked| {
                let good = asked.host.clone();
                let link = url.replace("graph.localhost", &format!("{host}.localhost"));
                let link =
                    link.replace("GOOD", &good).replace("EVIL", &format!("evil.localhost:{trap_port}"));
                let link = link.replace("PORT", &trap_port);
                let first = serde_json::json!({ "@odata.nextLink": link, "value": [] }).to_string();
                // Wherever on the service the link leads, the list ends there.
                let is_first = asked.line.contains("subscribedSkus") || asked.line.contains("filter=");
                let body =
                    if is_first && !is_later_page(asked) { first } else { "{\"value\":[]}".to_owned() };
                Say::Keep(whole(200, JSON, &body))
            })
            .await;
            let end = call.make(&listener.client(&transport), &listener).await;
            call.judge("a link", &end);
            nothing_went_astray(&format!("{call:?}, {end:?}"), &listener, &trap);
        }
    }
}

#[tokio::test]
async fn no_header_takes_a_token_elsewhere() {
    let (transport, trap) = (transport(), trap().await);
    let sendable = |url: &&&str| url.bytes().all(|byte| byte >= b' ' && byte != 0x7f);
    for (place, url) in URLS.iter().filter(sendable).enumerate() {
        let status = [200, 201, 204, 301, 302, 303, 307, 308, 401, 429, 503][place % 11];
        let call = CALLS[place % CALLS.len()];
        let (headers, body) = (call.headers(), call.body());
        let url = filled(url, "GOOD", &trap);
        let listener = Listener::saying(move |asked| {
            let url = url.replace("GOOD", &asked.host);
            let headers = format!(
                "{headers}\r\nlocation: {url}\r\ncontent-location: {url}\r\nodata-entityid: {url}\r\nlink: <{url}>; rel=next\r\n\
                 refresh: 0; url={url}\r\nalt-svc: h2=\"{url}\"\r\nazure-asyncoperation: {url}\r\noperation-location: {url}\r\n\
                 www-authenticate: Bearer authorization_uri=\"{url}\", resource_id=\"{url}\""
            );
            Say::Keep(whole(status, &headers, if status == 204 { "" } else { &body }))
        })
        .await;
        let end = call.make(&listener.client(&transport), &listener).await;
        call.judge("a header", &end);
        nothing_went_astray(&format!("{status}, {call:?}"), &listener, &trap);
    }
}

#[tokio::test]
async fn a_token_endpoint_takes_no_secret_elsewhere() {
    let (transport, trap) = (transport(), trap().await);
    let sendable = |url: &&&str| url.bytes().all(|byte| byte >= b' ' && byte != 0x7f);
    for (place, url) in URLS.iter().filter(sendable).enumerate() {
        let status = [301, 302, 303, 307, 308, 400, 401, 429][place % 8];
        let url = filled(url, "GOOD", &trap);
        let listener = Listener::saying_all(move |asked| {
            let url = url.replace("GOOD", &asked.host);
            let body = serde_json::json!({ "error": "temporarily_unavailable", "error_uri": url, "token_endpoint": url });
            Say::Keep(whole(status, &format!("{JSON}\r\nlocation: {url}"), &body.to_string()))
        })
        .await;
        let end = Call::Skus.make(&listener.client(&transport), &listener).await;
        assert!(end.is_err(), "{status}");
        nothing_went_astray(&format!("{status}"), &listener, &trap);
    }
}

#[tokio::test]
async fn an_address_in_the_config_is_what_it_looks_like_or_refused() {
    let (transport, trap, service) = (transport(), trap().await, trap().await);
    let good = format!("graph.localhost:{}", service.port);
    let mut accepted = 0;
    for url in URLS {
        let text = filled(url, &good, &trap);
        // With and without the path that a link has.
        for text in [text.clone(), text.replace("/page-2", "")] {
            let Ok(origin) = text.parse::<Origin>() else { continue };
            accepted += 1;
            // What is accepted is said to be what it is: the host stands in the text, at its beginning, and is not ours.
            let shown = origin.to_string();
            let (_, host) = shown.split_once("://").unwrap();
            let is_plain = text.is_ascii() && !text.contains(['@', '\\', '%', '#', '?']);
            assert!(is_plain || !origin.is_loopback() || host != good, "{text:?} is taken for {shown}");
            if !origin.is_loopback() {
                continue;
            }
            let cloud = CloudOrigins { graph: origin.clone(), ..origins("http", service.port) };
            let ids = Arc::new(Counted(AtomicU64::new(1)));
            let access = TenantAccess { cloud, ..access() };
            let transport = Arc::new(transport.clone());
            let client =
                TenantClient::new(transport, Arc::new(Hour::default()), ids, access, Limits::default());
            let before = trap.asked().len();
            let _ = client.graph().subscribed_skus().await;
            // Whoever comes to the trap says the very host that the config shows.
            for asked in trap.asked().into_iter().skip(before) {
                assert_eq!(asked.host, host.to_owned(), "{text:?}");
            }
        }
    }
    assert!(accepted < URLS.len() / 2, "{accepted}");
}
