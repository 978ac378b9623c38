//! What the status alone tells, whoever answers (RFC 9110 §15).

use crate::cloud::failures::answer_row::{AnswerRow, Speaker};
use crate::cloud::failures::ruling::Ruling;
use crate::domain::Code;

const HTTP: &str = "RFC 9110 §15";
const STATUS: &str = "API notes §2.1, §3.11, §4.5; microsoft-graph-docs: concepts/errors.md";

const fn row(
    name: &'static str,
    statuses: &'static [(u16, u16)],
    means: Ruling,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    AnswerRow::new(Speaker::Anybody, name, statuses, means, cause, source)
}

/// For the services that take our tokens. A first 401 costs one replay with a new token (API notes §1.7).
pub(super) const TOKEN_REFUSED: &[AnswerRow] = &[row(
    "token-refused",
    &[(401, 401)],
    Ruling::Refused(Code::RemoteUnauthorized),
    "A new token was refused as well: it is for another tenant, cloud or address.",
    "API notes §1.7, §2.1, §3.1",
)];

pub(super) const STATUSES: &[AnswerRow] = &[
    row(
        "proxy-refuses",
        &[(407, 407)],
        Ruling::NotReached,
        "A proxy wants to be signed in to, and has let nothing through.",
        HTTP,
    ),
    row(
        "not-in-time",
        &[(408, 408), (425, 425), (499, 499)],
        Ruling::Transient,
        "The service or a gateway gave up waiting.",
        "API notes §4.5; microsoft/terraform-provider-power-platform: internal/api/client.go",
    ),
    row("too-many-calls", &[(429, 429)], Ruling::Throttled, "Too many calls in too short a time.", STATUS),
    row(
        "service-in-trouble",
        &[(500, 500), (502, 599)],
        Ruling::Transient,
        "The service, or a gateway before it, is in trouble.",
        STATUS,
    ),
    row(
        "not-an-answer",
        &[(0, 399), (600, 999)],
        Ruling::Unreadable,
        "Nothing of Microsoft's answers these calls so: a redirect, or a page of a proxy or a sign-in.",
        HTTP,
    ),
];
