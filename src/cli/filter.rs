//! What was typed to select requests, as the store understands it and as it is told again.

use super::read_args::FilterArgs;
use super::trouble::Trouble;
use crate::app::queries::find_batch;
use crate::domain::Instant;
use crate::store::{Filter, Store};

/// The filter that was typed; its batch has to be there.
pub(super) async fn filter_of(store: &dyn Store, args: &FilterArgs, now: Instant) -> Result<Filter, Trouble> {
    let batch = match &args.batch {
        Some(text) => Some(find_batch(store, text).await?.id),
        None => None,
    };
    Ok(Filter {
        batch,
        tenant: args.tenant.clone(),
        environment: args.environment.clone(),
        state: args.state,
        status: args.status,
        code: args.code,
        name_prefix: args.name.clone(),
        drifted: args.drifted,
        paused: args.paused,
        text: args.text.clone(),
        submitted_from: args.newer.map(|age| now - age),
        submitted_before: args.older.map(|age| now - age),
    })
}

/// The filter in words, as it could be typed again; an age as the instant that it meant.
pub(super) fn in_words(filter: &Filter) -> String {
    let mut words = Vec::new();
    let mut say = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{name} {value}")));
    };
    say("batch", filter.batch.map(|batch| batch.to_string()));
    say("tenant", filter.tenant.clone());
    say("environment", filter.environment.clone());
    say("state", filter.state.map(|state| state.to_string()));
    say("status", filter.status.map(|status| status.to_string()));
    say("code", filter.code.map(|code| code.to_string()));
    say("name", filter.name_prefix.clone());
    say("text", filter.text.as_ref().map(|text| format!("{text:?}")));
    say(
        "submitted from",
        filter.submitted_from.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
    );
    say(
        "submitted before",
        filter.submitted_before.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
    );
    if filter.drifted {
        words.push("drifted".to_owned());
    }
    if filter.paused {
        words.push("paused".to_owned());
    }
    if words.is_empty() { "all requests".to_owned() } else { words.join(", ") }
}
