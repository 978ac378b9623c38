//! Microsoft's own descriptions of Graph and Dataverse, and whether requests and answers are what they describe.
//!
//! They are read from `$SEATLESS_CONTRACTS`, or from `shared/contracts` beside the project. Routes that nobody describes
//! are listed in docs/simulator.md.

mod description;
mod exchange;
mod schema;

use description::Description;
pub(crate) use exchange::Exchange;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The descriptions of both services.
pub(crate) struct Contracts {
    graph: Description,
    dataverse: Description,
}

/// How often each described route was used, and what was wrong.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) used: BTreeMap<String, u32>,
    /// Routes that no description has: method and path, with `{}` where an id stands.
    pub(crate) undescribed: BTreeSet<String>,
    pub(crate) faults: Vec<String>,
}

impl Contracts {
    /// The descriptions; nothing where they are not at hand, which is said aloud.
    pub(crate) fn at_hand() -> Option<Self> {
        let folder = std::env::var_os("SEATLESS_CONTRACTS")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts"), PathBuf::from);
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let (Some(graph), Some(dataverse)) =
            (read("graph-v1.0-subset.openapi.yaml"), read("dataverse-v9-subset.openapi.json"))
        else {
            let text = "NOT RUN: there are no API descriptions to compare with; name their folder in SEATLESS_CONTRACTS.\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
            return None;
        };
        let graph: Value = serde_saphyr::from_str(&graph).expect("a description in YAML");
        let dataverse: Value = serde_json::from_str(&dataverse).expect("a description in JSON");
        Some(Self { graph: Description::new(graph), dataverse: Description::new(dataverse) })
    }

    /// Every described route, such as `GET /users/{user-id}`.
    pub(crate) fn routes(&self) -> BTreeSet<String> {
        [&self.graph, &self.dataverse].into_iter().flat_map(Description::names).collect()
    }

    /// What of these exchanges is not as it is described.
    pub(crate) fn judge(&self, exchanges: impl IntoIterator<Item = Exchange>) -> Findings {
        let mut findings = Findings::default();
        for exchange in exchanges.into_iter().flat_map(Exchange::taken_apart) {
            let judged =
                self.of(&exchange.path).and_then(|(description, path)| description.judge(&exchange, path));
            let Some((route, faults)) = judged else {
                findings.undescribed.insert(exchange.shape());
                continue;
            };
            *findings.used.entry(route.clone()).or_default() += 1;
            findings.faults.extend(faults.into_iter().map(|fault| format!("{route}: {fault}\n{exchange}")));
        }
        findings
    }

    fn of<'p>(&self, path: &'p str) -> Option<(&Description, &'p str)> {
        if let Some(rest) = path.strip_prefix("/v1.0") {
            return Some((&self.graph, rest));
        }
        path.strip_prefix("/api/data/v9.2").map(|rest| (&self.dataverse, rest))
    }
}

/// The routes without a description that the documentation lists, with `{}` for each of their gaps.
pub(crate) fn listed() -> BTreeSet<String> {
    let text = include_str!("../../docs/simulator.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(|route| {
        let mut pieces = route.split('{');
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |shape, piece| shape + "{}" + piece.split_once('}').map_or("", |(_, rest)| rest))
    })
    .collect()
}
