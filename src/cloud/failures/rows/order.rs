//! In which order whose rows are tried.

use super::{anybody, dataverse, entra, graph, power_platform};
use crate::cloud::failures::answer_row::{AnswerRow, Speaker};

/// The rows for an answer of `speaker`, in the order in which they are tried. The last ones match whatever is left.
pub(in crate::cloud::failures) fn rows_of(speaker: Speaker) -> impl Iterator<Item = &'static AnswerRow> {
    let parts: [&'static [AnswerRow]; 4] = match speaker {
        Speaker::Entra => [anybody::STATUSES, entra::ROWS, &[], &[]],
        // Graph throttles under statuses of other troubles as well.
        Speaker::Graph => [graph::THROTTLED, anybody::TOKEN_REFUSED, anybody::STATUSES, graph::ROWS],
        // A code of Dataverse means the same under any status.
        Speaker::Dataverse => [dataverse::CODES, anybody::TOKEN_REFUSED, anybody::STATUSES, dataverse::REST],
        Speaker::PowerPlatform => [anybody::TOKEN_REFUSED, anybody::STATUSES, power_platform::ROWS, &[]],
        Speaker::Anybody => [anybody::TOKEN_REFUSED, anybody::STATUSES, &[], &[]],
    };
    parts.into_iter().flatten()
}

/// Every row, service by service.
pub fn answer_rows() -> impl Iterator<Item = &'static AnswerRow> {
    [
        entra::ROWS,
        graph::THROTTLED,
        graph::ROWS,
        dataverse::CODES,
        dataverse::REST,
        power_platform::ROWS,
        anybody::TOKEN_REFUSED,
        anybody::STATUSES,
    ]
    .into_iter()
    .flatten()
}
