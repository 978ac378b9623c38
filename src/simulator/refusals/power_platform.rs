//! The Power Platform admin service. Of its failure bodies only the pattern is known: a prefix, JSON inside the text, an id.

use super::refusal::{Refusal, Words};

const ADD_USER: &str = "POST /providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/*/addUser";

const fn no(name: &'static str, status: u16, code: &'static str, text: &'static str) -> Refusal {
    Refusal::service(name, status, code, text, ADD_USER)
}

pub(super) const REFUSALS: &[Refusal] = &[
    no(
        "powerplatform.not-licensed",
        400,
        "UserSyncFailed",
        "The user could not be synchronized to the environment. {\"errors\":[{\"Code\":\"userNotLicensed\",\"Description\":\"The user is not licensed.\"}]} The tracking Id is '1f0e'.",
    ),
    no(
        "powerplatform.forbidden",
        403,
        "Forbidden",
        "The service principal with id 'a' for application b does not have permission to access the path 'https://api.bap.microsoft.com/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/c/addUser' in tenant d.",
    ),
    no(
        "powerplatform.forbidden-otherwise",
        403,
        "AccessForbidden",
        "The service principal with id 'a' for application b does not have permission to access the path 'c' in tenant d.",
    ),
    no(
        "powerplatform.environment-unknown",
        404,
        "EnvironmentNotFound",
        "The environment could not be found.",
    ),
    no("powerplatform.busy", 409, "Conflict", "Another operation of the environment is under way."),
    no(
        "powerplatform.not-in-group",
        400,
        "UserSyncFailed",
        "The user could not be synchronized to the environment. {\"errors\":[{\"Code\":\"userNotInSecurityGroup\",\"Description\":\"The user is not in the security group.\"}]} The tracking Id is '1f0e'.",
    ),
    no("powerplatform.throttled", 429, "TooManyRequests", "Rate limit is exceeded."),
    no("powerplatform.error", 500, "InternalServerError", "An error occurred."),
    Refusal { name: "powerplatform.page-404", status: 404, words: Words::Page("Not found"), place: ADD_USER },
    Refusal {
        name: "powerplatform.not-licensed-bare",
        status: 400,
        words: Words::Page("userNotLicensed"),
        place: ADD_USER,
    },
];
