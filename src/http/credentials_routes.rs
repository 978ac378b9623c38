//! The daemon's routes for passwords.

use super::credentials_wire::{CredentialsOrder, CredentialsResult};
use super::server::{DaemonState, Refused};
use crate::store::StoreError;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use std::sync::Arc;
use tokio::sync::oneshot;

type Shared = State<Arc<DaemonState>>;
type Results = Result<Json<Vec<CredentialsResult>>, Refused>;

pub(super) fn routes() -> Router<Arc<DaemonState>> {
    Router::new()
        .route("/v1/credentials/take", post(take))
        .route("/v1/credentials/give-back", post(give_back))
        .route("/v1/credentials/acknowledge", post(acknowledge))
        .route("/v1/credentials/rotate", post(rotate))
}

async fn take(State(state): Shared, Json(order): Json<CredentialsOrder>) -> Results {
    let results = state.credentials.take(&order.users, &order.actor).await?;
    Ok(Json(results.into_iter().map(CredentialsResult::from).collect()))
}

async fn give_back(State(state): Shared, Json(order): Json<CredentialsOrder>) -> Results {
    state.credentials.give_back(&order.users, &order.actor).await?;
    Ok(Json(Vec::new()))
}

async fn acknowledge(State(state): Shared, Json(order): Json<CredentialsOrder>) -> Results {
    let results = state.credentials.acknowledge(&order.users, &order.actor).await?;
    Ok(Json(results.into_iter().map(CredentialsResult::from).collect()))
}

/// Runs to its end whether or not anybody still listens: what was sent has to be recorded.
async fn rotate(State(state): Shared, Json(order): Json<CredentialsOrder>) -> Results {
    let credentials = Arc::clone(&state.credentials);
    let (reply, answer) = oneshot::channel();
    state.spawner.spawn(Box::pin(async move {
        // Whoever asked may have gone; everything is recorded all the same.
        let _ = reply.send(credentials.rotate(&order.users, &order.actor).await);
    }));
    let ended = || StoreError::Failed("the rotation ended without a result".to_owned());
    let results = answer.await.unwrap_or_else(|_| Err(ended()))?;
    Ok(Json(results.into_iter().map(CredentialsResult::from).collect()))
}
