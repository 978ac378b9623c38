//! Every key there is. A key stands here because something reads it.

use super::nearest;
use super::path::KeyPath;

/// One key of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its path; `NAME` stands for a name that the operator chooses.
    pub path: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

const fn key(path: &'static str) -> Key {
    Key { path, secret: false }
}

const fn secret(path: &'static str) -> Key {
    Key { path, secret: true }
}

/// Every key, in the order of the commented config.
pub const KEYS: &[Key] = &[
    key("store.url"),
    key("daemon.socket"),
    key("daemon.drain_seconds"),
    key("daemon.log"),
    key("tenants.NAME.id"),
    key("tenants.NAME.cloud"),
    key("tenants.NAME.usage_location"),
    key("tenants.NAME.weight"),
    key("tenants.NAME.sign_in.kind"),
    key("tenants.NAME.sign_in.client_id"),
    secret("tenants.NAME.sign_in.client_secret"),
    key("tenants.NAME.sign_in.client_secret_file"),
    key("tenants.NAME.sign_in.certificate_file"),
    key("tenants.NAME.sign_in.private_key_file"),
    key("tenants.NAME.sign_in.send_chain"),
    key("tenants.NAME.sign_in.token_file"),
    key("tenants.NAME.sign_in.metadata_url"),
    key("tenants.NAME.sign_in.az_program"),
    key("environments.NAME.tenant"),
    key("environments.NAME.url"),
    key("environments.NAME.id"),
    key("environments.NAME.license"),
    key("environments.NAME.slots_max"),
    key("environments.NAME.business_unit"),
    key("environments.NAME.security_roles"),
    key("environments.NAME.security_group"),
    key("clouds.NAME.sign_in_url"),
    key("clouds.NAME.graph_url"),
    key("clouds.NAME.power_platform_url"),
    key("clouds.NAME.graph_scope"),
    key("clouds.NAME.power_platform_scope"),
    key("clouds.NAME.dataverse_domain"),
    key("clouds.NAME.ca_file"),
    key("licenses.NAME.sku"),
    key("licenses.NAME.seats_max"),
    key("credentials.recipients"),
    key("credentials.policy"),
    key("policy.attempts_max"),
    key("policy.claims_max"),
    key("policy.regressions_max"),
    key("policy.absence_looks"),
    key("policy.absence_window_seconds"),
    key("policy.retry_first_seconds"),
    key("policy.retry_last_seconds"),
    key("policy.retry_after_min_seconds"),
    key("policy.retry_after_max_seconds"),
    key("policy.sync_first_seconds"),
    key("policy.sync_eager_seconds"),
    key("policy.sync_later_seconds"),
    key("policy.poll_first_seconds"),
    key("policy.poll_last_seconds"),
    key("policy.impersonate_after_seconds"),
    key("policy.propagation_warn_seconds"),
    key("policy.propagation_deadline_seconds"),
    key("policy.parked_seat_seconds"),
    key("policy.settle_seconds"),
    key("policy.replication_seconds"),
    key("policy.capacity_read_seconds"),
    key("policy.give_up_seconds"),
    key("policy.unwound_user"),
    key("policy.sweep_seconds"),
    key("policy.recheck_seconds"),
    key("policy.seat_cool_down_seconds"),
    key("policy.watch_first_seconds"),
    key("policy.watch_second_seconds"),
    key("policy.watch_every_seconds"),
    key("policy.call_deadline_seconds"),
    key("policy.lease_seconds"),
    key("policy.connect_seconds"),
    key("policy.answer_bytes_max"),
    key("policy.level_check_seconds"),
];

/// The segment that stands for a chosen name.
const NAME: &str = "NAME";

/// What a path is in the schema.
pub(super) enum Place {
    /// A key that takes a value.
    Key(&'static Key),
    /// A table on the way to keys.
    Table,
    /// Nothing; with the nearest key, spelled with the names of the path.
    Unknown(Option<String>),
}

/// Looks a path up.
pub(super) fn place(path: &KeyPath) -> Place {
    let fits = |pattern: &str| {
        pattern.split('.').zip(&path.0).all(|(part, segment)| part == NAME || part == segment)
    };
    let mut is_table = false;
    for key in KEYS.iter().filter(|key| fits(key.path)) {
        match key.path.split('.').count().cmp(&path.0.len()) {
            std::cmp::Ordering::Equal => return Place::Key(key),
            std::cmp::Ordering::Greater => is_table = true,
            std::cmp::Ordering::Less => {}
        }
    }
    if is_table {
        return Place::Table;
    }
    Place::Unknown(nearest_key(path))
}

/// The key that was probably meant: the path up to its first unknown segment, and the nearest segment known there.
fn nearest_key(path: &KeyPath) -> Option<String> {
    let known_length = (0..path.0.len()).rev().find(|length| !children(&path.0[..*length]).is_empty())?;
    let (known, unknown) = path.0.split_at(known_length);
    let meant = *nearest(unknown.first()?, children(known), 1).first()?;
    Some(KeyPath(known.to_vec()).child(meant).to_string())
}

/// The segments that the schema knows behind a prefix, without chosen names.
fn children(prefix: &[String]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = KEYS
        .iter()
        .filter_map(|key| {
            let mut parts = key.path.split('.');
            prefix
                .iter()
                .all(|segment| parts.next().is_some_and(|part| part == NAME || part == segment))
                .then(|| parts.next())?
        })
        .filter(|part| *part != NAME)
        .collect();
    found.dedup();
    found
}

/// Whether a path is about how to sign in, where a secret may stand at the wrong key.
pub(super) fn is_about_sign_in(path: &KeyPath) -> bool {
    matches!(&path.0[..], [tenants, _, sign_in, ..] if tenants == "tenants" && sign_in == "sign_in")
}

/// Whether a path would be a person's name or password, for which there is no key.
pub(super) fn is_password(path: &KeyPath) -> bool {
    let names = ["username", "user_name", "user", "password", "password_file"];
    is_about_sign_in(path) && path.0.last().is_some_and(|key| names.contains(&key.as_str()))
}

/// Whether the section's second segment is a name that the operator chooses.
pub(super) fn has_names(section: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(section).is_some_and(|rest| rest.starts_with(".NAME.")))
}
