//! Whoever is signed in to the Azure CLI: for trying things out on a laptop.

use super::sign_in::failed;
use super::token::TokenAnswer;
use super::verdict::CallFailure;
use crate::domain::Code;
use serde::Deserialize;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What `az account get-access-token` prints (Azure/azure-cli, command_modules/profile). `expiresOn` is local time without
/// a zone, so only `expires_on` (since 2.54) is read; before that, the token itself tells.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "accessToken")]
    access_token: String,
    #[serde(rename = "tokenType")]
    token_type: String,
    expires_on: Option<i64>,
    tenant: Option<Uuid>,
}

/// Asks `program` for a token. Its output is read, and neither logged nor quoted.
///
/// # Errors
/// [`Code::SignInSourceUnavailable`] when it cannot be run, does not end in time, or nobody is signed in.
pub(super) async fn ask(
    program: &Path,
    deadline: Duration,
    tenant: Uuid,
    scope: &str,
) -> Result<TokenAnswer, CallFailure> {
    let unavailable = |why: &str| failed(Code::SignInSourceUnavailable, &format!("The Azure CLI {why}."));
    let mut command = Command::new(program);
    command
        .args(["account", "get-access-token", "--output", "json", "--scope", scope, "--tenant"])
        .arg(tenant.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    // It has no business with the secrets of other tenants.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SEATLESS_")) {
        command.env_remove(name);
    }
    let output = tokio::time::timeout(deadline, command.output())
        .await
        .map_err(|_| unavailable(&format!("did not end within {deadline:?}")))?
        .map_err(|error| unavailable(&format!("cannot be run: {error}")))?;
    let printed_text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(unavailable(&format!(
            "ended with {}; `az login --tenant {tenant}` signs in",
            output.status
        )));
    }
    let printed: Printed = serde_json::from_slice(&printed_text)
        .map_err(|_| unavailable("printed no token; it must be 2.54 or newer"))?;
    if printed.tenant.is_some_and(|other| other != tenant) {
        return Err(unavailable("gave a token of another tenant"));
    }
    Ok(TokenAnswer::until(printed.token_type, printed.access_token, printed.expires_on))
}
