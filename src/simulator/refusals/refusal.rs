//! One refusal of one service.

use serde_json::json;

use crate::simulator::ledger::Service;
use crate::simulator::reply::Reply;
use crate::simulator::turn::Turn;
use crate::simulator::{dataverse, entra, graph, power_platform};

/// A refusal that can be asked for by its name.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// What it is called here.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What it says.
    pub words: Words,
    /// The calls that are refused so, as `METHOD /path`; `*` stands for any method or any one segment.
    pub place: &'static str,
}

/// What a refusal says.
#[derive(Clone, Copy, Debug)]
pub enum Words {
    /// The error body of Microsoft Entra.
    Entra {
        /// The number after `AADSTS`.
        number: u64,
        /// `error`.
        error: &'static str,
        /// `error_description` without number and ids.
        text: &'static str,
    },
    /// The error body of the service that is called.
    Service {
        /// `code`.
        code: &'static str,
        /// `message`.
        text: &'static str,
        /// `code` and `target` of a detail; Microsoft Graph only.
        detail: Option<(&'static str, &'static str)>,
    },
    /// A page of something before the service.
    Page(&'static str),
    /// No body, and the header `Location` if it is not empty.
    Nothing(&'static str),
}

impl Refusal {
    pub(super) const fn service(
        name: &'static str,
        status: u16,
        code: &'static str,
        text: &'static str,
        place: &'static str,
    ) -> Self {
        Self { name, status, words: Words::Service { code, text, detail: None }, place }
    }

    /// The answer to a call of `service`.
    pub(super) fn reply(&self, turn: &Turn<'_>, service: Service) -> Reply {
        let status = self.status;
        let reply = match self.words {
            Words::Entra { number, error, text } => entra::refusal(turn, status, error, number, text),
            Words::Service { code, text, detail } => match service {
                Service::Graph => {
                    let details = detail.map(|(code, target)| json!([{"code": code, "target": target}]));
                    graph::refusal_with(turn, status, code, text, details)
                }
                Service::Dataverse => dataverse::refusal(status, code, text),
                Service::PowerPlatform => power_platform::refusal(status, code, text),
                Service::Entra => entra::refusal(turn, status, code, 0, text),
            },
            Words::Page(title) => {
                let page = format!("<!DOCTYPE html><html><head><title>{title}</title></head></html>");
                Reply::empty(status).typed("text/html; charset=utf-8", page)
            }
            Words::Nothing("") => Reply::empty(status),
            Words::Nothing(location) => Reply::empty(status).with("location", location),
        };
        if status == 429 { reply.with("retry-after", "7") } else { reply }
    }
}
