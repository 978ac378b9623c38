//! What the sweep reads and writes, as columns and as values.

use super::cells::{AnyRow, Cells};
use super::json_rows::JsonRows;
use super::words::{failure_columns, failure_of, origin_of};
use crate::domain::{IntentId, ObjectId, RequestId, SkuId, UserId};
use crate::store::{
    Finding, FindingKind, Recheck, RecheckReason, StoreError, SweepStanding, Swept, TracedUser,
};
use uuid::Uuid;

/// Rechecks as rows.
pub(in crate::store) fn rechecks(rechecks: &[Recheck]) -> JsonRows {
    let mut rows = JsonRows::new();
    for recheck in rechecks {
        rows.row()
            .id(recheck.intent.0)
            .text(&recheck.tenant)
            .maybe_id(recheck.user.map(|user| user.0))
            .id(recheck.object_id.0)
            .id(recheck.license.0)
            .text(recheck.reason.as_str())
            .instant(recheck.noted_at);
    }
    rows
}

/// Removals of users that we know as rows: the request, and the intent.
pub(in crate::store) fn removals(removed: &[Swept]) -> JsonRows {
    let mut rows = JsonRows::new();
    for swept in removed {
        if let Some((_, request)) = swept.of {
            rows.row().id(request.0).id(swept.intent.0);
        }
    }
    rows
}

/// Findings as rows.
pub(in crate::store) fn findings(findings: &[Finding]) -> JsonRows {
    let mut rows = JsonRows::new();
    for finding in findings {
        let (code, text) = failure_columns(&finding.failure);
        rows.row()
            .id(finding.object_id.0)
            .text(finding.kind.as_str())
            .id(finding.license.map_or(Uuid::nil(), |license| license.0))
            .maybe_id(finding.user.map(|user| user.0))
            .maybe_id(finding.request.map(|request| request.0))
            .text(&finding.user_principal_name)
            .text(code)
            .text(&text)
            .instant(finding.found_at);
    }
    rows
}

/// A user of the directory, with the user of ours that it is, if any.
pub(in crate::store) fn traced_user<'r>(
    row: impl Into<AnyRow<'r>>,
) -> Result<(ObjectId, Option<TracedUser>), StoreError> {
    let mut cells = Cells::of(row);
    let object = ObjectId(cells.id()?);
    let id = UserId(cells.id()?);
    let origin = cells.maybe_word(origin_of)?;
    let object_id = cells.maybe_id()?.map(ObjectId);
    let (license_may_be_held, license_in_use) = (cells.flag()?, cells.flag()?);
    let (active, live) = (cells.flag()?, cells.flag()?);
    // A user without any request is one of a submission that was not accepted.
    let user = cells.maybe_id()?.map(|request| TracedUser {
        id,
        request: RequestId(request),
        origin,
        object_id,
        license_may_be_held,
        license_in_use,
        active,
        live,
    });
    Ok((object, user))
}

/// A recheck of a tenant.
pub(in crate::store) fn recheck<'r>(row: impl Into<AnyRow<'r>>, tenant: &str) -> Result<Recheck, StoreError> {
    let mut cells = Cells::of(row);
    Ok(Recheck {
        object_id: ObjectId(cells.id()?),
        intent: IntentId(cells.id()?),
        tenant: tenant.to_owned(),
        user: cells.maybe_id()?.map(UserId),
        license: SkuId(cells.id()?),
        reason: cells.word(RecheckReason::parse)?,
        noted_at: cells.instant()?,
    })
}

/// The last sweep of a tenant, its findings not among it.
pub(in crate::store) fn standing<'r>(row: impl Into<AnyRow<'r>>) -> Result<SweepStanding, StoreError> {
    let mut cells = Cells::of(row);
    Ok(SweepStanding {
        tenant: cells.take()?,
        swept_at: cells.instant()?,
        removed: u64::try_from(cells.int()?).unwrap_or_default(),
        failure: failure_of(cells.maybe_text()?, cells.maybe_text()?)?,
        findings: Vec::new(),
    })
}

/// A finding.
pub(in crate::store) fn finding<'r>(row: impl Into<AnyRow<'r>>) -> Result<Finding, StoreError> {
    let mut cells = Cells::of(row);
    let tenant = cells.take()?;
    let object_id = ObjectId(cells.id()?);
    let kind = cells.word(FindingKind::parse)?;
    let license = Some(SkuId(cells.id()?)).filter(|license| !license.0.is_nil());
    let user = cells.maybe_id()?.map(UserId);
    let request = cells.maybe_id()?.map(RequestId);
    let user_principal_name = cells.take()?;
    let failure = failure_of(Some(cells.text()?), Some(cells.text()?))?
        .ok_or_else(|| StoreError::Corrupt("a finding has no code".to_owned()))?;
    let found_at = cells.instant()?;
    Ok(Finding { tenant, object_id, user_principal_name, kind, license, user, request, failure, found_at })
}
