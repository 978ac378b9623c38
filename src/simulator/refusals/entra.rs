//! Microsoft Entra (identity-platform/reference-error-codes).

use super::refusal::{Refusal, Words};

const fn no(
    name: &'static str,
    status: u16,
    error: &'static str,
    number: u64,
    text: &'static str,
) -> Refusal {
    Refusal { name, status, words: Words::Entra { number, error, text }, place: "POST /*/oauth2/v2.0/token" }
}

pub(super) const REFUSALS: &[Refusal] = &[
    no(
        "AADSTS7000215",
        401,
        "invalid_client",
        7_000_215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
    ),
    no(
        "AADSTS7000222",
        401,
        "invalid_client",
        7_000_222,
        "The provided client secret keys for app 'a' are expired.",
    ),
    no(
        "AADSTS700016",
        400,
        "unauthorized_client",
        700_016,
        "Application with identifier 'a' was not found in the directory 'contoso'.",
    ),
    no("AADSTS7000112", 400, "unauthorized_client", 7_000_112, "Application 'a' is disabled."),
    no(
        "AADSTS90002",
        400,
        "invalid_request",
        90_002,
        "Tenant 't' not found. Check to make sure you have the correct tenant ID.",
    ),
    no("invalid_tenant", 400, "invalid_tenant", 0, "Tenant identifier 't' is not valid."),
    no(
        "AADSTS90038",
        400,
        "invalid_request",
        90_038,
        "Tenant 't' request is being redirected to the National Cloud 'MicrosoftOnline.US'.",
    ),
    no("AADSTS700027", 401, "invalid_client", 700_027, "Client assertion failed signature validation."),
    no(
        "AADSTS700024",
        401,
        "invalid_client",
        700_024,
        "Client assertion is not within its valid time range.",
    ),
    no(
        "AADSTS700213",
        401,
        "invalid_client",
        700_213,
        "No matching federated identity record found for presented assertion subject 's'.",
    ),
    no("invalid_client", 401, "invalid_client", 7_000_999, "Something new about the client."),
    no(
        "AADSTS500011",
        400,
        "invalid_resource",
        500_011,
        "The resource principal named https://contoso.crm4.dynamics.com was not found in the tenant named contoso.",
    ),
    no("invalid_resource", 400, "invalid_resource", 500_999, "Something new about the resource."),
    no(
        "AADSTS70011",
        400,
        "invalid_scope",
        70_011,
        "The provided value for the input parameter 'scope' is not valid.",
    ),
    no(
        "AADSTS700022",
        400,
        "invalid_scope",
        700_022,
        "The provided value for the input parameter scope contains more than one resource.",
    ),
    no(
        "AADSTS28002",
        400,
        "invalid_scope",
        28_002,
        "Provided value for the input parameter scope is not valid.",
    ),
    no("invalid_scope", 400, "invalid_scope", 70_999, "Something new about the scope."),
    no("AADSTS90055", 400, "temporarily_unavailable", 90_055, "Tenant request is throttled."),
    no("AADSTS90006", 400, "invalid_request", 90_006, "External server is retryable."),
    no(
        "AADSTS90024",
        400,
        "invalid_request",
        90_024,
        "RequestBudgetExceededError - a transient error has occurred. Please try again.",
    ),
    no(
        "AADSTS90033",
        400,
        "temporarily_unavailable",
        90_033,
        "A transient error has occurred. Please try again.",
    ),
    no("AADSTS90090", 400, "invalid_request", 90_090, "Graph is retryable."),
    no(
        "AADSTS50000",
        400,
        "invalid_grant",
        50_000,
        "There was an error issuing a token or an issue with our sign-in service.",
    ),
    no(
        "temporarily_unavailable",
        400,
        "temporarily_unavailable",
        90_999,
        "The server is temporarily too busy to handle the request.",
    ),
    no("server_error", 400, "server_error", 90_998, "The server has encountered an unexpected error."),
    no("AADSTS999999", 400, "brand_new_error", 999_999, "Something that nobody has heard of."),
];
