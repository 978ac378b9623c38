//! The Web API of one Dataverse environment: what its calls have in common, and who we are there.

use super::answer::Answer;
use super::exchange::{Call, Exchange};
use super::failures::{is_roleless, unreadable};
use super::multipart::{Part, compose};
use super::multipart_answer::parse;
use super::verdict::{CallFailure, Effect, Verdict};
use crate::domain::{Code, ObjectId, SystemUserId};
use http::{HeaderValue, Method, header::CONTENT_TYPE};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The version of the Web API we speak.
pub(super) const ROOT: &str = "/api/data/v9.2";

/// One Dataverse environment. Cheap to clone.
#[derive(Clone)]
pub struct Dataverse {
    pub(super) exchange: Exchange,
}

/// Who a call was made as (API notes §3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WhoAmI {
    /// The environment's organization: what pins a request to it.
    pub organization_id: Uuid,
    /// The row of the caller.
    pub user_id: SystemUserId,
    /// The caller's business unit.
    pub business_unit_id: Uuid,
}

/// What calling in a user's name has shown about the user (API notes §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impersonation {
    /// The user is in the environment, in this row.
    Present(SystemUserId),
    /// The user is in the environment, but has no role yet: look for the row.
    PresentWithoutRole,
    /// The environment does not know the user (or our application: the answer is the same).
    NotMember,
}

/// A page of rows.
#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

/// More pages than any list of ours has; a server that never ends its list must not hold us for ever.
const PAGES_MAX: usize = 100;

impl Dataverse {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// Who we are in this environment.
    ///
    /// # Errors
    /// [`DataverseNotMember`](Code::DataverseNotMember) when our application is no user of it.
    pub async fn who_am_i(&self) -> Result<WhoAmI, CallFailure> {
        self.exchange.call(&Call::get(format!("{ROOT}/WhoAmI"))).await?.json(Effect::Read)
    }

    /// Asks "who am I" in the name of `user`, which makes Dataverse synchronize that user just in time.
    ///
    /// A lever, not a proof: an unlicensed user stays away. Needs `prvActOnBehalfOfAnotherUser`, given to our application
    /// directly (powerapps-docs, webapi/impersonate-another-user-web-api.md).
    ///
    /// # Errors
    /// [`DataversePrivilegeMissing`](Code::DataversePrivilegeMissing) without that privilege.
    pub async fn who_am_i_as(&self, user: ObjectId) -> Result<Impersonation, CallFailure> {
        // A GUID's text is always a valid header value.
        let caller = HeaderValue::from_str(&user.to_string())
            .map_err(|_| unreadable(Effect::Read, "The object id makes no header.", &[]))?;
        let call = Call::get(format!("{ROOT}/WhoAmI")).with("callerobjectid", caller);
        let answer = self.exchange.attempt(&call).await?;
        if answer.status.is_success() {
            let row: WhoAmI = answer.json(Effect::Read)?;
            return Ok(Impersonation::Present(row.user_id));
        }
        if is_roleless(&answer) {
            return Ok(Impersonation::PresentWithoutRole);
        }
        let failure = self.exchange.failure(&answer, Effect::Read);
        match failure.failure.code {
            Code::DataverseNotMember => Ok(Impersonation::NotMember),
            _ => Err(failure),
        }
    }

    /// Sends `parts` in one `$batch` that goes on after a failure; one answer per part, in order, whatever its status.
    ///
    /// # Errors
    /// When the batch as a whole fails, or does not answer each of its parts.
    pub(super) async fn batch(&self, parts: &[Part], effect: Effect) -> Result<Vec<Answer>, CallFailure> {
        let boundary = format!("batch_{}", self.exchange.wire().ids.fresh().simple());
        let kind = HeaderValue::from_str(&format!("multipart/mixed; boundary=\"{boundary}\""))
            .map_err(|_| unreadable(Effect::Read, "The boundary makes no header.", &[]))?;
        let call = Call {
            method: Method::POST,
            path: format!("{ROOT}/$batch"),
            effect,
            headers: Vec::new(),
            body: Some((kind, compose(&boundary, parts))),
        }
        .with("prefer", HeaderValue::from_static("odata.continue-on-error"));
        let outer = self.exchange.call(&call).await?;
        let kind = outer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Parts carry no names outside change sets: with one missing, it cannot be told which.
        let answers = parse(kind, &outer.body)
            .filter(|answers| answers.len() == parts.len())
            .ok_or_else(|| outer.unreadable(effect, "It does not answer each part of the batch."))?;
        let wire = self.exchange.wire();
        Ok(answers.into_iter().map(|it| wire.inner_answer(&outer, it.status, it.headers, it.body)).collect())
    }

    /// All rows of the list that begins with `answer`, over as many pages as it has.
    pub(super) async fn rows<T: DeserializeOwned>(&self, answer: Answer) -> Result<Vec<T>, CallFailure> {
        let mut answer = self.read(answer)?;
        let mut rows = Vec::new();
        for _ in 0..PAGES_MAX {
            let page: Page<T> = answer.json(Effect::Read)?;
            rows.extend(page.value);
            match page.next_link {
                Some(link) => {
                    let path = self.exchange.next_path(&answer, &link)?;
                    answer = self.exchange.call(&Call::get(path)).await?;
                }
                None => return Ok(rows),
            }
        }
        Err(answer.unreadable(Effect::Read, "The list of rows does not end."))
    }

    /// `answer` if it is a success, else its failure as of a read.
    pub(super) fn read(&self, answer: Answer) -> Result<Answer, CallFailure> {
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(self.exchange.failure(&answer, Effect::Read))
        }
    }
}

/// The failure of a write whose result could not be read back, though nothing refused it.
pub(super) fn not_read_back(why: &str, retry_after: Option<std::time::Duration>) -> CallFailure {
    CallFailure {
        failure: crate::domain::Failure::new(Code::RemoteUncertain, why),
        verdict: Verdict::Uncertain { retry_after },
    }
}
