//! Microsoft Graph's refusals (API notes §2.1, 2.2, 2.3, 2.6, 2.8; §6 rows 8 to 18).
//!
//! Graph gives most refusals of users and licenses the one code `Request_BadRequest`, so there, and only there, a fragment of
//! the message decides.

use crate::cloud::failures::answer_row::{ANY, AnswerRow, REFUSAL, Speaker};
use crate::cloud::failures::ruling::{Already, Ruling};
use crate::domain::Code;

const ERRORS: &str = "API notes §2.1; microsoft-graph-docs: concepts/errors.md";
const CREATE: &str = "API notes §2.2; microsoft-graph-docs issue 1508, public code and issue threads";
const LICENSE: &str = "API notes §2.6; seen in public code and issue threads";
const MEMBER: &str = "API notes §2.8; seen in public code";
const LAG: &str = "API notes §2.3; seen in public code";

/// The statuses under which `Request_BadRequest` has been seen.
const BAD: &[(u16, u16)] = &[(400, 400), (409, 409)];

const fn row(
    name: &'static str,
    statuses: &'static [(u16, u16)],
    means: Ruling,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    AnswerRow::new(Speaker::Graph, name, statuses, means, cause, source)
}

/// A refusal that only its message tells from others.
const fn says(
    name: &'static str,
    fragment: &'static str,
    code: Code,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    row(name, BAD, Ruling::Refused(code), cause, source).says(fragment)
}

/// "Spelling varies": seen with statuses other than 429.
pub(super) const THROTTLED: &[AnswerRow] = &[
    row("TooManyRequests", ANY, Ruling::Throttled, "Too many calls in too short a time.", ERRORS)
        .code("TooManyRequests"),
    row(
        "Request_ThrottledTemporarily",
        ANY,
        Ruling::Throttled,
        "Too many calls in too short a time.",
        ERRORS,
    )
    .code("Request_ThrottledTemporarily"),
    row("ThrottledRequest", ANY, Ruling::Throttled, "Too many calls in too short a time.", ERRORS)
        .code("ThrottledRequest")
        .unconfirmed(),
];

