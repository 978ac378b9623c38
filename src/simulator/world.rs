//! The description of a cloud as it is before anybody calls it: what a `world.toml` holds.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Several tenants with what is in them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The tenants; names, ids and domains are unique.
    pub tenants: Vec<WorldTenant>,
}

/// One Microsoft Entra tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldTenant {
    /// Name for people.
    pub name: String,
    /// Tenant id.
    pub id: Uuid,
    /// Verified domains; the first is the default.
    pub domains: Vec<String>,
    /// App registrations.
    #[serde(default)]
    pub apps: Vec<WorldApp>,
    /// Subscriptions.
    #[serde(default)]
    pub skus: Vec<WorldSku>,
    /// Users that exist already; none of them is ours.
    #[serde(default)]
    pub users: Vec<WorldUser>,
    /// Security groups.
    #[serde(default)]
    pub groups: Vec<WorldGroup>,
    /// Power Platform environments.
    #[serde(default)]
    pub environments: Vec<WorldEnvironment>,
}

/// One app registration with its service principal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldApp {
    /// Application (client) id.
    pub client_id: Uuid,
    /// The secret's value; empty: it has none.
    #[serde(default)]
    pub client_secret: String,
    /// Consented application permissions, as in a token's `roles`.
    #[serde(default = "usual_roles")]
    pub roles: Vec<String>,
    /// Whether an administrator registered it as a Power Platform management application.
    #[serde(default = "yes")]
    pub powerplatform_registered: bool,
    /// By what else it may prove who it is.
    #[serde(default)]
    pub sign_in: WorldSignIn,
}

/// By what an app may prove who it is, beside its secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldSignIn {
    /// Certificates that were uploaded for it (PEM).
    pub certificates: Vec<String>,
    /// Other issuers whose tokens it trusts.
    pub federated: Vec<WorldIssuer>,
    /// Whether it is the identity of a resource in Azure.
    pub managed: Option<WorldManaged>,
}

/// A federated credential; the simulator plays the issuer as well, with a job that it gives tokens to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldIssuer {
    /// The issuer's address.
    pub issuer: String,
    /// Whom its tokens must be about.
    pub subject: String,
    /// Whom they must be for.
    #[serde(default = "exchange_audience")]
    pub audience: String,
    /// The issuer's private RSA key (PEM, PKCS#8).
    pub key: String,
    /// What a job shows to be given a token at `/actions/token`; empty: there is no job.
    #[serde(default)]
    pub request_token: String,
}

/// A managed identity, at `/metadata/identity/oauth2/token` and `/msi/token`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldManaged {
    /// Whether it is what one gets without naming an identity.
    #[serde(default)]
    pub system_assigned: bool,
    /// What App Service's endpoint wants in `X-IDENTITY-HEADER`; empty: the app runs on no App Service.
    #[serde(default)]
    pub header: String,
}

/// One subscription of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldSku {
    /// Part number such as `DYN365_ENTERPRISE_SALES`.
    pub part_number: String,
    /// SKU id.
    pub sku_id: Uuid,
    /// Seats bought.
    pub enabled: u32,
    /// Seats consumed by people who are not modeled.
    #[serde(default)]
    pub used_by_others: u32,
    /// Whether Dataverse recognizes it, so that it brings a user into environments.
    #[serde(default = "yes")]
    pub dataverse: bool,
    /// Part numbers a user may not hold at the same time.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// Part numbers a user must hold as well.
    #[serde(default)]
    pub requires: Vec<String>,
}

