//! Microsoft Entra's refusals to issue a token (API notes §1.1; §6 rows 1 to 7).
//!
//! `error` is what clients should branch on; where it is too coarse, the number in `error_codes` decides, never the
//! description. The numbers come before the words.

use crate::cloud::failures::answer_row::{AnswerRow, REFUSAL, Speaker};
use crate::cloud::failures::ruling::Ruling;
use crate::domain::Code;

const DOCUMENTED: &str = "API notes §1.1; entra-docs: identity-platform/reference-error-codes.md";
const SEEN: &str = "API notes §1.1; seen in public code and issue threads";
const SCOPES: &str = "API notes §1.1; entra-docs: identity-platform/v2-oauth2-client-creds-grant-flow.md";

/// A refusal with a code of ours.
const fn no(
    name: &'static str,
    word: &'static str,
    code: Code,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    means(name, word, Ruling::Refused(code), cause, source)
}

const fn means(
    name: &'static str,
    word: &'static str,
    means: Ruling,
    cause: &'static str,
    source: &'static str,
) -> AnswerRow {
    AnswerRow::new(Speaker::Entra, name, REFUSAL, means, cause, source).code(word)
}

const fn passes(name: &'static str, word: &'static str, cause: &'static str) -> AnswerRow {
    means(name, word, Ruling::Transient, cause, DOCUMENTED)
}

pub(super) const ROWS: &[AnswerRow] = &[
    no(
        "AADSTS7000215",
        "7000215",
        Code::SignInSecretInvalid,
        "The secret is wrong; often its id was taken for its value.",
        SEEN,
    ),
    no("AADSTS7000222", "7000222", Code::SignInSecretExpired, "The client secret has expired.", SEEN),
    no(
        "AADSTS700016",
        "700016",
        Code::SignInAppUnknown,
        "The application was not found in this tenant.",
        SEEN,
    ),
    no(
        "AADSTS7000112",
        "7000112",
        Code::SignInAppDisabled,
        "The application is disabled in the tenant.",
        DOCUMENTED,
    )
    .unconfirmed(),
    no("AADSTS90002", "90002", Code::SignInTenantUnknown, "The tenant was not found.", SEEN),
    no(
        "AADSTS90038",
        "90038",
        Code::SignInTenantUnknown,
        "The tenant lives in another cloud; the message names its host.",
        DOCUMENTED,
    )
    .unconfirmed(),
    no(
        "AADSTS700027",
        "700027",
        Code::SignInCredentialRefused,
        "The assertion's signature is wrong, or its key is not registered (yet).",
        SEEN,
    ),
    no(
        "AADSTS700024",
        "700024",
        Code::SignInClockOff,
        "The assertion is outside of its time: this host's clock is off, or the token file was not renewed.",
        DOCUMENTED,
    )
    .unconfirmed(),
    no(
        "AADSTS700213",
        "700213",
        Code::SignInCredentialRefused,
        "No federated credential of the application fits the presented subject.",
        SEEN,
    ),
    no(
        "AADSTS500011",
        "500011",
        Code::SignInResourceUnknown,
        "The tenant has no principal for the address that the token is for.",
        SEEN,
    ),
    no(
        "AADSTS70011",
        "70011",
        Code::SignInScopeRefused,
        "The scope is malformed, or lacks /.default.",
        SCOPES,
    ),
    no("AADSTS700022", "700022", Code::SignInScopeRefused, "The scope names several resources.", DOCUMENTED),
    no("AADSTS28002", "28002", Code::SignInScopeRefused, "The scope is not acceptable.", DOCUMENTED),
    means("AADSTS90055", "90055", Ruling::Throttled, "The tenant's sign-ins are throttled.", DOCUMENTED),
    passes("AADSTS90006", "90006", "Microsoft Entra is in trouble for the moment."),
    passes("AADSTS90024", "90024", "Microsoft Entra is out of its budget of time for the moment."),
    passes("AADSTS90033", "90033", "Microsoft Entra is not available for the moment."),
    passes("AADSTS90090", "90090", "Microsoft Entra asks to try again."),
    passes("AADSTS50000", "50000", "Microsoft Entra could not issue the token for the moment."),
    passes("temporarily_unavailable", "temporarily_unavailable", "Microsoft Entra is busy for the moment."),
    passes("server_error", "server_error", "Microsoft Entra is in trouble for the moment."),
    no(
        "invalid_client",
        "invalid_client",
        Code::SignInCredentialRefused,
        "The credential is refused, under a number nobody has told us of.",
        DOCUMENTED,
    ),
    no(
        "invalid_resource",
        "invalid_resource",
        Code::SignInResourceUnknown,
        "The resource is unknown, under a number nobody has told us of.",
        DOCUMENTED,
    ),
    no(
        "invalid_scope",
        "invalid_scope",
        Code::SignInScopeRefused,
        "The scope is refused, under a number nobody has told us of.",
        SCOPES,
    ),
    no(
        "invalid_tenant",
        "invalid_tenant",
        Code::SignInTenantUnknown,
        "The tenant is unknown; some answers say so in this word.",
        SEEN,
    ),
    AnswerRow::new(
        Speaker::Entra,
        "sign-in-page",
        REFUSAL,
        Ruling::Unreadable,
        "Not an answer of Microsoft Entra: a page of something before it.",
        DOCUMENTED,
    )
    .bare(),
    AnswerRow::new(
        Speaker::Entra,
        "sign-in-unknown",
        REFUSAL,
        Ruling::Refused(Code::SignInRefused),
        "A refusal that no row of this table knows.",
        DOCUMENTED,
    )
    .unconfirmed(),
];
