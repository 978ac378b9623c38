//! The same over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use seatless::simulator::{Authority, Delays, Faults, Simulator, TokioSpawn, WallClock, listen};
use serde_json::Value;

use crate::lab::{APP, TENANT, world};

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

#[tokio::test]
async fn http_and_https_serve_the_same_world_and_stop() {
    // Another test of this process may have installed it already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let simulator =
        Simulator::new(&world(), Delays::none(), Faults::default(), 1, Arc::new(WallClock)).expect("a world");
    let simulator = Arc::new(simulator);
    let authority = Authority::new(&[]).expect("a certificate");
    let listening =
        listen(simulator.clone(), Some(ANY), Some((ANY, &authority)), TokioSpawn).await.expect("a free port");
    let https = listening.https.expect("a port").port();
    let http = listening.http.expect("a port").port();
    let ca = reqwest::Certificate::from_pem(authority.ca_pem.as_bytes()).expect("PEM");
    let mut client = reqwest::Client::builder().tls_certs_only([ca]).no_proxy();
    for host in ["login.localhost", "graph.localhost", "contoso-dev.crm.localhost"] {
        client = client.resolve(host, ANY);
    }
    let client = client.build().expect("a client");
    let dataverse = format!("https://contoso-dev.crm.localhost:{https}");
    let form = [
        ("client_id", APP.to_owned()),
        ("client_secret", "s~cret+1".to_owned()),
        ("grant_type", "client_credentials".to_owned()),
        ("scope", format!("{dataverse}/.default")),
    ];
    let url = format!("https://login.localhost:{https}/{TENANT}/oauth2/v2.0/token");
    let token: Value =
        client.post(url).form(&form).send().await.expect("an answer").json().await.expect("JSON");
    let bearer = token["access_token"].as_str().expect("a token");
    let who = client
        .get(format!("{dataverse}/api/data/v9.2/WhoAmI"))
        .bearer_auth(bearer)
        .send()
        .await
        .expect("an answer");
    assert_eq!(who.status(), 200);
    // The same token without TLS is for another origin.
    let plain = format!("http://contoso-dev.crm.localhost:{http}/api/data/v9.2/WhoAmI");
    assert_eq!(client.get(plain).bearer_auth(bearer).send().await.expect("an answer").status(), 401);
    let state = format!("http://127.0.0.1:{http}/_simulator/state");
    assert_eq!(client.get(&state).send().await.expect("an answer").status(), 200);

    simulator.set_faults(Faults { drop_after_commit: 1.0, ..Faults::default() });
    let lost = client.get(format!("{dataverse}/api/data/v9.2/WhoAmI")).bearer_auth(bearer).send().await;
    assert!(lost.is_err(), "the connection is reset");
    drop(client);
    listening.stop().await;
    assert!(tokio::net::TcpStream::connect((ANY.ip(), http)).await.is_err(), "nobody listens any more");
}