/// A user that exists already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldUser {
    /// User principal name.
    pub upn: String,
    /// Object id; drawn from the seed when absent.
    #[serde(default)]
    pub object_id: Option<Uuid>,
    /// Display name; the user principal name when absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the user is mastered on premises.
    #[serde(default)]
    pub synchronized_from_on_premises: bool,
    /// Whether the user holds an administrator role.
    #[serde(default)]
    pub admin: bool,
    /// Part numbers of licenses held directly (beside `used_by_others`).
    #[serde(default)]
    pub licenses: Vec<String>,
    /// ISO 3166 alpha-2 country.
    #[serde(default)]
    pub usage_location: Option<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldGroup {
    /// Object id.
    pub id: Uuid,
    /// User principal names of the direct members.
    #[serde(default)]
    pub members: Vec<String>,
    /// Part numbers each direct member inherits.
    #[serde(default)]
    pub licenses: Vec<String>,
    /// Whether membership follows a rule, so that nobody can be added by hand.
    #[serde(default)]
    pub dynamic: bool,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldEnvironment {
    /// Display name, also the name of the root business unit.
    pub name: String,
    /// Environment id as Power Platform knows it.
    pub id: Uuid,
    /// Organization id as Dataverse knows it.
    pub organization_id: Uuid,
    /// First label of the host: `contoso-dev` answers on `contoso-dev.crm.…` and `contoso-dev.api.crm.…`.
    pub host: String,
    /// Most non-interactive users allowed (power-platform/admin/create-users: 7).
    #[serde(default = "seven")]
    pub non_interactive_max: u32,
    /// Non-interactive users of other people that exist already.
    #[serde(default)]
    pub non_interactive_others: u32,
    /// Business units below the root.
    #[serde(default)]
    pub business_units: Vec<String>,
    /// Names of the security roles; each has a copy in every business unit. `System Administrator` is always there.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The environment's security group.
    #[serde(default)]
    pub security_group: Option<Uuid>,
    /// Whether the tenant's apps have an application user here.
    #[serde(default = "yes")]
    pub app_user: bool,
    /// What kind of environment it is.
    #[serde(default)]
    pub kind: EnvironmentKind,
    /// Whether it is up.
    #[serde(default)]
    pub state: EnvironmentState,
}

/// Kinds of environment; they differ in who is brought in by the background synchronization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentKind {
    /// Production.
    #[default]
    Production,
    /// Sandbox.
    Sandbox,
    /// Trial: users are added on demand only.
    Trial,
    /// Developer: only its maker gets in.
    Developer,
    /// Dataverse for Teams: on first access.
    Teams,
    /// Without a Dataverse database.
    NoDatabase,
}

/// Whether an environment is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentState {
    /// Up.
    #[default]
    Ready,
    /// In administration mode.
    AdminMode,
    /// Disabled.
    Disabled,
}

/// Why a world cannot be.
#[derive(Debug)]
pub enum WorldError {
    /// The text is not a world.
    Syntax(String),
    /// The world contradicts itself.
    Contradiction(String),
}

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Syntax(text) => write!(f, "the world cannot be read: {text}"),
            Self::Contradiction(text) => write!(f, "the world contradicts itself: {text}"),
        }
    }
}

impl std::error::Error for WorldError {}

impl World {
    /// Reads a world from TOML and checks it.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        let world: Self = toml::from_str(text).map_err(|error| WorldError::Syntax(error.to_string()))?;
        world.check()?;
        Ok(world)
    }

    /// Reads a world from JSON and checks it.
    pub fn from_json(text: &str) -> Result<Self, WorldError> {
        let world: Self =
            serde_json::from_str(text).map_err(|error| WorldError::Syntax(error.to_string()))?;
        world.check()?;
        Ok(world)
    }

    /// Names, ids and hosts are unique, and what refers to something refers to something there is.
    pub fn check(&self) -> Result<(), WorldError> {
        let wrong = |text: String| Err(WorldError::Contradiction(text));
        let mut seen = HashSet::new();
        for tenant in &self.tenants {
            if tenant.domains.is_empty() {
                return wrong(format!("tenant {} has no domain", tenant.name));
            }
            if !seen.insert(tenant.name.to_lowercase()) || !seen.insert(tenant.id.to_string()) {
                return wrong(format!("tenant {} appears twice", tenant.name));
            }
            for environment in &tenant.environments {
                if !seen.insert(format!("host {}", environment.host.to_lowercase())) {
                    return wrong(format!("host {} appears twice", environment.host));
                }
                if !seen.insert(environment.id.to_string()) {
                    return wrong(format!("environment id {} appears twice", environment.id));
                }
                let group = environment.security_group;
                if group.is_some_and(|id| !tenant.groups.iter().any(|group| group.id == id)) {
                    return wrong(format!(
                        "the security group of {} is not in {}",
                        environment.name, tenant.name
                    ));
                }
            }
            for user in &tenant.users {
                if !seen.insert(format!("user {}", user.upn.to_lowercase())) {
                    return wrong(format!("user {} appears twice", user.upn));
                }
            }
            let licenses = tenant.users.iter().flat_map(|user| &user.licenses);
            for part in licenses.chain(tenant.groups.iter().flat_map(|group| &group.licenses)) {
                if !tenant.skus.iter().any(|sku| &sku.part_number == part) {
                    return wrong(format!("tenant {} has no subscription {part}", tenant.name));
                }
            }
        }
        Ok(())
    }
}

fn yes() -> bool {
    true
}

fn seven() -> u32 {
    7
}

fn exchange_audience() -> String {
    "api://AzureADTokenExchange".to_owned()
}

fn usual_roles() -> Vec<String> {
    [
        "User.ReadWrite.All",
        "LicenseAssignment.ReadWrite.All",
        "Organization.Read.All",
        "GroupMember.ReadWrite.All",
    ]
    .map(str::to_owned)
    .to_vec()
}
