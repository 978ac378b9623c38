//! Gateways, proxies and sign-in pages before a service (RFC 9110 §15).

use super::refusal::{Refusal, Words};

const SKUS: &str = "GET /v1.0/subscribedSkus";
const WHO: &str = "GET /api/data/v9.2/WhoAmI";
const TOKEN: &str = "POST /*/oauth2/v2.0/token";

const fn page(name: &'static str, status: u16, title: &'static str, place: &'static str) -> Refusal {
    Refusal { name, status, words: Words::Page(title), place }
}

pub(super) const REFUSALS: &[Refusal] = &[
    page("graph.page-404", 404, "Not found", SKUS),
    page("graph.page-403", 403, "Blocked by your company", SKUS),
    page("dataverse.page-404", 404, "No such organization", WHO),
    page("entra.page-403", 403, "Blocked by your company", TOKEN),
    page("proxy.407", 407, "Proxy authentication required", SKUS),
    page("gateway.408", 408, "Request timeout", SKUS),
    page("gateway.425", 425, "Too early", SKUS),
    page("gateway.499", 499, "Client closed request", SKUS),
    page("gateway.502", 502, "Bad gateway", SKUS),
    Refusal { name: "moved.302", status: 302, words: Words::Nothing("https://login.example/"), place: SKUS },
    Refusal { name: "dataverse.unauthorized", status: 401, words: Words::Nothing(""), place: WHO },
];
