//! Looks at one tenant.

use super::finding::{About, Finding, Health};
use super::permissions::{needed, weigh};
use crate::app::settings::{Settings, TenantSettings};
use crate::cloud::Credential;
use crate::domain::{Clock, SkuId};
use crate::provisioning::TenantPlace;
use chrono::TimeDelta;

/// From so many seconds on, a clock that is off is worth a word; Entra tolerates five minutes.
const SKEW_NOTED: i64 = 60;
const SKEW_TOLERATED: i64 = 300;

/// How long before its end a certificate is worth a word.
const ENDING: TimeDelta = TimeDelta::days(30);

/// Looks at one tenant; and whether it could be signed in to.
pub(super) async fn examine(
    settings: &Settings,
    about: About<'_>,
    tenant: &TenantSettings,
    place: &TenantPlace,
    clock: &dyn Clock,
) -> (Vec<Finding>, bool) {
    let mut findings = vec![clocks(about, place).await];
    findings.extend(ending(about, tenant, clock));
    let graph = place.client.graph();
    let roles = match graph.roles().await {
        Ok(roles) => roles,
        Err(failure) => {
            findings.push(about.failed("sign-in", &failure));
            return (findings, false);
        }
    };
    let kind = tenant.sign_in.kind.name();
    findings.push(about.finds("sign-in", Health::Ok, format!("Signed in by {kind}.")));
    findings.extend(match roles {
        Some(roles) => permissions(settings, about, &roles),
        None => vec![about.finds("permissions", Health::Note, "The token does not tell its permissions.")],
    });
    match graph.subscribed_skus().await {
        Ok(skus) => {
            for sku in &place.licenses {
                let found = skus.iter().find(|it| it.sku == *sku).map(|it| {
                    (it.part_number.as_str(), it.enabled.saturating_sub(it.consumed).max(0), it.enabled)
                });
                findings.push(seats(about, *sku, found));
            }
        }
        Err(failure) => findings.push(about.failed("seats", &failure)),
    }
    (findings, true)
}

async fn clocks(about: About<'_>, place: &TenantPlace) -> Finding {
    let skew = match place.client.clock_skew().await {
        Ok(Some(skew)) => skew.num_seconds(),
        Ok(None) => {
            return about.finds("clock", Health::Unseen, "The sign-in service does not tell the time.");
        }
        Err(failure) => return about.failed("clock", &failure),
    };
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    let message = format!("This host's clock is {} s {direction} Microsoft's.", skew.abs());
    let remedy = "Have the host's clock set by NTP (chrony or systemd-timesyncd).";
    match skew.abs() {
        0..SKEW_NOTED => about.finds("clock", Health::Ok, "This host's clock agrees with Microsoft's."),
        SKEW_NOTED..SKEW_TOLERATED => about.finds("clock", Health::Note, message).remedy(remedy),
        _ => about.finds("clock", Health::Wrong, message).remedy(remedy),
    }
}

/// When the credential ends, as far as it can be read without a further permission.
fn ending(about: About<'_>, tenant: &TenantSettings, clock: &dyn Clock) -> Option<Finding> {
    let Some(Credential::Certificate { certificate, .. }) = &tenant.sign_in.credential else { return None };
    let end = certificate.not_after()?;
    let date = end.format("%Y-%m-%d");
    let remedy = "Make a new certificate, upload it for the application, and put it where the config points.";
    let left = end - clock.now();
    Some(if left <= TimeDelta::zero() {
        about
            .finds("credential-end", Health::Forbidden, format!("The certificate ended on {date}."))
            .remedy(remedy)
    } else if left <= ENDING {
        about.finds("credential-end", Health::Note, format!("The certificate ends on {date}.")).remedy(remedy)
    } else {
        about.finds("credential-end", Health::Ok, format!("The certificate is good until {date}."))
    })
}

fn permissions(
    settings: &Settings,
    about: About<'_>,
    roles: &std::collections::BTreeSet<String>,
) -> Vec<Finding> {
    let needed = needed(settings);
    let held = weigh(&needed, roles);
    let mut findings = Vec::new();
    for lacking in &held.lacking {
        let message = format!("{} is lacking, for {}.", lacking.name, lacking.purpose);
        let remedy =
            "Add it to the application and grant admin consent; `seatless doctor --permissions` prints how.";
        findings.push(about.finds("permissions", Health::Forbidden, message).remedy(remedy));
    }
    if held.lacking.is_empty() {
        let names: Vec<&str> = needed.iter().map(|it| it.name).collect();
        let message = format!("The application may do what it needs to: {}.", names.join(", "));
        findings.push(about.finds("permissions", Health::Ok, message));
    }
    if !held.needless.is_empty() {
        let message = format!("Nothing needs {}.", held.needless.join(", "));
        findings
            .push(about.finds("permissions", Health::Note, message).remedy("Take it off the application."));
    }
    findings
}

fn seats(about: About<'_>, sku: SkuId, found: Option<(&str, i64, i64)>) -> Finding {
    match found {
        None => about
            .finds("seats", Health::Wrong, format!("The tenant has no subscription to the license {sku}."))
            .remedy("Correct the license in the config, or buy it."),
        Some((name, 0, enabled)) => about
            .finds("seats", Health::Full, format!("None of the {enabled} units of {name} is free."))
            .remedy("Buy one, or unassign one that nobody needs; one is enough, it is lent to one account after another."),
        Some((name, free, enabled)) => {
            about.finds("seats", Health::Ok, format!("{free} of {enabled} units of {name} are free."))
        }
    }
}
