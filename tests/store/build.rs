//! Builders that read like a sentence.

use seatless::domain::{Account, Membership, NewRequest, OnExisting, Pinned, SkuId, UserPrincipalName};
use uuid::Uuid;

/// The license that requests ask for unless they say otherwise.
pub const SALES: SkuId = SkuId(Uuid::from_u128(0x5a1e5));
/// Another license.
pub const SERVICE: SkuId = SkuId(Uuid::from_u128(0x5e41ce));

/// `ask("ada").in_environment("dev")`: a request in the making.
#[derive(Clone, Debug)]
pub struct Ask {
    pub tenant: &'static str,
    pub environment: String,
    pub name: String,
    pub surname: String,
    pub license: SkuId,
    pub priority: i32,
    pub note: Option<String>,
}

/// A request for a user name, in the environment `dev` of the tenant `contoso`.
pub fn ask(name: impl Into<String>) -> Ask {
    Ask {
        tenant: "contoso",
        environment: "dev".to_owned(),
        name: name.into(),
        surname: "Lovelace".to_owned(),
        license: SALES,
        priority: 0,
        note: None,
    }
}

impl Ask {
    pub fn in_environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = environment.into();
        self
    }

    pub fn of_tenant(mut self, tenant: &'static str) -> Self {
        self.tenant = tenant;
        self
    }

    pub fn with_surname(mut self, surname: &str) -> Self {
        self.surname = surname.to_owned();
        self
    }

    pub fn with_license(mut self, license: SkuId) -> Self {
        self.license = license;
        self
    }

    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    pub fn with_note(mut self, note: &str) -> Self {
        self.note = Some(note.to_owned());
        self
    }

    pub fn request(&self) -> NewRequest {
        let name = format!("{}@{}.com", self.name, self.tenant);
        NewRequest {
            tenant: self.tenant.to_owned(),
            environment: self.environment.clone(),
            pinned: Pinned {
                tenant_id: Uuid::from_u128(0x7e7a),
                environment_id: Uuid::from_u128(0xe417),
                dataverse_origin: format!("https://{}.crm4.dynamics.com", self.environment),
            },
            account: Account {
                user_principal_name: UserPrincipalName::parse(&name).expect("test names are acceptable"),
                display_name: format!("{} {}", self.name, self.surname),
                given_name: self.name.clone(),
                surname: self.surname.clone(),
                usage_location: "GB".to_owned(),
                license: self.license,
            },
            membership: Membership {
                business_unit: Some("Root \"quoted\"".to_owned()),
                security_roles: vec!["Basic User".to_owned(), "Vertrieb – Süd".to_owned()],
                on_existing: OnExisting::Adopt,
            },
            priority: self.priority,
            external_id: Some(format!("ticket-{}", self.name)),
            note: self.note.clone(),
        }
    }
}
