//! The daemon's side of the socket: one route per verb that changes something.

use super::LocalListener;
use super::credentials_routes;
use super::wire::{
    Accepted, Health, OpenBatch, Order, Refusal, Row, Sightings, Staged, Standing, SweepOrder,
};
use crate::app::{
    BulkOrders, Credentials, IntakeTarget, OperationOrder, OrderError, Orders, StoreIntake, SubmissionError,
    Watchkeeper,
};
use crate::domain::{BatchId, Code, Command, Failure, NewRequest, OperationId, Pinned, RequestId};
use crate::engine::{Hints, Spawner};
use crate::provisioning::Sweeper;
use crate::store::{Operation, StoreError, SweepStanding};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

/// The longest body that is read, in bytes: a chunk of requests with every field at its bound fits.
const BODY_MAX: usize = 32 * 1024 * 1024;

/// What the routes work with.
pub struct DaemonState {
    /// Takes requests in.
    pub intake: StoreIntake,
    /// Carries out orders.
    pub orders: Orders,
    /// Opens orders for many requests; a chore carries them out.
    pub bulk: BulkOrders,
    /// Keeps the watch over finished accounts.
    pub watch: Watchkeeper,
    /// Looks for what our writes may have left in the cloud.
    pub sweeper: Arc<Sweeper>,
    /// Hands passwords over, and makes new ones.
    pub credentials: Arc<Credentials>,
    /// Runs what must come to its end though its caller has gone.
    pub spawner: Arc<dyn Spawner>,
    /// Wakes the engine.
    pub hints: Hints,
    /// What the daemon's config says about each environment: its tenant's name, and what the names mean.
    pub environments: BTreeMap<String, (String, Pinned)>,
    /// Who we are.
    pub health: Health,
}

/// Serves until `stop` ends; requests in flight are answered.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: LocalListener,
    state: Arc<DaemonState>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/v1/health", get(health))
        .route("/v1/batches", post(open))
        .route("/v1/batches/{id}/requests", post(stage))
        .route("/v1/batches/{id}/accept", post(accept))
        .route("/v1/batches/{id}/discard", post(discard))
        .route("/v1/sweep", post(sweep))
        .route("/v1/requests/{id}/retry", post(retry))
        .route("/v1/requests/{id}/cancel", post(cancel))
        .route("/v1/requests/{id}/cancel-and-delete", post(cancel_and_delete))
        .route("/v1/requests/{id}/heal", post(heal))
        .route("/v1/requests/{id}/pause", post(pause))
        .route("/v1/requests/{id}/resume", post(resume))
        .route("/v1/operations", post(open_operation))
        .route("/v1/operations/{id}/cancel", post(call_off))
        .route("/v1/sightings", post(sightings))
        .merge(credentials_routes::routes())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(state);
    let LocalListener { listener, _file } = listener;
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

type Shared = State<Arc<DaemonState>>;

/// A refusal with its status.
pub(super) struct Refused(StatusCode, Refusal);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl From<SubmissionError> for Refused {
    fn from(error: SubmissionError) -> Self {
        let refusal = Refusal::from(error);
        Self(status_of(refusal.error.code), refusal)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        OrderError::Store(error).into()
    }
}

impl From<OrderError> for Refused {
    fn from(error: OrderError) -> Self {
        let (status, failure) = match &error {
            OrderError::Unknown(_) => {
                (StatusCode::NOT_FOUND, Failure::new(Code::IntakeInvalid, error.to_string()))
            }
            OrderError::Inapplicable(why) => {
                (StatusCode::CONFLICT, Failure::new(Code::MachineInapplicable, format!("{why}.")))
            }
            OrderError::Store(store) => {
                let failure = store.failure();
                (status_of(failure.code), failure)
            }
        };
        Self(status, Refusal { error: failure })
    }
}

