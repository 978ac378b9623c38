//! Requests in bulk: one user each, at most seven to an environment.

use seatless::domain::{
    Account, BatchId, Clock, Ids, Membership, NewRequest, OnExisting, Pinned, RequestId, SkuId, UserId,
    UserPrincipalName,
};
use seatless::store::{Actor, BatchDraft, Intake, Origin, StagedRequest};
use uuid::Uuid;

/// What a non-interactive account needs on the way.
pub(crate) const LICENSE: &str = "1e1a282c-9c54-43a2-9310-98ef728faace";

/// How many requests are staged, and handed over, at a time.
const CHUNK: usize = 2_000;

/// Who asks for the crowd.
pub(crate) fn actor() -> Actor {
    Actor { name: "bench".to_owned(), origin: Origin::Cli }
}

/// In which order a list names its environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each bench uses its part")]
pub(crate) enum Listed {
    /// One request of each environment in turn: the requests of one lie far apart.
    InTurn,
    /// All of one environment, then all of the next.
    ByEnvironment,
}

/// So many requests in so many environments of so many tenants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// Sets the users and environments of one crowd apart from those of another.
    pub(crate) wave: u32,
    /// How many requests.
    pub(crate) requests: u32,
    /// Over how many environments.
    pub(crate) environments: u32,
    /// Of how many tenants.
    pub(crate) tenants: u32,
    /// In which order.
    pub(crate) listed: Listed,
}

impl Crowd {
    /// The tenant of an environment.
    pub(crate) fn tenant_of(&self, environment: u32) -> u32 {
        environment % self.tenants
    }

    /// One request of the crowd.
    pub(crate) fn request(&self, number: u32) -> NewRequest {
        let place = match self.listed {
            Listed::InTurn => number % self.environments,
            Listed::ByEnvironment => number * self.environments / self.requests,
        };
        let environment = self.wave * self.environments + place;
        let tenant = self.tenant_of(environment);
        let name = format!("svc-{}-{number}@tenant-{tenant}.example", self.wave);
        NewRequest {
            tenant: tenant_name(tenant),
            environment: environment_name(environment),
            pinned: Pinned {
                tenant_id: tenant_id(tenant),
                environment_id: environment_id(environment),
                dataverse_origin: dataverse_origin(environment),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse(&name).expect("a plain name"),
                display_name: format!("Service {number}"),
                given_name: "Service".to_owned(),
                surname: format!("Number {number}"),
                usage_location: "GB".to_owned(),
                license: SkuId(Uuid::parse_str(LICENSE).expect("a product id")),
            },
            membership: Membership {
                business_unit: None,
                security_roles: vec!["Service Reader".to_owned()],
                on_existing: OnExisting::Block,
            },
            priority: 0,
            external_id: None,
            note: None,
        }
    }

    /// All of it, through the intake's own verbs, up to the lanes.
    pub(crate) async fn submit(&self, store: &impl Intake, clock: &dyn Clock, ids: &dyn Ids) {
        let batch = BatchId(ids.fresh());
        let draft = BatchDraft { id: batch, source: "the crowd".to_owned(), actor: actor(), at: clock.now() };
        store.open_batch(draft).await.expect("a batch");
        let numbers: Vec<u32> = (0..self.requests).collect();
        for chunk in numbers.chunks(CHUNK) {
            let staged = chunk
                .iter()
                .map(|number| StagedRequest {
                    id: RequestId(ids.fresh()),
                    user: UserId(ids.fresh()),
                    line: u64::from(*number) + 2,
                    asked: self.request(*number),
                })
                .collect();
            let report = store.stage(batch, staged, clock.now()).await.expect("a staged chunk");
            assert_eq!(report.added, chunk.len() as u64, "{report:?}");
        }
        store.accept(batch, clock.now()).await.expect("an accepted batch");
        while store.promote(CHUNK as u32, clock.now()).await.expect("a promotion") {}
    }
}

/// A tenant's name.
pub(crate) fn tenant_name(tenant: u32) -> String {
    format!("tenant-{tenant}")
}

/// A tenant's id in Microsoft Entra.
pub(crate) fn tenant_id(tenant: u32) -> Uuid {
    Uuid::from_u128(0x1111_1111_1111_4111_8111_0000_0000_0000 + u128::from(tenant))
}

/// An environment's name, which is its host's first label as well.
pub(crate) fn environment_name(environment: u32) -> String {
    format!("env-{environment:05}")
}

/// An environment's id in Power Platform.
pub(crate) fn environment_id(environment: u32) -> Uuid {
    Uuid::from_u128(0x3333_3333_3333_4333_8333_0000_0000_0000 + u128::from(environment))
}

/// The address of an environment's Dataverse.
pub(crate) fn dataverse_origin(environment: u32) -> String {
    format!("https://{}.crm4.dynamics.com", environment_name(environment))
}
