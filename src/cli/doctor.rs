//! `seatless doctor`: whether everything that the config names is ready, and what to do where it is not.

use super::args::{DoctorArgs, Output};
use super::context::Context;
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::terminal::{Palette, visible};
use super::trouble::Trouble;
use crate::app::doctor::{Finding, Health, examine, needed, required_resource_access};
use crate::app::settings::Settings;
use serde_json::{Value, json};
use std::io::{BufWriter, Write};

const HEADER: [&str; 7] = ["tenant", "environment", "check", "health", "message", "remedy", "code"];

pub(super) async fn run(context: &Context, args: &DoctorArgs) -> Result<Exit, Trouble> {
    let out = &mut BufWriter::new(std::io::stdout());
    if args.permissions {
        permissions(out, args.output, &context.settings)?;
        out.flush()?;
        return Ok(Exit::Ok);
    }
    if context.settings.tenants.is_empty() {
        return Err(Trouble::usage("The config names no tenant.")
            .hint("`seatless init` writes a config with every key"));
    }
    let findings = examine(&context.settings, &context.clock, &context.ids).await?;
    match args.output {
        Output::Table => output::page(out, findings.iter().map(|it| line(it, Palette::of_stdout())))?,
        Output::Csv => output::csv(out, HEADER, findings.iter().map(record))?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values = findings.iter().map(output::value).collect::<Result<_, _>>()?;
            output::documents(out, args.output, "findings", values)?;
        }
    }
    out.flush()?;
    Ok(exit_of(&findings))
}

/// The worst that was found: no right outranks what is wrong, and that outranks a lack of seats or slots.
fn exit_of(findings: &[Finding]) -> Exit {
    match findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Ok) {
        Health::Ok | Health::Note => Exit::Ok,
        Health::Unseen | Health::Wrong => Exit::Failure,
        Health::Full => Exit::Shortage,
        Health::Forbidden => Exit::Unauthorized,
    }
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Note => "note",
        Health::Unseen => "unseen",
        Health::Full => "full",
        Health::Wrong => "wrong",
        Health::Forbidden => "forbidden",
    }
}

fn line(finding: &Finding, palette: Palette) -> String {
    let style = match finding.health {
        Health::Ok => palette.good(),
        Health::Note | Health::Unseen => palette.slow(),
        Health::Full | Health::Wrong | Health::Forbidden => palette.bad(),
    };
    let place = match &finding.environment {
        Some(environment) => format!("{}/{environment}", finding.tenant),
        None => finding.tenant.clone(),
    };
    let said = format!("{place} {}: {}", finding.check, finding.message);
    let remedy = finding.remedy.as_ref().map(|remedy| format!(" To do: {remedy}")).unwrap_or_default();
    format!("{} {}", style.apply_to(word(finding.health)), visible(&format!("{said}{remedy}")))
}

fn record(finding: &Finding) -> [String; 7] {
    [
        finding.tenant.clone(),
        finding.environment.clone().unwrap_or_default(),
        finding.check.to_owned(),
        word(finding.health).to_owned(),
        finding.message.clone(),
        finding.remedy.clone().unwrap_or_default(),
        finding.code.unwrap_or_default().to_owned(),
    ]
}

/// The manifest of the application, and what an administrator types.
fn permissions(out: &mut impl Write, form: Output, settings: &Settings) -> Result<(), Trouble> {
    let needed = needed(settings);
    let manifest = required_resource_access(&needed);
    let commands = [
        "az ad app update --id CLIENT_ID --required-resource-accesses @manifest.json",
        "az ad app permission admin-consent --id CLIENT_ID",
        "New-PowerAppManagementApp -ApplicationId CLIENT_ID",
        "pac admin assign-user --environment ENVIRONMENT_ID --user CLIENT_ID --role \"System Administrator\" --application-user",
    ];
    if form != Output::Table {
        let names: Vec<Value> =
            needed.iter().map(|it| json!({ "name": it.name, "id": it.id, "purpose": it.purpose })).collect();
        let all = json!({
            "schema_version": SCHEMA_VERSION, "permissions": names,
            "required_resource_access": manifest, "commands": commands,
        });
        return output::document(out, form, all);
    }
    writeln!(out, "Application permissions of Microsoft Graph for the features that are on:")?;
    for permission in &needed {
        writeln!(out, "  {:<36} {}", permission.name, permission.purpose)?;
    }
    writeln!(out, "\nmanifest.json (requiredResourceAccess of the application):")?;
    output::document(out, Output::Json, manifest)?;
    writeln!(
        out,
        "\nAn administrator types, the third with Microsoft.PowerApps.Administration.PowerShell, the last once per environment:"
    )?;
    for command in commands {
        writeln!(out, "  {command}")?;
    }
    Ok(())
}
