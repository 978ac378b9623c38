//! A config for a simulated world: how a newcomer's first config reaches the simulator instead of Microsoft.

use crate::domain::Policy;
use crate::simulator::{World, WorldTenant};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// Where a simulator answers.
pub(super) struct Addresses {
    pub(super) scheme: &'static str,
    pub(super) address: SocketAddr,
    /// The certificate authority's file, for HTTPS.
    pub(super) ca_file: Option<String>,
}

impl Addresses {
    /// Plain HTTP.
    pub(super) const fn http(address: SocketAddr) -> Self {
        Self { scheme: "http", address, ca_file: None }
    }

    fn url(&self, host: &str) -> String {
        format!("{}://{host}.localhost:{}", self.scheme, self.address.port())
    }
}

/// The config that reaches every tenant and environment of `world`. Its secrets are the world's own: they open nothing real.
pub(super) fn render(world: &World, addresses: &Addresses) -> String {
    let mut text =
        String::from("# Reaches the simulator instead of Microsoft. Its secrets open nothing real.\n");
    let _ = write!(
        text,
        "\n[clouds.simulator]\nsign_in_url = \"{}\"\ngraph_url = \"{}\"\npower_platform_url = \"{}\"\n",
        addresses.url("login"),
        addresses.url("graph"),
        addresses.url("bap")
    );
    if let Some(file) = &addresses.ca_file {
        let _ = writeln!(text, "ca_file = {}", quoted(file));
    }
    for tenant in &world.tenants {
        tenant_section(&mut text, tenant);
        for environment in &tenant.environments {
            let _ = write!(
                text,
                "\n[environments.{}]\ntenant = {}\nurl = \"{}\"\nid = \"{}\"\n",
                quoted(&environment.name),
                quoted(&tenant.name),
                addresses.url(&format!("{}.crm", environment.host)),
                environment.id
            );
            if let Some(sku) = tenant.skus.first() {
                let _ = writeln!(text, "license = \"{}\"", sku.sku_id);
            }
        }
    }
    text
}

fn tenant_section(text: &mut String, tenant: &WorldTenant) {
    let _ = write!(
        text,
        "\n[tenants.{}]\nid = \"{}\"\ncloud = \"simulator\"\nusage_location = \"GB\"\n",
        quoted(&tenant.name),
        tenant.id
    );
    if let Some(app) = tenant.apps.first() {
        let _ = write!(
            text,
            "[tenants.{}.sign_in]\nclient_id = \"{}\"\nclient_secret = {}\n",
            quoted(&tenant.name),
            app.client_id,
            quoted(&app.client_secret)
        );
    }
}

/// A TOML string; the escapes of JSON are a part of TOML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The policy at another speed. Call deadlines, the drain and the level check stay as in life.
pub(super) fn hurried(speed: f64) -> String {
    let policy = Policy::default();
    let durations: [(&str, Duration); 22] = [
        ("retry_first", policy.retry_first),
        ("retry_last", policy.retry_last),
        ("retry_after_min", policy.retry_after_min),
        ("retry_after_max", policy.retry_after_max),
        ("absence_window", policy.absence_window),
        ("sync_first", policy.sync_first),
        ("sync_eager", policy.sync_eager),
        ("sync_later", policy.sync_later),
        ("poll_first", policy.poll_first),
        ("poll_last", policy.poll_last),
        ("impersonate_after", policy.impersonate_after),
        ("propagation_warn", policy.propagation_warn),
        ("propagation_deadline", policy.propagation_deadline),
        ("parked_seat", policy.parked_seat),
        ("settle", policy.settle),
        ("capacity_read", policy.capacity_read),
        ("seat_cool_down", policy.seat_cool_down),
        ("sweep", policy.sweep),
        ("recheck", policy.recheck),
        ("watch_first", policy.watch_first),
        ("watch_second", policy.watch_second),
        ("watch_every", policy.watch_every),
    ];
    let mut text = format!("\n# Durations of life, divided by {speed}.\n[policy]\n");
    let replication = ("replication", policy.replication);
    for (name, duration) in durations.into_iter().chain([replication]) {
        let _ = writeln!(text, "{name}_seconds = {:.6}", duration.as_secs_f64() / speed);
    }
    text
}
