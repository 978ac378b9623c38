//! Each way to sign in, through the real client over HTTP, at a simulator that checks what it is shown.

use crate::script::Still;
use bytes::Bytes;
use seatless::app::SystemClock;
use seatless::cloud::{
    CallFailure, ClientCertificate, ClientCertificateError, CloudOrigins, Credential, FederatedSource,
    HttpsSettings, HttpsTransport, IdentityEndpoint, Limits, TenantAccess, TenantClient, Transport, Verdict,
};
use seatless::domain::{Clock, Code, Ids};
use seatless::simulator::{
    Authority, Delays, Faults, Listening, ManualClock, Simulator, TokioSpawn, World, listen,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const CERTIFICATE: &str = include_str!("keys/certificate.pem");
const KEY: &str = include_str!("keys/key.pem");
const ISSUER: &str = include_str!("keys/issuer.pem");
const TENANT: Uuid = Uuid::from_u128(0xa1);
const CERTIFIED: Uuid = Uuid::from_u128(0xb1);
const FEDERATED: Uuid = Uuid::from_u128(0xb2);
const SYSTEM: Uuid = Uuid::from_u128(0xb3);
const ASSIGNED: Uuid = Uuid::from_u128(0xb4);
const JOB: &str = "job-token-canary";
const HEADER: &str = "identity-header-canary";

struct Random;

impl Ids for Random {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(7)
    }
}

/// A tenant whose applications have no secrets.
struct Azure {
    simulator: Arc<Simulator>,
    listening: Listening,
    ours: Arc<Still>,
    theirs: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

impl Azure {
    async fn open() -> Self {
        let world = format!(
            r#"
            [[tenants]]
            name = "contoso"
            id = "{TENANT}"
            domains = ["contoso.example"]
            [[tenants.apps]]
            client_id = "{CERTIFIED}"
            sign_in.certificates = ['''{CERTIFICATE}''']
            [[tenants.apps]]
            client_id = "{FEDERATED}"
            [[tenants.apps.sign_in.federated]]
            issuer = "https://token.actions.githubusercontent.com"
            subject = "repo:contoso/deploy:ref:refs/heads/main"
            key = '''{ISSUER}'''
            request_token = "{JOB}"
            [[tenants.apps]]
            client_id = "{SYSTEM}"
            sign_in.managed = {{ system_assigned = true, header = "{HEADER}" }}
            [[tenants.apps]]
            client_id = "{ASSIGNED}"
            sign_in.managed = {{ header = "{HEADER}" }}
            "#
        );
        let world = World::from_toml(&world).unwrap();
        let ours = Arc::new(Still::default());
        let theirs = Arc::new(ManualClock::new(ours.now()));
        let simulator = Simulator::new(&world, Delays::none(), Faults::default(), 1, theirs.clone()).unwrap();
        let simulator = Arc::new(simulator);
        let any = "127.0.0.1:0".parse().unwrap();
        let listening = listen(simulator.clone(), Some(any), None, TokioSpawn).await.unwrap();
        Self { simulator, listening, ours, theirs, folder: tempfile::tempdir().unwrap() }
    }

    fn url(&self, host: &str) -> String {
        format!("http://{host}.localhost:{}", self.listening.http.unwrap().port())
    }

    fn client(&self, credential: Credential) -> TenantClient {
        let origin = |host: &str| self.url(host).parse().unwrap();
        let cloud = CloudOrigins {
            sign_in: origin("login"),
            graph: origin("graph"),
            power_platform: origin("bap"),
            graph_scope: "https://graph.microsoft.com/.default".to_owned(),
            power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
        };
        let access = TenantAccess { tenant_id: TENANT, credential, cloud };
        let transport =
            Arc::new(HttpsTransport::new(&HttpsSettings::default(), Arc::new(SystemClock)).unwrap());
        TenantClient::new(transport, self.ours.clone(), Arc::new(Random), access, Limits::default())
    }

