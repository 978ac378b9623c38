//! The admin service's error envelope.

use serde_json::json;

use crate::simulator::reply::Reply;

/// A refusal.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}
