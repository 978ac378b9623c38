//! Looks at one environment.

use super::finding::{About, Finding, Health};
use crate::app::settings::{EnvironmentSettings, Settings};
use crate::cloud::{EnvironmentFacts, Origin};
use crate::domain::Code;
use crate::provisioning::{EnvironmentPlace, GroupRule, SLOTS, TenantPlace};

/// Looks at one environment, through Power Platform and through its own door.
pub(super) async fn examine(
    settings: &Settings,
    about: About<'_>,
    environment: &EnvironmentSettings,
    place: &EnvironmentPlace,
    tenant: &TenantPlace,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    match tenant.client.power_platform().environment(&place.id.to_string()).await {
        Ok(facts) => findings.extend(power_platform(about, &facts, place)),
        Err(failure) => {
            let mut finding = about.failed("power-platform", &failure);
            let cloud = settings.tenants.get(about.tenant).map(|tenant| tenant.cloud.as_str());
            let other = crate::app::settings::BUILT_IN.iter().find(|it| Some(it.name) == cloud);
            let other = other.and_then(|it| it.power_platform_scope_instead);
            if let (Code::SignInResourceUnknown | Code::RemoteUnauthorized, Some(scope)) =
                (failure.failure.code, other)
            {
                finding = finding.remedy(format!("Try power_platform_scope = \"{scope}\" under [clouds]."));
            }
            findings.push(finding);
        }
    }
    let units: Vec<String> = environment.business_unit.iter().cloned().collect();
    match tenant.client.dataverse(place.origin.clone()).survey(&environment.security_roles, &units).await {
        Ok(survey) => {
            findings.push(about.finds(
                "application-user",
                Health::Ok,
                "The application is a user there, and may read users, roles and business units.",
            ));
            let same = |name: &str, other: &str| name.to_lowercase() == other.to_lowercase();
            for role in &environment.security_roles {
                if !survey.roles.iter().any(|known| same(&known.name, role)) {
                    let message = format!("There is no security role {role:?}.");
                    let remedy = "Correct security_roles in the config, or make the role there.";
                    findings.push(about.finds("security-roles", Health::Wrong, message).remedy(remedy));
                }
            }
            for unit in &units {
                if !survey.business_units.iter().any(|known| same(&known.name, unit)) {
                    let message = format!("There is no business unit {unit:?}.");
                    let remedy = "Correct business_unit in the config, or make the unit there.";
                    findings.push(about.finds("business-unit", Health::Wrong, message).remedy(remedy));
                }
            }
            let most = place.slots_max.or(survey.non_interactive_max).unwrap_or(SLOTS);
            findings.push(slots(about, survey.non_interactive.len(), most));
        }
        Err(failure) => findings.push(about.failed("application-user", &failure)),
    }
    findings
}

fn power_platform(about: About<'_>, facts: &EnvironmentFacts, place: &EnvironmentPlace) -> Vec<Finding> {
    let wrong =
        |message: String, remedy: &str| about.finds("power-platform", Health::Wrong, message).remedy(remedy);
    let mut findings = Vec::new();
    let elsewhere = facts
        .instance_url
        .as_deref()
        .filter(|url| url.parse::<Origin>().ok().as_ref() != Some(&place.origin));
    if !facts.has_database {
        let remedy = "Name an environment that has one, or add one in the Power Platform admin center.";
        findings.push(wrong("The environment has no Dataverse database.".to_owned(), remedy));
    } else if let Some(url) = elsewhere {
        let message = format!("Power Platform has the environment of this id at {url:?}.");
        findings.push(wrong(message, "Correct url or id of the environment in the config."));
    }
    if !facts.troubles.is_empty() {
        let message = format!("The environment is not ready: {}.", facts.troubles.join(", "));
        let remedy = "Enable it, or end its administration mode, in the Power Platform admin center.";
        findings.push(wrong(message, remedy));
    }
    if findings.is_empty() {
        let message = "The application is registered, and the environment is ready.";
        findings.push(about.finds("power-platform", Health::Ok, message));
    }
    findings.push(match facts.security_group {
        None => about.finds("security-group", Health::Ok, "No security group guards the environment."),
        Some(group) if place.security_group == GroupRule::Join => about.finds(
            "security-group",
            Health::Ok,
            format!("Only direct members of the group {group} get in; Seatless adds the accounts."),
        ),
        Some(group) => about
            .finds(
                "security-group",
                Health::Note,
                format!("Only direct members of the group {group} get in."),
            )
            .remedy("Put the accounts into that group and leave them there (who leaves it is disabled), or set security_group = \"join\"."),
    });
    findings
}

fn slots(about: About<'_>, used: usize, most: u32) -> Finding {
    let message = format!("{used} of {most} non-interactive users are there.");
    if u32::try_from(used).unwrap_or(u32::MAX) < most {
        return about.finds("slots", Health::Ok, message);
    }
    about
        .finds("slots", Health::Full, message)
        .remedy("Disable one that nobody needs, or take another environment.")
}
