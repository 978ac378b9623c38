//! Microsoft Entra: the token endpoint and its discovery document.

mod discovery;
mod sign_in;

pub(crate) use sign_in::{answer, refusal};
