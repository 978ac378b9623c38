//! Where what a person saw and orders is written: through the daemon if one runs, else with the database's lock in our
//! own hands.

use super::super::actor::at_the_prompt;
use super::super::context::Context;
use super::super::database::Database;
use super::super::trouble::Trouble;
use crate::app::{Sighting, Watchkeeper};
use crate::domain::RequestId;
use std::sync::Arc;

/// Notes looks.
pub(super) async fn note(context: &Context, sightings: Vec<Sighting>) -> Result<(), Trouble> {
    let actor = at_the_prompt();
    if let Some((daemon, _)) = context.daemon().await? {
        return Ok(daemon.note(sightings, &actor).await?);
    }
    let store = context.owner_beside_no_daemon().await?;
    let noted = keeper(context, &store).note(sightings, &actor).await;
    store.close().await?;
    Ok(noted?)
}

/// Has one drifted account brought back.
pub(super) async fn heal(context: &Context, id: RequestId) -> Result<(), Trouble> {
    let actor = at_the_prompt();
    if let Some((daemon, _)) = context.daemon().await? {
        daemon.heal(id, &actor).await?;
        return Ok(());
    }
    let store = context.owner_beside_no_daemon().await?;
    let healed = keeper(context, &store).heal(id, &actor).await;
    store.close().await?;
    healed?;
    Ok(())
}

fn keeper(context: &Context, store: &Database) -> Watchkeeper {
    Watchkeeper {
        store: store.shared(),
        policy: context.settings.policy.clone(),
        clock: Arc::clone(&context.clock),
    }
}