pub(super) const ROWS: &[AnswerRow] = &[
    row(
        "Authorization_RequestDenied",
        &[(403, 403)],
        Ruling::Refused(Code::GraphPermissionMissing),
        "A permission lacks consent, or a password or an administrator is to be changed without a directory role; or the group is dynamic, synchronized or for roles.",
        "API notes §2.2, §2.5, §2.8, §2.9; issue threads",
    )
    .code("Authorization_RequestDenied"),
    row(
        "Directory_QuotaExceeded",
        REFUSAL,
        Ruling::Refused(Code::GraphQuotaExceeded),
        "The directory, or our application in it, has as many objects as it may have.",
        "API notes §2.2; seen in public code",
    )
    .code("Directory_QuotaExceeded"),
    row(
        "Request_ResourceNotFound",
        &[(404, 404)],
        Ruling::Absent(Code::GraphUserGone),
        "The object is not there, or not everywhere yet: right after a create this passes.",
        LAG,
    )
    .code("Request_ResourceNotFound"),
    row(
        "ResourceNotFound",
        &[(404, 404)],
        Ruling::Absent(Code::GraphUserGone),
        "The object is not there, in another spelling.",
        LAG,
    )
    .code("ResourceNotFound")
    .unconfirmed(),
    row(
        "Directory_ConcurrencyViolation",
        &[(409, 409)],
        Ruling::Refused(Code::GraphConcurrent),
        "Another change of the same user or license is under way.",
        "API notes §2.2, §2.6; seen in public code",
    )
    .code("Directory_ConcurrencyViolation"),
    // §2.2, creating a user. Newer answers say in `details` which property is taken.
    row(
        "ObjectConflict.userPrincipalName",
        BAD,
        Ruling::Refused(Code::GraphNameTaken),
        "Another object has this user principal name.",
        CREATE,
    )
    .code("ObjectConflict:userPrincipalName"),
    row(
        "ObjectConflict.proxyAddresses",
        BAD,
        Ruling::Refused(Code::GraphAddressTaken),
        "Another object has this name as a mail address.",
        CREATE,
    )
    .code("ObjectConflict:proxyAddresses"),
    says("name-taken", "another object with the same value for property userprincipalname", Code::GraphNameTaken, "Another object has this user principal name; older answers have no details.", CREATE),
    says("address-taken", "property proxyaddresses already exists", Code::GraphAddressTaken, "Another object has this name as a mail address; older answers have no details.", CREATE),
    row(
        "ObjectConflict",
        BAD,
        Ruling::Refused(Code::GraphUserInvalid),
        "Another object has the value of a property that must be unique.",
        CREATE,
    )
    .code("ObjectConflict")
    .unconfirmed(),
    says("domain-invalid", "domain portion of the userprincipalname property is invalid", Code::GraphDomainInvalid, "The domain is not verified in the tenant.", CREATE),
    says("name-invalid", "property userprincipalname is invalid", Code::GraphUserInvalid, "The user principal name has a character or a length that is not allowed.", CREATE),
    says("property-invalid", "invalid value specified for property", Code::GraphUserInvalid, "A property, such as mailNickname, has a value that is not allowed.", CREATE),
    says("password-refused", "does not comply with password complexity requirements", Code::GraphPasswordRefused, "The password is too simple, or holds a banned word.", CREATE),
    says("password-missing", "a password must be specified", Code::GraphCallInvalid, "The create call carried no password.", CREATE),
    // §2.6, assignLicense.
    says("usage-location-invalid", "invalid usage location", Code::GraphUsageLocationInvalid, "The usage location is missing or not served; or it was set only a moment ago.", LICENSE),
    says("no-licenses", "does not have any available licenses", Code::GraphNoSeat, "All units of the subscription are in use.", LICENSE),
    says("mutually-exclusive", "are mutually exclusive", Code::GraphLicenseConflict, "A service plan of the license excludes one that the user has.", LICENSE),
    says("depends-on-plan", "depends on the service plan(s)", Code::GraphLicenseConflict, "A service plan of the license needs one that the user lacks, or one of the user's needs it.", LICENSE),
    says("not-subscribed", "does not correspond to a valid company license", Code::GraphLicenseUnknown, "The tenant has no such subscription.", "API notes §2.6; pnp/cli-microsoft365 tests"),
    row(
        "license-not-held",
        BAD,
        Ruling::Already(Already::LicenseGone),
        "The license that is to be removed is not there; a look confirms it.",
        LICENSE,
    )
    .says("user does not have a corresponding license"),
    says("license-inherited", "inherited from a group membership and it cannot be removed", Code::GraphLicenseInherited, "A group gives the license; a dependency can hide behind this.", LICENSE),
    says("no-license-changes", "no license changes provided", Code::GraphCallInvalid, "The call named no license.", LICENSE),
    // §2.8, group membership.
    row("already-member", BAD, Ruling::Already(Already::Joined), "The user is a member of the group.", MEMBER)
        .says("added object references already exist"),
    row("not-a-member", BAD, Ruling::Already(Already::Left), "The user is not a member of the group.", MEMBER)
        .says("removed object references do not exist"),
    row(
        "Request_UnsupportedQuery",
        &[(400, 400)],
        Ruling::Refused(Code::GraphCallInvalid),
        "The query is not one that Graph supports.",
        ERRORS,
    )
    .code("Request_UnsupportedQuery"),
    row(
        "precondition-failed",
        &[(412, 412)],
        Ruling::Refused(Code::GraphCallInvalid),
        "The call set a condition that does not hold.",
        ERRORS,
    ),
    row(
        "graph-page-404",
        &[(404, 404)],
        Ruling::Unreadable,
        "A page of something before Graph: it says nothing about a user.",
        ERRORS,
    )
    .bare(),
    row(
        "graph-unknown",
        REFUSAL,
        Ruling::Refused(Code::GraphRefused),
        "A refusal that no row of this table knows.",
        ERRORS,
    )
    .unconfirmed(),
];
