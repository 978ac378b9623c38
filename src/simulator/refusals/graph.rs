//! Microsoft Graph (concepts/errors; api/user-post-users; api/user-assignlicense).

use super::refusal::{Refusal, Words};

const CREATE: &str = "POST /v1.0/users";
const ASSIGN: &str = "POST /v1.0/users/*/assignLicense";
const JOIN: &str = "POST /v1.0/groups/*/members/$ref";
const SKUS: &str = "GET /v1.0/subscribedSkus";

const fn bad(name: &'static str, text: &'static str, place: &'static str) -> Refusal {
    Refusal::service(name, 400, "Request_BadRequest", text, place)
}

const fn conflict(name: &'static str, target: &'static str, text: &'static str) -> Refusal {
    let words = Words::Service { code: "Request_BadRequest", text, detail: Some(("ObjectConflict", target)) };
    Refusal { name, status: 400, words, place: CREATE }
}

pub(super) const REFUSALS: &[Refusal] = &[
    conflict(
        "graph.name-conflict",
        "userPrincipalName",
        "Another object with the same value for property userPrincipalName already exists.",
    ),
    conflict(
        "graph.address-conflict",
        "proxyAddresses",
        "Another object with the same value for property proxyAddresses already exists.",
    ),
    conflict(
        "graph.other-conflict",
        "mailNickname",
        "Another object with the same value for property mailNickname already exists.",
    ),
    bad(
        "graph.name-taken",
        "Another object with the same value for property userPrincipalName already exists.",
        CREATE,
    ),
    bad(
        "graph.address-taken",
        "Another object with the same value for property proxyAddresses already exists.",
        CREATE,
    ),
    bad(
        "graph.domain-invalid",
        "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization.",
        CREATE,
    ),
    bad("graph.name-invalid", "Property userPrincipalName is invalid.", CREATE),
    bad(
        "graph.nickname-invalid",
        "Invalid value specified for property 'mailNickname' of resource 'User'.",
        CREATE,
    ),
    bad(
        "graph.password-refused",
        "The specified password does not comply with password complexity requirements. Please provide a different password.",
        CREATE,
    ),
    bad("graph.password-missing", "A password must be specified to create a new user.", CREATE),
    Refusal::service(
        "graph.quota-exceeded",
        403,
        "Directory_QuotaExceeded",
        "The directory object quota limit for the Principal has been exceeded. Please ask your administrator to increase the quota limit or delete objects to reduce the used quota.",
        CREATE,
    ),
    Refusal::service(
        "graph.denied",
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
        SKUS,
    ),
    Refusal::service(
        "graph.concurrent",
        409,
        "Directory_ConcurrencyViolation",
        "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
        ASSIGN,
    ),
    Refusal::service(
        "graph.not-found",
        404,
        "Request_ResourceNotFound",
        "Resource '00000000-0000-0000-0000-000000000001' does not exist or one of its queried reference-property objects are not present.",
        ASSIGN,
    ),
    Refusal::service("graph.not-found-short", 404, "ResourceNotFound", "Resource not found.", ASSIGN),
    Refusal::service("graph.throttled", 429, "TooManyRequests", "Too many requests.", SKUS),
    Refusal::service("graph.throttled-403", 403, "TooManyRequests", "Too many requests.", SKUS),
    Refusal::service(
        "graph.throttled-temporarily",
        503,
        "Request_ThrottledTemporarily",
        "Your request is throttled temporarily. Please try after 150 seconds.",
        SKUS,
    ),
    Refusal::service(
        "graph.throttled-spelled-otherwise",
        400,
        "ThrottledRequest",
        "The request was throttled.",
        SKUS,
    ),
    Refusal::service(
        "graph.not-available",
        503,
        "ServiceNotAvailable",
        "The service is temporarily unavailable.",
        SKUS,
    ),
    Refusal::service("graph.unknown-error", 500, "UnknownError", "", SKUS),
    Refusal::service("graph.gateway-timeout", 504, "UnknownError", "", SKUS),
    bad(
        "graph.usage-location-invalid",
        "License assignment cannot be done for user with invalid usage location.",
        ASSIGN,
    ),
    bad(
        "graph.no-licenses",
        "Subscription with SKU 1e1a282c-9c54-43a2-9310-98ef728faace does not have any available licenses.",
        ASSIGN,
    ),
    bad(
        "graph.mutually-exclusive",
        "License assignment failed because service plans 2da8e897-7791-486b-b08f-cc63c8129df7,99340b49-fb81-4b1e-976b-8f2ae8e9394f are mutually exclusive.",
        ASSIGN,
    ),
    bad(
        "graph.depends-on-plan",
        "License assignment failed because service plan 2da8e897-7791-486b-b08f-cc63c8129df7 depends on the service plan(s) 6ea4c1ef-c259-46df-bce2-943342cd3cb2",
        ASSIGN,
    ),
    bad(
        "graph.not-subscribed",
        "License 1e1a282c-9c54-43a2-9310-98ef728faacf does not correspond to a valid company License.",
        ASSIGN,
    ),
    bad("graph.license-not-held", "User does not have a corresponding license.", ASSIGN),
    bad(
        "graph.license-inherited",
        "User license is inherited from a group membership and it cannot be removed directly from the user.",
        ASSIGN,
    ),
    bad("graph.no-license-changes", "No license changes provided", ASSIGN),
    bad(
        "graph.already-member",
        "One or more added object references already exist for the following modified properties: 'members'.",
        JOIN,
    ),
    bad(
        "graph.not-a-member",
        "One or more removed object references do not exist for the following modified properties: 'members'.",
        JOIN,
    ),
    Refusal::service(
        "graph.unsupported-query",
        400,
        "Request_UnsupportedQuery",
        "Unsupported or invalid query filter clause specified.",
        SKUS,
    ),
    Refusal::service(
        "graph.precondition-failed",
        412,
        "PreconditionFailed",
        "The precondition failed.",
        SKUS,
    ),
    Refusal::service(
        "graph.token-invalid",
        401,
        "InvalidAuthenticationToken",
        "Access token has expired or is not yet valid.",
        SKUS,
    ),
    bad("graph.brand-new", "Something that nobody has heard of.", SKUS),
    Refusal::service(
        "graph.brand-new-code",
        403,
        "Brand_NewCode",
        "Something that nobody has heard of.",
        SKUS,
    ),
];
