//! Power Platform's refusals (API notes §4.1, 4.2; §6 rows 19 and 20).
//!
//! Sources: microsoft/terraform-provider-power-platform (internal/api) and Microsoft.PowerApps.Administration.PowerShell.
//! Only `userNotLicensed` and the missing registration are known by name; everything else is a refusal for a person.

use super::Complaint;
use super::ruling::{Ruling, by_status};
use crate::cloud::answer::Answer;
use crate::domain::Code;
use http::StatusCode;

pub(super) fn rule(status: StatusCode, complaint: Option<&Complaint>) -> Ruling {
    if let Some(ruling) = by_status(status) {
        return ruling;
    }
    match (status.as_u16(), complaint) {
        (_, Some(complaint))
            if complaint.says(NOT_LICENSED) || complaint.code.eq_ignore_ascii_case(NOT_LICENSED) =>
        {
            Ruling::Refused(Code::PowerPlatformNotLicensedYet)
        }
        (403, Some(complaint))
            if complaint.code.eq_ignore_ascii_case("Forbidden") || complaint.says(NO_PERMISSION) =>
        {
            Ruling::Refused(Code::PowerPlatformNotRegistered)
        }
        (404, Some(_)) => Ruling::Refused(Code::PowerPlatformEnvironmentUnknown),
        // A page of a gateway, not an answer about the environment.
        (404, None) => Ruling::Unreadable,
        // Another change of the same environment is under way; asking again is harmless.
        (409, _) => Ruling::Transient,
        _ => Ruling::Refused(Code::PowerPlatformRefused),
    }
}

const NOT_LICENSED: &str = "usernotlicensed";
const NO_PERMISSION: &str = "does not have permission to access the path";

/// Whether a refusal of `addUser` only says that Power Platform does not see the license yet.
///
/// The reason stands somewhere in a body of unsettled shape, so the whole text is searched (§4.1).
pub(crate) fn is_not_licensed_yet(answer: &Answer) -> bool {
    answer.status.is_client_error()
        && by_status(answer.status).is_none()
        && String::from_utf8_lossy(&answer.body).to_lowercase().contains(NOT_LICENSED)
}
