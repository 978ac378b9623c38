//! The door to one tenant.

use super::access::{Audience, Limits, TenantAccess};
use super::exchange::Exchange;
use super::failures::{lost, unreadable};
use super::service::Service;
use super::tokens::Tokens;
use super::verdict::{CallFailure, Effect};
use super::wire::Wire;
use super::{Dataverse, Graph, Origin, PowerPlatform, Transport};
use crate::domain::{Clock, Ids, Term};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use http::{Request, header::DATE};
use std::sync::Arc;

/// All services of one tenant over one transport; the typed clients share its tokens. Cheap to clone.
#[derive(Clone)]
pub struct TenantClient {
    wire: Arc<Wire>,
    tokens: Arc<Tokens>,
    term: Option<Term>,
}

impl TenantClient {
    /// A client that signs in with `access`. Nothing is sent before the first call.
    pub fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        access: TenantAccess,
        limits: Limits,
    ) -> Self {
        let wire = Arc::new(Wire { transport, clock, ids, limits });
        Self { tokens: Arc::new(Tokens::new(Arc::clone(&wire), access)), wire, term: None }
    }

    /// The same client, for writes that are begun within `term`: one whose deadline lies beyond its end is not sent.
    #[must_use]
    pub fn within(&self, term: &Term) -> Self {
        Self { term: Some(term.clone()), ..self.clone() }
    }

    /// Microsoft Graph of this tenant.
    pub fn graph(&self) -> Graph {
        Graph::new(self.exchange(Service::Graph, Audience::graph(&self.tokens.access().cloud)))
    }

    /// Power Platform's administration of this tenant.
    pub fn power_platform(&self) -> PowerPlatform {
        let audience = Audience::power_platform(&self.tokens.access().cloud);
        PowerPlatform::new(self.exchange(Service::PowerPlatform, audience))
    }

    /// The environment at `origin`. A token for it is sent there and nowhere else.
    pub fn dataverse(&self, origin: Origin) -> Dataverse {
        Dataverse::new(self.exchange(Service::Dataverse, Audience::dataverse(origin)))
    }

    /// How far this host's clock is ahead of Microsoft's (behind, if negative), by the `Date` of the sign-in service, to which
    /// nothing of ours is shown; `None` when it sends none.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn clock_skew(&self) -> Result<Option<TimeDelta>, CallFailure> {
        let access = self.tokens.access();
        let path = format!("/{}/v2.0/.well-known/openid-configuration", access.tenant_id);
        let request = Request::get(access.cloud.sign_in.at(&path)).body(Bytes::new()).map_err(|_| {
            unreadable(Effect::Read, "The sign-in address in the config makes no request.", &[])
        })?;
        let (id, sent) = self.wire.send(request).await;
        let answer = sent.map_err(|error| lost(&error, Effect::Read, &id))?;
        let date = answer.headers.get(DATE).and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok());
        Ok(date.map(|date| self.wire.clock.now() - date.to_utc()))
    }

    fn exchange(&self, service: Service, audience: Audience) -> Exchange {
        Exchange::new(Arc::clone(&self.wire), Arc::clone(&self.tokens), service, audience, self.term.clone())
    }
}