/// A full disk has a status of its own (RFC 4918 §11.5); the rest is ours to mend.
fn status_of(code: Code) -> StatusCode {
    if code == Code::StoreFull { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn health(State(state): Shared) -> Json<Health> {
    Json(state.health.clone())
}

async fn open(State(state): Shared, Json(order): Json<OpenBatch>) -> Result<StatusCode, Refused> {
    state.intake.open(order.batch, &order.source, &order.actor).await?;
    Ok(StatusCode::CREATED)
}

async fn stage(
    State(state): Shared,
    Path(batch): Path<BatchId>,
    Json(rows): Json<Vec<Row>>,
) -> Result<Json<Staged>, Refused> {
    for row in &rows {
        confirm(&state, &row.request)
            .map_err(|failure| Refused(StatusCode::CONFLICT, Refusal { error: failure }))?;
    }
    let rows = rows.into_iter().map(|row| (row.line, row.request)).collect();
    Ok(Json(state.intake.stage(batch, rows).await?.into()))
}

/// The daemon's config is the one that counts: what the submitter's config says must agree with it.
fn confirm(state: &DaemonState, request: &NewRequest) -> Result<(), Failure> {
    match state.environments.get(&request.environment) {
        Some((tenant, pinned)) if *tenant == request.tenant && *pinned == request.pinned => Ok(()),
        Some(_) => Err(Failure::new(
            Code::ConfigInvalid,
            format!(
                "The running daemon's config means another place by {:?} than this command's config.",
                request.environment
            ),
        )),
        None => Err(Failure::new(
            Code::ConfigInvalid,
            format!(
                "The running daemon's config has no environment {:?}; restart it after changing the config.",
                request.environment
            ),
        )),
    }
}

async fn accept(State(state): Shared, Path(batch): Path<BatchId>) -> Result<Json<Accepted>, Refused> {
    let accepted = state.intake.accept(batch).await?;
    state.hints.give();
    Ok(Json(accepted.into()))
}

async fn discard(State(state): Shared, Path(batch): Path<BatchId>) -> Result<StatusCode, Refused> {
    state.intake.discard(batch).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sweep(
    State(state): Shared,
    Json(order): Json<SweepOrder>,
) -> Result<Json<Vec<SweepStanding>>, Refused> {
    let swept = match order.confirmed {
        Some(confirmed) => state.sweeper.confirm(confirmed.by, confirmed.shown_at).await,
        None => state.sweeper.sweep_now().await,
    };
    state.hints.give();
    Ok(Json(swept.map_err(OrderError::Store)?))
}

async fn retry(state: Shared, id: Path<RequestId>, order: Json<Order>) -> Result<Json<Standing>, Refused> {
    carry_out(state, id, order, Command::Retry).await
}

async fn pause(state: Shared, id: Path<RequestId>, order: Json<Order>) -> Result<Json<Standing>, Refused> {
    carry_out(state, id, order, Command::Pause).await
}

async fn resume(state: Shared, id: Path<RequestId>, order: Json<Order>) -> Result<Json<Standing>, Refused> {
    carry_out(state, id, order, Command::Resume).await
}

async fn open_operation(
    State(state): Shared,
    Json(order): Json<OperationOrder>,
) -> Result<Json<Operation>, Refused> {
    Ok(Json(state.bulk.open(order).await?))
}

async fn call_off(
    State(state): Shared,
    Path(id): Path<OperationId>,
    Json(order): Json<Order>,
) -> Result<Json<u64>, Refused> {
    Ok(Json(state.bulk.store.call_off(id, order.actor, state.bulk.clock.now()).await?))
}

async fn cancel(state: Shared, id: Path<RequestId>, order: Json<Order>) -> Result<Json<Standing>, Refused> {
    carry_out(state, id, order, Command::Cancel).await
}

async fn cancel_and_delete(
    state: Shared,
    id: Path<RequestId>,
    order: Json<Order>,
) -> Result<Json<Standing>, Refused> {
    carry_out(state, id, order, Command::CancelAndDelete).await
}

async fn carry_out(
    State(state): Shared,
    Path(id): Path<RequestId>,
    Json(order): Json<Order>,
    command: Command,
) -> Result<Json<Standing>, Refused> {
    let member = state.orders.carry_out(id, command, &order.actor).await?;
    state.hints.give();
    Ok(Json(Standing::from(&member)))
}

async fn heal(
    State(state): Shared,
    Path(id): Path<RequestId>,
    Json(order): Json<Order>,
) -> Result<Json<Standing>, Refused> {
    let member = state.watch.heal(id, &order.actor).await?;
    state.hints.give();
    Ok(Json(Standing::from(&member)))
}

async fn sightings(State(state): Shared, Json(told): Json<Sightings>) -> Result<StatusCode, Refused> {
    state.watch.note(told.sightings, &told.actor).await.map_err(OrderError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
