//! Routes below `/_simulator`; they are never faulty, and not in the ledger.

use serde_json::{Value, json};

use crate::simulator::call::Call;
use crate::simulator::faults::Faults;
use crate::simulator::refusals::{Refusal, refusals, unknown};
use crate::simulator::reply::Reply;
use crate::simulator::service::Simulator;

use super::Act;

/// Answers a control call.
pub(crate) fn answer(simulator: &Simulator, call: &Call) -> Reply {
    let result = match (call.method.as_str(), call.route().as_slice()) {
        ("GET", ["_simulator", "ledger"]) => {
            let after = call.option("after").and_then(|after| after.parse().ok()).unwrap_or(0);
            Ok(json!({"entries": simulator.ledger(after)}))
        }
        ("GET", ["_simulator", "calls"]) => Ok(json!(simulator.calls())),
        ("GET", ["_simulator", "state"]) => Ok(simulator.state()),
        ("POST", ["_simulator", "save"]) => {
            // Saved text is passed through as it is: parsing it again would cost more than making it.
            return match simulator.save() {
                Ok(text) => Reply::empty(200).typed("application/json; charset=utf-8", text),
                Err(error) => wrong(&error.to_string()),
            };
        }
        ("POST", ["_simulator", "load"]) => match std::str::from_utf8(&call.body) {
            Ok(text) => simulator.load(text).map(|()| json!({})).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        },
        ("GET", ["_simulator", "refusals"]) => {
            Ok(json!({"refusals": refusals().map(described).collect::<Vec<_>>()}))
        }
        ("POST", ["_simulator", "faults"]) => faults(call).map(|faults| {
            simulator.set_faults(faults.clone());
            json!(faults)
        }),
        ("POST", ["_simulator", "act"]) => {
            let act = serde_json::from_slice::<Act>(&call.body).map_err(|error| error.to_string());
            act.and_then(|act| simulator.act(act).map(|()| json!({})).map_err(|error| error.to_string()))
        }
        _ => return Reply::json(404, &json!({"error": "no such route"})),
    };
    match result {
        Ok(value) => Reply::json(200, &value),
        Err(error) => wrong(&error),
    }
}

/// Faults by preset (`{"named": "throttle"}`) or field by field.
fn faults(call: &Call) -> Result<Faults, String> {
    let body: Value = call.json()?;
    match body["named"].as_str() {
        Some(name) => {
            Faults::named(name).ok_or_else(|| format!("no preset {name}; there are {:?}", Faults::NAMES))
        }
        None => {
            let faults: Faults = serde_json::from_value(body).map_err(|error| error.to_string())?;
            match unknown(&faults) {
                Some(name) => {
                    Err(format!("no refusal is called {name}; GET /_simulator/refusals lists them"))
                }
                None => Ok(faults),
            }
        }
    }
}

fn described(refusal: &Refusal) -> Value {
    json!({"name": refusal.name, "status": refusal.status, "place": refusal.place})
}

fn wrong(error: &str) -> Reply {
    Reply::json(400, &json!({"error": error}))
}
