//! A simulated cloud behind a port of this machine, and the real client over the real transport.

use crate::script::{CLIENT, SECRET, TENANT, access};
use seatless::app::SystemClock;
use seatless::cloud::{CloudOrigins, HttpsSettings, HttpsTransport, Limits, TenantAccess, TenantClient};
use seatless::domain::{Clock, Ids, Instant};
use seatless::simulator::{
    Delays, Faults, Listening, ManualClock, Refuse, Simulator, TokioSpawn, World, listen,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// The clock of both sides; stands still.
struct Still(Arc<ManualClock>);

impl Clock for Still {
    fn now(&self) -> Instant {
        seatless::simulator::Clock::now(&*self.0)
    }

    fn elapsed(&self) -> Duration {
        (self.now() - Instant::UNIX_EPOCH).to_std().unwrap_or_default()
    }
}

pub(crate) struct Counted(pub(crate) AtomicU64);

impl Ids for Counted {
    fn fresh(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// The origins of a cloud whose services are names under `localhost` at one port.
pub(crate) fn origins(scheme: &str, port: u16) -> CloudOrigins {
    let origin = |name: &str| format!("{scheme}://{name}.localhost:{port}").parse().unwrap();
    CloudOrigins {
        sign_in: origin("login"),
        graph: origin("graph"),
        power_platform: origin("bap"),
        graph_scope: "https://graph.microsoft.com/.default".to_owned(),
        power_platform_scope: "https://service.powerapps.com/.default".to_owned(),
    }
}

/// A simulator that listens, and a tenant in it.
pub(crate) struct Port {
    pub(crate) simulator: Arc<Simulator>,
    address: SocketAddr,
    clock: Arc<ManualClock>,
    _listening: Listening,
}

impl Port {
    pub(crate) async fn open() -> Self {
        let world = format!(
            r#"
            [[tenants]]
            name = "contoso"
            id = "{TENANT}"
            domains = ["contoso.com"]
            [[tenants.apps]]
            client_id = "{CLIENT}"
            client_secret = "{SECRET}"
            roles = ["User.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "GroupMember.ReadWrite.All"]
            [[tenants.environments]]
            name = "uat"
            id = "33333333-3333-4333-8333-333333333333"
            organization_id = "33333333-3333-4333-8333-333333333334"
            host = "uat"
            "#
        );
        let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let world = World::from_toml(&world).unwrap();
        let simulator = Simulator::new(&world, Delays::none(), Faults::default(), 1, clock.clone()).unwrap();
        let simulator = Arc::new(simulator);
        let here = Some("127.0.0.1:0".parse().unwrap());
        let listening = listen(simulator.clone(), here, None, TokioSpawn).await.unwrap();
        Self { simulator, address: listening.http.unwrap(), clock, _listening: listening }
    }

    /// From now on only what is named goes wrong.
    pub(crate) fn refuse(&self, name: &str) {
        let refuse = vec![Refuse::named(name)];
        self.simulator.set_faults(Faults { refuse, ..Faults::default() });
    }

    /// A client that has signed in nowhere yet.
    pub(crate) fn client(&self) -> TenantClient {
        let cloud = origins("http", self.address.port());
        let transport = HttpsTransport::new(&HttpsSettings::default(), Arc::new(SystemClock)).unwrap();
        TenantClient::new(
            Arc::new(transport),
            Arc::new(Still(self.clock.clone())),
            Arc::new(Counted(AtomicU64::new(1))),
            TenantAccess { cloud, ..access() },
            Limits::default(),
        )
    }

    pub(crate) fn environment(&self) -> seatless::cloud::Origin {
        format!("http://uat.crm4.localhost:{}", self.address.port()).parse().unwrap()
    }
}
