//! Power Platform's refusals (API notes §4.1, 4.2; §6 rows 19 and 20).
//!
//! Only `userNotLicensed` and the missing registration are known by name, and the shape of the body is not settled, so the
//! whole text is searched.

use crate::cloud::failures::answer_row::{AnswerRow, REFUSAL, Speaker};
use crate::cloud::failures::ruling::Ruling;
use crate::domain::Code;

const ADD_USER: &str = "API notes §4.1; microsoft/terraform-provider-power-platform: internal/services/authorization/api_user.go";
const REGISTER: &str =
    "API notes §4.1, §4.2; power-platform: admin/powerplatform-api-create-service-principal.md";

const fn row(
    name: &'static str,
    statuses: &'static [(u16, u16)],
    means: Ruling,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    AnswerRow::new(Speaker::PowerPlatform, name, statuses, means, cause, source)
}

pub(super) const ROWS: &[AnswerRow] = &[
    row(
        "userNotLicensed",
        REFUSAL,
        Ruling::Refused(Code::PowerPlatformNotLicensedYet),
        "Power Platform does not see the license of the user yet; for minutes after its assignment this is usual.",
        ADD_USER,
    )
    .says("usernotlicensed"),
    row(
        "Forbidden",
        &[(403, 403)],
        Ruling::Refused(Code::PowerPlatformNotRegistered),
        "The application is not registered with Power Platform.",
        REGISTER,
    )
    .code("Forbidden"),
    row(
        "no-permission",
        &[(403, 403)],
        Ruling::Refused(Code::PowerPlatformNotRegistered),
        "The application is not registered with Power Platform, said under another code.",
        REGISTER,
    )
    .says("does not have permission to access the path")
    .unconfirmed(),
    row(
        "power-platform-page-404",
        &[(404, 404)],
        Ruling::Unreadable,
        "A page of something before Power Platform: it says nothing about the environment.",
        ADD_USER,
    )
    .bare(),
    row(
        "environment-unknown",
        &[(404, 404)],
        Ruling::Refused(Code::PowerPlatformEnvironmentUnknown),
        "Our application administers no environment of this id.",
        ADD_USER,
    ),
    row(
        "environment-busy",
        &[(409, 409)],
        Ruling::Transient,
        "Another change of the environment is under way.",
        ADD_USER,
    )
    .unconfirmed(),
    row(
        "power-platform-unknown",
        REFUSAL,
        Ruling::Refused(Code::PowerPlatformRefused),
        "Most often the user is no direct member of the environment's security group; the message tells more.",
        ADD_USER,
    )
    .unconfirmed(),
];
