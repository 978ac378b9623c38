//! Microsoft Entra: the token endpoint and its discovery document; and who else gives tokens to applications.

mod assertion;
mod discovery;
mod issuer;
mod managed;
mod sign_in;

pub(crate) use sign_in::{answer, finished, refusal};
