//! What goes wrong, how often.

use serde::{Deserialize, Serialize};

/// Probabilities (`0.0 ..= 1.0`) of each fault per call; none by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The call is carried out, then the connection is reset without an answer.
    pub drop_after_commit: f64,
    /// 500, 502 or 504, and nothing was carried out.
    pub error_before_commit: f64,
    /// 503 with `Retry-After`, and nothing was carried out.
    pub unavailable: f64,
    /// 429 from Microsoft Graph for the whole call.
    pub throttle_graph: f64,
    /// 429 for one item inside a Graph `$batch`.
    pub throttle_graph_item: f64,
    /// 429 from Dataverse (one of the three service protection limits).
    pub throttle_dataverse: f64,
    /// 429 from the Power Platform admin service.
    pub throttle_power_platform: f64,
    /// `temporarily_unavailable` from the token endpoint.
    pub throttle_sign_in: f64,
    /// The presented token is revoked before its end: 401 now and whenever it is shown again.
    pub revoke_token: f64,
    /// 409 on a write of licenses.
    pub license_conflict: f64,
    /// The answer comes [`slow_seconds`](Self::slow_seconds) late.
    pub slow: f64,
    /// How late a slow answer is, in simulated seconds.
    pub slow_seconds: f64,
    /// The body of the answer is cut in the middle.
    pub truncate: f64,
    /// 200 with an HTML page, after the call was carried out.
    pub html: f64,
    /// A read of one user answers with another user's body.
    pub another_user: f64,
    /// A write's connection is reset at once, and the write is carried out later.
    pub land_late: f64,
    /// How late such a write lands at least, in simulated seconds.
    pub late_seconds_min: f64,
    /// How late such a write lands at most, in simulated seconds.
    pub late_seconds_max: f64,
    /// Longest `Retry-After`, in simulated seconds (on the wire it is divided by the speed, at least 1).
    pub retry_after_seconds_max: f64,
    /// Faults strike only calls `METHOD path` that contain one of these texts; empty means all.
    pub only: Vec<String>,
    /// Calls that are refused, each in the words of a service ([`refusals`](super::refusals)).
    pub refuse: Vec<Refuse>,
    /// After this many faults, everything goes well.
    pub count_max: Option<u64>,
}

/// A refusal that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The refusal's name.
    pub name: String,
    /// Which calls, as `METHOD /path` with `*` for any segment; by default those that are really refused so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How often; by default always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

impl Refuse {
    /// Always, wherever the refusal belongs.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), place: None, times: None }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            drop_after_commit: 0.0,
            error_before_commit: 0.0,
            unavailable: 0.0,
            throttle_graph: 0.0,
            throttle_graph_item: 0.0,
            throttle_dataverse: 0.0,
            throttle_power_platform: 0.0,
            throttle_sign_in: 0.0,
            revoke_token: 0.0,
            license_conflict: 0.0,
            slow: 0.0,
            slow_seconds: 40.0,
            truncate: 0.0,
            html: 0.0,
            another_user: 0.0,
            land_late: 0.0,
            late_seconds_min: 0.0,
            late_seconds_max: 60.0,
            retry_after_seconds_max: 10.0,
            only: Vec::new(),
            refuse: Vec::new(),
            count_max: None,
        }
    }
}

impl Faults {
    /// The names [`named`](Self::named) knows.
    pub const NAMES: [&'static str; 11] = [
        "none", "throttle", "drop", "errors", "late", "lies", "revoked", "conflict", "slow", "rough", "storm",
    ];

    /// A preset by name; `None` for an unknown one.
    ///
    /// `throttle` 429 and 503 everywhere · `drop` answers lost after the commit · `errors` 5xx before it · `late` writes
    /// that land after their connection died · `lies` HTML, cut bodies, another user's body · `revoked` tokens withdrawn ·
    /// `conflict` 409 on licenses · `slow` answers after 40 s · `rough` a little of everything · `storm` much of everything.
    pub fn named(name: &str) -> Option<Self> {
        let none = Self::default();
        Some(match name {
            "none" => none,
            "throttle" => Self {
                throttle_graph: 0.15,
                throttle_graph_item: 0.2,
                throttle_dataverse: 0.2,
                throttle_power_platform: 0.2,
                throttle_sign_in: 0.05,
                unavailable: 0.05,
                ..none
            },
            "drop" => Self { drop_after_commit: 0.2, ..none },
            "errors" => Self { error_before_commit: 0.2, unavailable: 0.05, ..none },
            "late" => Self { land_late: 0.15, ..none },
            "lies" => Self { truncate: 0.06, html: 0.06, another_user: 0.06, ..none },
            "revoked" => Self { revoke_token: 0.1, ..none },
            "conflict" => Self { license_conflict: 0.3, ..none },
            "slow" => Self { slow: 0.2, ..none },
            "rough" => Self::everything(0.02),
            "storm" => Self::everything(0.06),
            _ => return None,
        })
    }

    fn everything(probability: f64) -> Self {
        Self {
            drop_after_commit: probability,
            error_before_commit: probability,
            unavailable: probability,
            throttle_graph: probability,
            throttle_graph_item: probability,
            throttle_dataverse: probability,
            throttle_power_platform: probability,
            throttle_sign_in: probability,
            revoke_token: probability / 2.0,
            license_conflict: probability,
            slow: probability / 2.0,
            truncate: probability / 2.0,
            html: probability / 2.0,
            another_user: probability / 2.0,
            land_late: probability,
            ..Self::default()
        }
    }

    /// Whether faults may strike this call at all.
    pub(crate) fn aims_at(&self, method: &str, path: &str) -> bool {
        if self.only.is_empty() {
            return true;
        }
        let line = format!("{method} {path}");
        self.only.iter().any(|text| line.contains(text.as_str()))
    }
}
