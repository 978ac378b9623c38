//! Microsoft Graph's refusals (API notes §2.1, 2.2, 2.3, 2.6, 2.8; §6 rows 8 to 18).
//!
//! Source of the status and code table: microsoft-graph-docs, concepts/errors.md. Graph gives most refusals of licenses the
//! one code `Request_BadRequest`, so there, and only there, a fragment of the message decides.

use super::Complaint;
use super::ruling::{Already, Ruling, by_status};
use crate::cloud::answer::Answer;
use crate::domain::Code;
use http::StatusCode;

/// What a `Request_BadRequest` may say, in lower case, and what it means. The first fragment found decides.
const SENTENCES: &[(&str, Ruling)] = &[
    // §2.2, creating a user. Newer answers say the same in `details`, which is looked at first.
    (
        "another object with the same value for property userprincipalname",
        Ruling::Refused(Code::GraphNameTaken),
    ),
    ("property proxyaddresses already exists", Ruling::Refused(Code::GraphAddressTaken)),
    (
        "domain portion of the userprincipalname property is invalid",
        Ruling::Refused(Code::GraphDomainInvalid),
    ),
    ("property userprincipalname is invalid", Ruling::Refused(Code::GraphUserInvalid)),
    ("invalid value specified for property", Ruling::Refused(Code::GraphUserInvalid)),
    ("does not comply with password complexity requirements", Ruling::Refused(Code::GraphPasswordRefused)),
    ("a password must be specified", Ruling::Refused(Code::GraphRefused)),
    // §2.6, assignLicense.
    ("invalid usage location", Ruling::Refused(Code::GraphUsageLocationInvalid)),
    ("does not have any available licenses", Ruling::Refused(Code::GraphNoSeat)),
    ("are mutually exclusive", Ruling::Refused(Code::GraphLicenseConflict)),
    ("depends on the service plan(s)", Ruling::Refused(Code::GraphLicenseConflict)),
    ("does not correspond to a valid company license", Ruling::Refused(Code::GraphLicenseUnknown)),
    ("user does not have a corresponding license", Ruling::Already(Already::LicenseGone)),
    (
        "inherited from a group membership and it cannot be removed",
        Ruling::Refused(Code::GraphLicenseInherited),
    ),
    ("no license changes provided", Ruling::Refused(Code::GraphRefused)),
    // §2.8, group membership.
    ("added object references already exist", Ruling::Already(Already::Joined)),
    ("removed object references do not exist", Ruling::Already(Already::Left)),
];

pub(super) fn rule(status: StatusCode, complaint: Option<&Complaint>) -> Ruling {
    if let Some(ruling) = by_status(status) {
        return ruling;
    }
    let Some(complaint) = complaint else {
        return without_words(status);
    };
    let code = complaint.code.to_ascii_lowercase();
    match (status.as_u16(), code.as_str()) {
        // "Spelling varies": seen with statuses other than 429.
        (_, "toomanyrequests" | "request_throttledtemporarily" | "throttledrequest") => Ruling::Throttled,
        (403, "authorization_requestdenied") => Ruling::Refused(Code::GraphPermissionMissing),
        (_, "directory_quotaexceeded") => Ruling::Refused(Code::GraphQuotaExceeded),
        (404, "request_resourcenotfound" | "resourcenotfound") => Ruling::Absent(Code::GraphUserGone),
        (409, "directory_concurrencyviolation") => Ruling::Refused(Code::GraphConcurrent),
        (400 | 409, _) => {
            conflict(complaint).or_else(|| sentence(complaint)).unwrap_or(Ruling::Refused(Code::GraphRefused))
        }
        _ => Ruling::Refused(Code::GraphRefused),
    }
}

/// A 4xx without Graph's envelope does not come from Graph: its 404 says nothing about a user.
fn without_words(status: StatusCode) -> Ruling {
    match status.as_u16() {
        404 => Ruling::Unreadable,
        _ => Ruling::Refused(Code::GraphRefused),
    }
}

/// `ObjectConflict` in the details names the property that is taken.
fn conflict(complaint: &Complaint) -> Option<Ruling> {
    let (_, target) =
        complaint.details.iter().find(|(code, _)| code.eq_ignore_ascii_case("ObjectConflict"))?;
    match target.to_ascii_lowercase().as_str() {
        "userprincipalname" => Some(Ruling::Refused(Code::GraphNameTaken)),
        "proxyaddresses" => Some(Ruling::Refused(Code::GraphAddressTaken)),
        _ => None,
    }
}

fn sentence(complaint: &Complaint) -> Option<Ruling> {
    SENTENCES.iter().find(|(fragment, _)| complaint.says(fragment)).map(|(_, ruling)| *ruling)
}

/// What a refusal says holds already, for the calls that are content with that.
pub(crate) fn already(answer: &Answer) -> Option<Already> {
    match rule(answer.status, Complaint::read(&answer.body).as_ref()) {
        Ruling::Already(already) => Some(already),
        Ruling::Refused(_)
        | Ruling::Absent(_)
        | Ruling::Throttled
        | Ruling::Transient
        | Ruling::NotReached
        | Ruling::Unreadable => None,
    }
}
