//! Dataverse's refusals (API notes §3.1, 3.6 to 3.9, 3.11; §6 rows 22 to 25 and below).
//!
//! Source of the numbers: the web-service error code table of the Dataverse developer guide
//! (powerapps-docs, includes/data-service-error-codes.md).

use super::Complaint;
use super::ruling::{Ruling, by_status};
use crate::cloud::answer::Answer;
use crate::domain::Code;
use http::StatusCode;

pub(super) fn rule(status: StatusCode, complaint: Option<&Complaint>) -> Ruling {
    let Some(complaint) = complaint else {
        return by_status(status).unwrap_or(match status.as_u16() {
            // Not Dataverse's own 404: it says nothing about a row.
            404 => Ruling::Unreadable,
            _ => Ruling::Refused(Code::DataverseRefused),
        });
    };
    // §3.8: the code of this refusal is not published, so its sentence decides, whatever code stands beside it.
    if complaint.says("maximum number of non-interactive users") {
        return Ruling::Refused(Code::DataverseNoSlot);
    }
    if let Some(ruling) = normalized(&complaint.code).and_then(|code| by_code(status, code)) {
        return ruling;
    }
    by_status(status).unwrap_or(match status.as_u16() {
        // §3.6: "systemuser With Id = … Does Not Exist", with an empty code.
        404 => Ruling::Absent(Code::DataverseUserMissing),
        412 => Ruling::Refused(Code::DataverseConcurrent),
        _ => Ruling::Refused(Code::DataverseRefused),
    })
}

/// What a known code means, whatever status it comes with.
fn by_code(status: StatusCode, code: u32) -> Option<Ruling> {
    Some(match code {
        // Service protection: requests, execution time, concurrency.
        0x8007_2322 | 0x8007_2321 | 0x8007_2326 => Ruling::Throttled,
        // PrivilegeDenied, PrincipalPrivilegeDenied, AccessDenied, UserNotAssignedRoles.
        0x8004_0220 | 0x8004_0231 | 0x8004_8405 | 0x8004_2f09 => {
            Ruling::Refused(Code::DataversePrivilegeMissing)
        }
        // UserNotMemberOfOrg.
        0x8007_2560 => Ruling::Refused(Code::DataverseNotMember),
        // UserNotAssignedLicense, UserCannotEnableWithoutLicense, LicenseNotEnoughToActivate.
        0x8004_d24b | 0x8004_d24c | 0x8004_2f14 => Ruling::Refused(Code::DataverseUserUnlicensed),
        // ApplicationUserCannotChangeAccessMode, ApplicationUserCannotBeUpdated.
        0x8004_0d40 | 0x8004_1d48 => Ruling::Refused(Code::DataverseApplicationUser),
        // CannotDisableTenantAdmin, CannotDisableSysAdmin, CannotDisableOnlyUserWithFullAccessMode, CannotMakeReadOnlyUser,
        // CannotModifySpecialUser.
        0x8004_1d65 | 0x8004_1d2f | 0x8004_0d39 | 0x8004_1d38 | 0x8004_1d33 => {
            Ruling::Refused(Code::DataverseUserProtected)
        }
        // UserAlreadyExists.
        0x8004_1d2c => Ruling::Refused(Code::DataverseUserAmbiguous),
        // CannotEnableDeletedUser.
        0x8004_8357 => Ruling::Refused(Code::DataverseUserDisabled),
        // UserInWrongBusiness, CannotAssignRoleToDisabledUser, an unknown id in a reference.
        0x8004_1409 | 0x8004_8d35 | 0x8006_0888 => Ruling::Refused(Code::DataverseRoleRefused),
        // ObjectDoesNotExist; on another status than 404 it is about something the body refers to.
        0x8004_0217 if status == StatusCode::NOT_FOUND => Ruling::Absent(Code::DataverseUserMissing),
        // UserDoesNotHaveAdminOnlyModePermissions.
        0x8004_a113 => Ruling::Refused(Code::DataverseAdminMode),
        // OrganizationDisabled.
        0x8004_a104 => Ruling::Refused(Code::DataverseEnvironmentDisabled),
        // ConcurrencyVersionMismatch.
        0x8006_0882 => Ruling::Refused(Code::DataverseConcurrent),
        // AppLockTimeout, AADError: Dataverse's own trouble.
        0x8004_ed47 | 0x8007_2559 => Ruling::Transient,
        // ResourceNotFoundForSegment, ObjectDoesNotExist in a body, NonInteractiveUserCannotAccessUI,
        // CannotUpdateAzureActiveDirectoryObjectIdField, UserDirectoryObjectIdNotFoundInAAD, CannotDeleteEnabledUser,
        // TooManyConditionsInQuery, an unreadable batch: our own mistakes, or calls we never make.
        0x8006_088a | 0x8004_0217 | 0x8004_4160 | 0x8004_1d4f | 0x8004_1d28 | 0x8004_8356 | 0x8004_430c
        | 0x8004_8d19 => Ruling::Refused(Code::DataverseRefused),
        _ => return None,
    })
}

/// Whether a refusal says that the caller, who may be impersonated, is known but has no role (UserNotAssignedRoles).
pub(crate) fn is_roleless(answer: &Answer) -> bool {
    let code = Complaint::read(&answer.body).and_then(|complaint| normalized(&complaint.code));
    answer.status == StatusCode::FORBIDDEN && code == Some(0x8004_2f09)
}

/// Dataverse's code as a number: it is written as hex in any case, and sometimes as a signed decimal (§3.1).
/// `None` for the empty code and for zero, which stand for "no code".
fn normalized(text: &str) -> Option<u32> {
    let text = text.trim();
    let code = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => {
            let number: i64 = text.parse().ok()?;
            u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()?
        }
    };
    (code != 0).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_written() {
        for text in ["0x80072322", "0X80072322", "-2147015902", "2147951394"] {
            assert_eq!(normalized(text), Some(0x8007_2322), "{text}");
        }
        for text in ["", "0x0", "0", "banana", "0x", "-99999999999"] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }
}
