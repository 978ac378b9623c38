//! Dataverse's refusals (API notes §3.1, 3.6 to 3.9, 3.11; §6 rows 22 to 25 and below).

use crate::cloud::failures::answer_row::{ANY, AnswerRow, REFUSAL, Speaker};
use crate::cloud::failures::ruling::Ruling;
use crate::domain::Code;

const TABLE: &str = "API notes §3.7; powerapps-docs: includes/data-service-error-codes.md";
const LIMITS: &str = "API notes §3.11; powerapps-docs: developer/data-platform/api-limits.md";
const HANDLING: &str = "API notes §3.1; powerapps-docs: webapi/compose-http-requests-handle-errors.md";
const CONDITIONS: &str =
    "API notes §3.6; powerapps-docs: webapi/perform-conditional-operations-using-web-api.md";
const NOT_FOUND: &[(u16, u16)] = &[(404, 404)];

const fn row(
    name: &'static str,
    statuses: &'static [(u16, u16)],
    means: Ruling,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    AnswerRow::new(Speaker::Dataverse, name, statuses, means, cause, source)
}

/// A code of the published table, whatever status it comes with.
const fn no(name: &'static str, code: &'static str, means: Code, cause: &'static str) -> AnswerRow {
    row(name, ANY, Ruling::Refused(means), cause, TABLE).code(code)
}

/// A limit of service protection.
const fn slow(name: &'static str, code: &'static str, cause: &'static str) -> AnswerRow {
    row(name, ANY, Ruling::Throttled, cause, LIMITS).code(code)
}

