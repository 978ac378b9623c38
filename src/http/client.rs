//! A command's side of the socket.

use super::local_socket;
use super::wire::{
    Accepted, Confirmation, Health, OpenBatch, Order, Refusal, Row, Sightings, Staged, Standing, SweepOrder,
};
use crate::app::{IntakeTarget, OperationOrder, Sighting, SubmissionError};
use crate::domain::{BatchId, Code, Command, Failure, NewRequest, OperationId, RequestId, State, Status};
use crate::store::{Actor, Batch, Operation, StageReport, SweepStanding};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

/// How long a command waits for the daemon's answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The same where it has to ask the cloud for long lists first, tenant by tenant.
const SWEPT_WITHIN: Duration = Duration::from_secs(900);

/// A running daemon, reached through its socket.
pub struct DaemonClient {
    path: PathBuf,
}

/// What came back instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DaemonError(pub Failure);

impl From<DaemonError> for SubmissionError {
    fn from(error: DaemonError) -> Self {
        Self::Failed(error.0)
    }
}

impl DaemonClient {
    /// The daemon that listens at `path`; nothing if none does.
    ///
    /// # Errors
    /// When something is there but does not answer as a daemon does.
    pub async fn find(path: &Path) -> Result<Option<(Self, Health)>, DaemonError> {
        let client = Self { path: path.to_owned() };
        match local_socket::connect(path).await {
            Ok(None) => Ok(None),
            Ok(Some(_)) => {
                let health = client.call("GET", "/v1/health", &()).await?;
                Ok(Some((client, health)))
            }
            Err(error) => Err(unreachable(format!("{}: {error}", path.display()))),
        }
    }

    /// Has the daemon carry out a command on one request; says how the request stands now.
    ///
    /// # Errors
    /// When the command does not apply, or the daemon does not answer.
    pub async fn order(
        &self,
        id: RequestId,
        command: Command,
        actor: &Actor,
    ) -> Result<(State, Status), DaemonError> {
        let verb = match command {
            Command::Retry => "retry",
            Command::Cancel => "cancel",
            Command::CancelAndDelete => "cancel-and-delete",
            Command::Pause => "pause",
            Command::Resume => "resume",
            Command::Heal { .. } => {
                return Err(DaemonError(Failure::new(
                    Code::MachineInapplicable,
                    "The daemon has no route for it.",
                )));
            }
        };
        let order = Order { actor: actor.clone() };
        let standing: Standing = self.call("POST", &format!("/v1/requests/{id}/{verb}"), &order).await?;
        Ok((standing.state, standing.status))
    }

    /// Has the daemon open an operation, and carry it out from then on.
    ///
    /// # Errors
    /// When the daemon does not answer, or cannot write.
    pub async fn open_operation(&self, order: &OperationOrder) -> Result<Operation, DaemonError> {
        self.call("POST", "/v1/operations", order).await
    }

    /// Has the daemon drop what is left of an operation; says how many requests that spares.
    ///
    /// # Errors
    /// When the daemon does not answer, or cannot write.
    pub async fn call_off(&self, id: OperationId, actor: &Actor) -> Result<u64, DaemonError> {
        let order = Order { actor: actor.clone() };
        self.call("POST", &format!("/v1/operations/{id}/cancel"), &order).await
    }

    /// Has the daemon bring a drifted account back; says how its request stands now.
    ///
    /// # Errors
    /// When it has not drifted, some of its drift only a person can mend, or the daemon does not answer.
    pub async fn heal(&self, id: RequestId, actor: &Actor) -> Result<(State, Status), DaemonError> {
        let order = Order { actor: actor.clone() };
        let standing: Standing = self.call("POST", &format!("/v1/requests/{id}/heal"), &order).await?;
        Ok((standing.state, standing.status))
    }

    /// Has the daemon note what a person's looks at finished accounts showed.
    ///
    /// # Errors
    /// When the daemon does not answer, or cannot write.
    pub async fn note(&self, sightings: Vec<Sighting>, actor: &Actor) -> Result<(), DaemonError> {
        self.call("POST", "/v1/sightings", &Sightings { actor: actor.clone(), sightings }).await
    }

    /// Has the daemon sweep every tenant now, after a person's confirmation if there is one; says how each stands.
    ///
    /// # Errors
    /// When the daemon does not answer, or its database fails.
    pub async fn sweep(&self, confirmed: Option<Confirmation>) -> Result<Vec<SweepStanding>, DaemonError> {
        let order = SweepOrder { confirmed };
        self.call_within(SWEPT_WITHIN, "POST", "/v1/sweep", &order).await
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, DaemonError> {
        self.call_within(ANSWER_WITHIN, method, path, body).await
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        method: &str,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, DaemonError> {
        let answer = tokio::time::timeout(limit, self.exchange(method, path, body)).await;
        let (status, bytes) = match answer {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(unreachable(format!("It did not answer within {} s.", limit.as_secs())));
            }
        };
        if status.is_success() {
            let text: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
            return serde_json::from_slice(text)
                .map_err(|error| unreachable(format!("Its answer cannot be read: {error}")));
        }
        Err(match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(refusal) => DaemonError(refusal.error),
            Err(_) => unreachable(format!("It answered {status}: {}", String::from_utf8_lossy(&bytes))),
        })
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<(http::StatusCode, Bytes), DaemonError> {
        let stream = match local_socket::connect(&self.path).await {
            Ok(Some(stream)) => stream,
            Ok(None) => return Err(unreachable("It has ended meanwhile.".to_owned())),
            Err(error) => return Err(unreachable(error.to_string())),
        };
        let body = serde_json::to_vec(body).map_err(|error| unreachable(error.to_string()))?;
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "seatless")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| unreachable(error.to_string()))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        let answer = pin!(async move {
            let response = sender.send_request(request).await?;
            let status = response.status();
            Ok((status, response.into_body().collect().await?.to_bytes()))
        });
        let result: Result<_, hyper::Error> = match select(answer, pin!(connection)).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, answer)) => answer.await,
        };
        result.map_err(|error| unreachable(error.to_string()))
    }
}

pub(super) fn unreachable(message: String) -> DaemonError {
    DaemonError(Failure::new(Code::SocketUnreachable, message))
}

#[async_trait]
impl IntakeTarget for DaemonClient {
    async fn open(&self, batch: BatchId, source: &str, actor: &Actor) -> Result<(), SubmissionError> {
        let order = OpenBatch { batch, source: source.to_owned(), actor: actor.clone() };
        Ok(self.call("POST", "/v1/batches", &order).await?)
    }

    async fn stage(
        &self,
        batch: BatchId,
        rows: Vec<(u64, NewRequest)>,
    ) -> Result<StageReport, SubmissionError> {
        let rows: Vec<Row> = rows.into_iter().map(|(line, request)| Row { line, request }).collect();
        let staged: Staged = self.call("POST", &format!("/v1/batches/{batch}/requests"), &rows).await?;
        Ok(staged.into())
    }

    async fn accept(&self, batch: BatchId) -> Result<Batch, SubmissionError> {
        let accepted: Accepted = self.call("POST", &format!("/v1/batches/{batch}/accept"), &()).await?;
        Ok(accepted.into())
    }

    async fn discard(&self, batch: BatchId) -> Result<(), SubmissionError> {
        Ok(self.call("POST", &format!("/v1/batches/{batch}/discard"), &()).await?)
    }
}