    /// What comes of a call to Graph.
    async fn call(&self, credential: &Credential) -> Result<(), CallFailure> {
        let client = self.client(credential.clone());
        client.graph().subscribed_skus().await.map(|_| ())
    }

    async fn refusal(&self, credential: &Credential) -> (Code, Verdict, String) {
        let failure = self.call(credential).await.unwrap_err();
        (failure.failure.code, failure.verdict, failure.failure.message)
    }

    fn pass(&self, seconds: u64) {
        self.ours.pass(seconds);
        self.theirs.advance(i64::try_from(seconds).unwrap());
    }

    fn job(&self, token: &str) -> FederatedSource {
        let url = format!("{}/actions/token?api-version=2.0", self.url("login"));
        FederatedSource::GitHubActions { url: url.parse().unwrap(), token: token.into() }
    }

    fn app_service(&self, header: &str) -> IdentityEndpoint {
        let url = format!("{}/msi/token", self.url("login"));
        IdentityEndpoint::AppService { url: url.parse().unwrap(), header: header.into() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How often somebody was asked for a token since the last time.
    fn questions(&self, after: u64) -> usize {
        let ends = |path: &str| path.ends_with("/token");
        self.simulator.ledger(after).iter().filter(|entry| ends(&entry.path)).count()
    }
}

fn certified(client_id: Uuid, chain: bool) -> Credential {
    let other = Authority::new(&[]).unwrap().ca_pem;
    let pem = format!("{other}{CERTIFICATE}{KEY}");
    let certificate = Arc::new(ClientCertificate::from_pem(pem.as_bytes(), None, chain).unwrap());
    Credential::Certificate { client_id, certificate }
}

#[tokio::test]
async fn a_certificate_signs_in_and_is_refused_where_it_is_unknown_or_late() {
    let azure = Azure::open().await;
    for chain in [false, true] {
        azure.call(&certified(CERTIFIED, chain)).await.unwrap();
    }
    let (code, verdict, message) = azure.refusal(&certified(FEDERATED, false)).await;
    assert_eq!((code, verdict), (Code::SignInCredentialRefused, Verdict::Refused));
    assert!(message.contains("The key was not found"), "{message}");
    let (code, ..) = azure.refusal(&certified(Uuid::from_u128(1), false)).await;
    assert_eq!(code, Code::SignInAppUnknown);
    // A clock that is an hour behind.
    azure.theirs.advance(3600);
    let (code, _, message) = azure.refusal(&certified(CERTIFIED, false)).await;
    assert_eq!(code, Code::SignInClockOff);
    assert!(message.contains("valid time range"), "{message}");
}

#[test]
fn what_is_no_certificate_says_what_to_do() {
    use ClientCertificateError::{Encrypted, KeyUnfit, Mismatch, NoCertificate, NoKey, Pfx};
    let curve = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let encrypted = KEY.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let read = |pem: &str, key: Option<&str>| {
        ClientCertificate::from_pem(pem.as_bytes(), key.map(str::as_bytes), false)
    };
    for (pem, key, error) in [
        ("", None, NoCertificate),
        (KEY, None, NoCertificate),
        (CERTIFICATE, None, NoKey),
        (CERTIFICATE, Some(CERTIFICATE), NoKey),
        (CERTIFICATE, Some(curve.as_str()), KeyUnfit),
        (CERTIFICATE, Some(encrypted.as_str()), Encrypted),
        (CERTIFICATE, Some(ISSUER), Mismatch),
    ] {
        assert_eq!(read(pem, key).unwrap_err(), error);
    }
    let pfx = [0x30, 0x82, 0x09, 0xdf, 0x02, 0x01, 0x03, 0x30, 0x82];
    let error = ClientCertificate::from_pem(&pfx, None, false).unwrap_err();
    assert_eq!(error, Pfx);
    assert!(error.to_string().contains("openssl pkcs12 -in FILE.pfx -nodes"));
    let good = read(CERTIFICATE, Some(KEY)).unwrap();
    assert_eq!(good.not_after().unwrap().to_rfc3339(), "2126-10-30T22:58:40+00:00");
    assert_eq!(format!("{good:?}"), format!("ClientCertificate({})", good.thumbprint()));
}

/// A token that the issuer of GitHub gives, or what else it says.
async fn issued(azure: &Azure) -> String {
    let url = format!("{}/actions/token?audience=api://AzureADTokenExchange", azure.url("login"));
    let request = http::Request::get(url).header("authorization", format!("Bearer {JOB}"));
    let transport = HttpsTransport::new(&HttpsSettings::default(), Arc::new(SystemClock)).unwrap();
    let answer = transport.send(request.body(Bytes::new()).unwrap()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    body["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_file_is_read_anew_at_each_exchange() {
    let azure = Azure::open().await;
    let file = azure.file("token");
    let credential =
        Credential::Federated { client_id: FEDERATED, source: FederatedSource::File(file.clone()) };
    let (code, verdict, message) = azure.refusal(&credential).await;
    assert_eq!((code, verdict), (Code::SignInSourceUnavailable, Verdict::NotSent));
    assert!(message.contains("cannot be read"), "{message}");
    for empty in ["", "  \n", "no token", "a.b"] {
        std::fs::write(&file, empty).unwrap();
        assert_eq!(azure.refusal(&credential).await.0, Code::SignInSourceUnavailable, "{empty:?}");
    }
    std::fs::write(&file, format!("{}\n", issued(&azure).await)).unwrap();
    let client = azure.client(credential);
    client.graph().subscribed_skus().await.unwrap();
    // The first token of the file has ended by the time the access token does; the second one is there by then.
    azure.pass(3599);
    let late = client.graph().subscribed_skus().await.unwrap_err().failure;
    assert_eq!(late.code, Code::SignInClockOff);
    std::fs::write(&file, issued(&azure).await).unwrap();
    client.graph().subscribed_skus().await.unwrap();
}

#[tokio::test]
async fn a_job_of_github_signs_in_by_its_own_token() {
    let azure = Azure::open().await;
    let job = |client_id, token| Credential::Federated { client_id, source: azure.job(token) };
    azure.call(&job(FEDERATED, JOB)).await.unwrap();
    // An application that trusts nobody; and a job that may not ask.
    let (code, _, message) = azure.refusal(&job(CERTIFIED, JOB)).await;
    assert_eq!(code, Code::SignInCredentialRefused);
    assert!(message.contains("No matching federated identity"), "{message}");
    let (code, verdict, message) = azure.refusal(&job(FEDERATED, "another-canary")).await;
    assert_eq!((code, verdict), (Code::SignInCredentialRefused, Verdict::Refused));
    assert!(!message.contains("canary"), "{message}");
}

#[tokio::test]
async fn a_managed_identity_is_given_tokens_by_its_platform() {
    let azure = Azure::open().await;
    let metadata = || IdentityEndpoint::Metadata(azure.url("login").parse().unwrap());
    let identity = |client_id, endpoint| Credential::ManagedIdentity { client_id, endpoint };
    for client_id in [None, Some(ASSIGNED)] {
        azure.call(&identity(client_id, metadata())).await.unwrap();
        azure.call(&identity(client_id, azure.app_service(HEADER))).await.unwrap();
    }
    let refused = (Code::SignInCredentialRefused, Verdict::Refused);
    for (client_id, endpoint) in [
        (Some(CERTIFIED), metadata()),
        (Some(CERTIFIED), azure.app_service(HEADER)),
        (None, azure.app_service("other-canary")),
    ] {
        let (code, verdict, message) = azure.refusal(&identity(client_id, endpoint)).await;
        assert_eq!((code, verdict), refused, "{message}");
        assert!(message.contains("The endpoint of the managed identity answered HTTP 40"), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    // Nobody there: this is no virtual machine.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let alone = identity(None, IdentityEndpoint::Metadata(url.parse().unwrap()));
    let (code, verdict, _) = azure.refusal(&alone).await;
    assert_eq!((code, verdict), (Code::SignInSourceUnavailable, Verdict::NotSent));
}

#[tokio::test]
async fn a_token_whose_end_is_told_is_renewed_at_four_fifths_of_its_life() {
    let azure = Azure::open().await;
    let credential = Credential::ManagedIdentity { client_id: None, endpoint: azure.app_service(HEADER) };
    let client = azure.client(credential);
    for (seconds, questions) in [(0, 1), (2878, 1), (2, 2)] {
        azure.pass(seconds);
        client.graph().subscribed_skus().await.unwrap();
        assert_eq!(azure.questions(0), questions, "after {seconds} more");
    }
}

#[test]
fn an_address_that_vouches_for_us_is_near_or_encrypted() {
    let parse = |text: &str| text.parse::<seatless::cloud::SourceUrl>();
    for good in ["http://169.254.169.254", "http://127.0.0.1:41741/msi/token", "https://x.example/a?b=c"] {
        parse(good).unwrap();
    }
    for bad in
        ["http://10.0.0.4/x", "http://metadata.example", "ftp://localhost", "https://me@x.example", "x"]
    {
        parse(bad).unwrap_err();
    }
    assert!(!format!("{:?}", parse("https://x.example/a?token=canary").unwrap()).contains("canary"));
}

/// A stand-in for `az`: a script of the shell.
#[cfg(unix)]
fn az(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_azure_cli_is_asked_with_a_deadline_and_never_quoted() {
    let azure = Azure::open().await;
    let program = azure.file("az");
    let credential = |deadline| Credential::AzureCli { program: program.clone(), deadline };
    let patient = credential(Duration::from_secs(30));
    let unavailable = |found: (Code, Verdict, String), said: &str| {
        assert_eq!((found.0, found.1), (Code::SignInSourceUnavailable, Verdict::NotSent), "{}", found.2);
        assert!(found.2.contains(said) && !found.2.contains("canary"), "{}", found.2);
    };
    unavailable(azure.refusal(&patient).await, "cannot be run");

    // A token of the simulator's, as the CLI would have got it for whoever is signed in.
    let metadata = format!(
        "{}/metadata/identity/oauth2/token?api-version=1&resource=https://graph.microsoft.com",
        azure.url("login")
    );
    let request = http::Request::get(metadata).header("metadata", "true").body(Bytes::new()).unwrap();
    let transport = HttpsTransport::new(&HttpsSettings::default(), Arc::new(SystemClock)).unwrap();
    let answer = transport.send(request).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    let token = answer["access_token"].as_str().unwrap();
    let printed = |tenant: Uuid| {
        let end = azure.ours.now().timestamp() + 3600;
        format!(
            r#"{{"accessToken":"{token}","expiresOn":"2026-01-01 02:00:00.000000","expires_on":{end},"subscription":"x","tenant":"{tenant}","tokenType":"Bearer"}}"#
        )
    };
    let seen = azure.file("seen");
    az(&program, &format!("echo \"$@\" > '{}'\ncat <<'END'\n{}\nEND", seen.display(), printed(TENANT)));
    azure.call(&patient).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&seen).unwrap(),
        format!(
            "account get-access-token --output json --scope https://graph.microsoft.com/.default --tenant {TENANT}\n"
        )
    );
    az(&program, &format!("cat <<'END'\n{}\nEND", printed(SYSTEM)));
    unavailable(azure.refusal(&patient).await, "another tenant");
    az(&program, "echo canary; echo canary >&2; exit 1");
    unavailable(azure.refusal(&patient).await, "az login --tenant");
    az(&program, "echo canary");
    unavailable(azure.refusal(&patient).await, "printed no token");
    az(&program, "exec sleep 600");
    unavailable(azure.refusal(&credential(Duration::from_millis(200))).await, "did not end within");
}