/// What is recognized under any status.
pub(super) const CODES: &[AnswerRow] = &[
    // The code of this refusal is not published, so its sentence decides, whatever code stands beside it.
    row(
        "no-slot",
        ANY,
        Ruling::Refused(Code::DataverseNoSlot),
        "The environment has as many non-interactive users as it may have, seven as a rule.",
        "API notes §3.8; keithcockerham.com, power-platform: admin/create-users.md",
    )
    .says("maximum number of non-interactive users")
    .unconfirmed(),
    slow("RequestsLimit", "0x80072322", "Too many requests within five minutes."),
    slow("ExecutionTimeLimit", "0x80072321", "Too much execution time within five minutes."),
    slow("ConcurrencyLimit", "0x80072326", "Too many requests at once."),
    no(
        "PrivilegeDenied",
        "0x80040220",
        Code::DataversePrivilegeMissing,
        "Our application user lacks the privilege that the message names.",
    ),
    no(
        "PrincipalPrivilegeDenied",
        "0x80040231",
        Code::DataversePrivilegeMissing,
        "Our application user lacks a privilege.",
    ),
    no(
        "AccessDenied",
        "0x80048405",
        Code::DataversePrivilegeMissing,
        "Our application user may not do this.",
    ),
    no(
        "UserNotAssignedRoles",
        "0x80042f09",
        Code::DataversePrivilegeMissing,
        "The caller has no security role; an impersonated one has at least arrived.",
    ),
    no(
        "UserNotMemberOfOrg",
        "0x80072560",
        Code::DataverseNotMember,
        "The caller is no user of the environment; an impersonated one has not arrived yet.",
    ),
    no("UserNotAssignedLicense", "0x8004d24b", Code::DataverseUserUnlicensed, "The user has no license."),
    no(
        "UserCannotEnableWithoutLicense",
        "0x8004d24c",
        Code::DataverseUserUnlicensed,
        "An unlicensed user cannot be enabled.",
    ),
    no(
        "LicenseNotEnoughToActivate",
        "0x80042f14",
        Code::DataverseUserUnlicensed,
        "There are not enough licenses to activate the user.",
    ),
    no(
        "ApplicationUserCannotChangeAccessMode",
        "0x80040d40",
        Code::DataverseApplicationUser,
        "The row is an application user.",
    ),
    no(
        "ApplicationUserCannotBeUpdated",
        "0x80041d48",
        Code::DataverseApplicationUser,
        "The row is an application user.",
    ),
    no(
        "NonInteractiveUserCannotAccessUI",
        "0x80044160",
        Code::DataverseCallInvalid,
        "A non-interactive user opened the user interface, which we never do.",
    ),
    no(
        "CannotUpdateAzureActiveDirectoryObjectIdField",
        "0x80041d4f",
        Code::DataverseCallInvalid,
        "The object id of a row cannot be changed.",
    ),
    no(
        "UserDirectoryObjectIdNotFoundInAAD",
        "0x80041d28",
        Code::DataverseCallInvalid,
        "A row was to be made for a user whom the directory does not have.",
    ),
    no(
        "UserAlreadyExists",
        "0x80041d2c",
        Code::DataverseUserAmbiguous,
        "The environment has a row of this user already.",
    ),
    no(
        "CannotDisableTenantAdmin",
        "0x80041d65",
        Code::DataverseUserProtected,
        "The user administers the tenant.",
    ),
    no(
        "CannotDisableSysAdmin",
        "0x80041d2f",
        Code::DataverseUserProtected,
        "The user administers the environment.",
    ),
    no(
        "CannotDisableOnlyUserWithFullAccessMode",
        "0x80040d39",
        Code::DataverseUserProtected,
        "No administrator with full access would be left.",
    ),
    no("CannotMakeReadOnlyUser", "0x80041d38", Code::DataverseUserProtected, "The user is a special one."),
    no("CannotModifySpecialUser", "0x80041d33", Code::DataverseUserProtected, "The user is a special one."),
    no(
        "CannotDeleteEnabledUser",
        "0x80048356",
        Code::DataverseCallInvalid,
        "A row must be disabled before it is deleted.",
    ),
    no(
        "CannotEnableDeletedUser",
        "0x80048357",
        Code::DataverseUserDisabled,
        "The row is deleted, and cannot be enabled.",
    ),
    no(
        "UserInWrongBusiness",
        "0x80041409",
        Code::DataverseRoleRefused,
        "The role belongs to another business unit than the user.",
    ),
    no(
        "CannotAssignRoleToDisabledUser",
        "0x80048d35",
        Code::DataverseRoleRefused,
        "A disabled user can get no role.",
    ),
    row(
        "ReferenceInvalid",
        ANY,
        Ruling::Refused(Code::DataverseRoleRefused),
        "A reference names a role that is not there.",
        "API notes §3.7; microsoft/terraform-provider-power-platform",
    )
    .code("0x80060888"),
    // On another status it is about something the body refers to.
    row(
        "ObjectDoesNotExist",
        NOT_FOUND,
        Ruling::Absent(Code::DataverseUserMissing),
        "The row is not there (yet, or any more).",
        CONDITIONS,
    )
    .code("0x80040217"),
    no(
        "ObjectDoesNotExist.in-body",
        "0x80040217",
        Code::DataverseCallInvalid,
        "The body refers to a row that is not there.",
    ),
    no(
        "ResourceNotFoundForSegment",
        "0x8006088a",
        Code::DataverseCallInvalid,
        "The address is none of the Web API.",
    ),
    no(
        "UserDoesNotHaveAdminOnlyModePermissions",
        "0x8004a113",
        Code::DataverseAdminMode,
        "The environment is in administration mode.",
    ),
    no(
        "OrganizationDisabled",
        "0x8004a104",
        Code::DataverseEnvironmentDisabled,
        "The environment is disabled.",
    ),
    row(
        "ConcurrencyVersionMismatch",
        ANY,
        Ruling::Refused(Code::DataverseConcurrent),
        "The row was changed since it was read.",
        CONDITIONS,
    )
    .code("0x80060882"),
    row("AppLockTimeout", ANY, Ruling::Transient, "Another operation holds a lock.", TABLE)
        .code("0x8004ed47"),
    row("AADError", ANY, Ruling::Transient, "Dataverse could not read Microsoft Entra.", TABLE)
        .code("0x80072559"),
    no(
        "TooManyConditionsInQuery",
        "0x8004430c",
        Code::DataverseCallInvalid,
        "The query asks for too many users at once.",
    ),
    row(
        "BatchUnreadable",
        ANY,
        Ruling::Refused(Code::DataverseCallInvalid),
        "The batch cannot be read.",
        "API notes §3.5; powerapps-docs: webapi/execute-batch-operations-using-web-api.md",
    )
    .code("0x80048d19"),
];

/// What is left after the statuses that speak for themselves.
pub(super) const REST: &[AnswerRow] = &[
    row(
        "dataverse-page-404",
        NOT_FOUND,
        Ruling::Unreadable,
        "A page of something before Dataverse: it says nothing about a row.",
        HANDLING,
    )
    .bare(),
    row(
        "row-not-there",
        NOT_FOUND,
        Ruling::Absent(Code::DataverseUserMissing),
        "The row is not there; the code is empty or unknown.",
        CONDITIONS,
    )
    .unconfirmed(),
    row(
        "row-changed",
        &[(412, 412)],
        Ruling::Refused(Code::DataverseConcurrent),
        "The row was changed since it was read; the code is empty or unknown.",
        CONDITIONS,
    )
    .unconfirmed(),
    row(
        "dataverse-unknown",
        REFUSAL,
        Ruling::Refused(Code::DataverseRefused),
        "A refusal that no row of this table knows.",
        HANDLING,
    )
    .unconfirmed(),
];
