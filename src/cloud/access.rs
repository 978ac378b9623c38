//! Who we are at a tenant, and where its services live.

use super::{Credential, Origin};
use std::time::Duration;
use uuid::Uuid;

/// Where the services of one Microsoft cloud live, and what their tokens are for.
///
/// Every part is configurable, because sources disagree on some national clouds (API notes §1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudOrigins {
    /// The token endpoint, such as `https://login.microsoftonline.com`.
    pub sign_in: Origin,
    /// Microsoft Graph, such as `https://graph.microsoft.com`.
    pub graph: Origin,
    /// The administration of Power Platform, such as `https://api.bap.microsoft.com`.
    pub power_platform: Origin,
    /// The scope of Graph's tokens: one resource and `/.default`.
    pub graph_scope: String,
    /// The scope of Power Platform's tokens, such as `https://service.powerapps.com/.default`.
    pub power_platform_scope: String,
}

/// Our application in one tenant.
#[derive(Clone, Debug)]
pub struct TenantAccess {
    /// The directory's id.
    pub tenant_id: Uuid,
    /// By what our application proves who it is there.
    pub credential: Credential,
    /// The cloud the tenant lives in.
    pub cloud: CloudOrigins,
}

/// Bounds on what a service may ask of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The shortest wait that a `Retry-After` can mean.
    pub retry_after_min: Duration,
    /// The longest wait that a `Retry-After` can mean.
    pub retry_after_max: Duration,
}

impl Default for Limits {
    /// 1 second to 15 minutes.
    fn default() -> Self {
        Self { retry_after_min: Duration::from_secs(1), retry_after_max: Duration::from_secs(15 * 60) }
    }
}

/// A service at one origin, and the scope its tokens are for.
///
/// A token is asked for with one of these and is only ever sent to the origin inside it. Only this crate's own typed
/// clients are given one, so a Graph token cannot be handed to an environment.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    origin: Origin,
    scope: String,
}

impl Audience {
    pub(super) fn graph(cloud: &CloudOrigins) -> Self {
        Self { origin: cloud.graph.clone(), scope: cloud.graph_scope.clone() }
    }

    pub(super) fn power_platform(cloud: &CloudOrigins) -> Self {
        Self { origin: cloud.power_platform.clone(), scope: cloud.power_platform_scope.clone() }
    }

    /// An environment's scope is its own address (API notes §1.5), so origin and token cannot differ.
    pub(super) fn dataverse(origin: Origin) -> Self {
        let scope = format!("{origin}/.default");
        Self { origin, scope }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn scope(&self) -> &str {
        &self.scope
    }

    /// The resource of the scope, for those who are asked by resource.
    pub(super) fn resource(&self) -> &str {
        self.scope.strip_suffix("/.default").unwrap_or(&self.scope)
    }
}
