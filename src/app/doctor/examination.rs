//! Looks at everything that the config names.

use super::environment;
use super::finding::{About, Finding, Health};
use super::tenant;
use crate::app::settings::Settings;
use crate::app::wiring::{WiringError, places_for};
use crate::domain::{Clock, Ids};
use futures_util::{StreamExt, stream};
use std::sync::Arc;

/// How many environments are looked at side by side.
const CONCURRENT_MAX: usize = 4;

/// Looks at each tenant and environment of the config. Nothing is changed anywhere.
///
/// # Errors
/// When the config cannot be put to work at all, such as for a certificate authority that cannot be read.
pub async fn examine(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> Result<Vec<Finding>, WiringError> {
    let mut usable = settings.clone();
    usable.tenants.retain(|_, tenant| tenant.sign_in.credential.is_some());
    let places = places_for(&usable, clock, ids)?;
    let mut findings = Vec::new();
    for (name, tenant) in &settings.tenants {
        let about = About { tenant: name, environment: None };
        let Some(place) = places.tenants.get(name) else {
            findings.push(incomplete(settings, about));
            continue;
        };
        let (found, signed_in) = tenant::examine(settings, about, tenant, place, &**clock).await;
        findings.extend(found);
        if !signed_in {
            continue;
        }
        let environments = settings.environments.iter().filter(|(_, it)| it.tenant == *name);
        let looks = environments.filter_map(|(environment, of)| {
            let about = About { tenant: name, environment: Some(environment) };
            let place = places.environments.get(environment)?;
            Some(environment::examine(settings, about, of, place, places.tenants.get(name)?))
        });
        let looks: Vec<_> = looks.collect();
        let found: Vec<Vec<Finding>> = stream::iter(looks).buffered(CONCURRENT_MAX).collect().await;
        findings.extend(found.into_iter().flatten());
    }
    Ok(findings)
}

/// The finding about a tenant whose credential is not there.
fn incomplete(settings: &Settings, about: About<'_>) -> Finding {
    let section = format!("tenants.{}.", about.tenant);
    let faults = settings.require_secrets().err().map(|error| error.faults).unwrap_or_default();
    let of_tenant = |key: &Option<String>| key.as_ref().is_some_and(|key| key.starts_with(&section));
    let said = faults.iter().find(|fault| of_tenant(&fault.key)).map(ToString::to_string);
    let message = said.unwrap_or_else(|| "What signing in takes is not there.".to_owned());
    about.finds("sign-in", Health::Forbidden, message).remedy("Complete sign_in of the tenant in the config.")
}
