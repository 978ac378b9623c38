//! A request with its user, as a value. A row that the machine could not have made is refused by name.

use super::cells::{AnyRow, Cells};
use super::corrupt::corrupt;
use super::words::{failure_of, license_of, licensed_by_of, origin_of, seat_of};
use crate::domain::{
    Account, BatchId, Direction, Ending, Evidence, EvidenceKind, Failure, HolderId, IntentId, Membership,
    NewRequest, ObjectId, OnExisting, OpenIntent, Phase, Pinned, Progress, RequestId, SkuId, State, Status,
    Step, SystemUserId, Timer, Trial, UserId, UserPrincipalName,
};
use crate::store::{Member, Request, Siblings, StoreError, User};

/// Reads one row of a statement made by a driver's `select_members`, which lists the columns in this order.
pub(in crate::store) fn read<'r>(row: impl Into<AnyRow<'r>>) -> Result<Member, StoreError> {
    let mut cells = Cells::of(row);
    let id = RequestId(cells.id()?);
    read_cells(id, cells).map_err(|error| match error {
        StoreError::Corrupt(rule) => corrupt(format!("request {id}"), &rule),
        other => other,
    })
}

fn read_cells(id: RequestId, mut cells: Cells<'_>) -> Result<Member, StoreError> {
    let batch = BatchId(cells.id()?);
    let user = UserId(cells.id()?);
    let asked = Asked::read(&mut cells)?;
    let progress = read_progress(&mut cells)?;
    let step = cells.maybe_word(Step::parse)?;
    let request = Request {
        id,
        batch,
        user,
        asked: asked.request,
        progress,
        step,
        slot_held: cells.flag()?,
        epoch: cells.int()?,
        holder: cells.maybe_id()?.map(HolderId),
        system_user: cells.maybe_id()?.map(SystemUserId),
        resolved: cells.take()?,
        submitted_at: cells.instant()?,
        updated_at: cells.instant()?,
    };
    let user = User {
        id: user,
        tenant: request.asked.tenant.clone(),
        tenant_id: asked.user_tenant_id,
        account: request.asked.account.clone(),
        object_id: cells.maybe_id()?.map(ObjectId),
        origin: cells.maybe_word(origin_of)?,
        seat: {
            let (word, at) = (cells.text()?, cells.maybe_instant()?);
            seat_of(word, at).ok_or_else(|| rule("its user's seat contradicts itself"))?
        },
        license: {
            let (word, intent, since) = (cells.text()?, cells.maybe_id()?, cells.maybe_instant()?);
            license_of(word, intent, since).ok_or_else(|| rule("its user's license contradicts itself"))?
        },
        propagated_once: cells.flag()?,
        licensed_by: cells.maybe_word(licensed_by_of)?.unwrap_or_default(),
    };
    let siblings = Siblings { license_needed: cells.flag()?, user_needed: cells.flag()? };
    Ok(Member { request, user, siblings })
}

/// What was asked for, and the tenant that the user was first asked for in.
struct Asked {
    request: NewRequest,
    user_tenant_id: uuid::Uuid,
}

impl Asked {
    fn read(cells: &mut Cells<'_>) -> Result<Self, StoreError> {
        let tenant = cells.take()?;
        let environment = cells.take()?;
        let pinned =
            Pinned { tenant_id: cells.id()?, environment_id: cells.id()?, dataverse_origin: cells.take()? };
        let business_unit = cells.take()?;
        let roles = cells.text()?;
        let on_existing = cells.word(|word| OnExisting::parse(word).ok())?;
        let membership = Membership {
            business_unit,
            security_roles: serde_json::from_str(roles)
                .map_err(|_| rule("its security roles are no list of names"))?,
            on_existing,
        };
        let priority = i32::try_from(cells.int()?).map_err(|_| rule("its priority is out of range"))?;
        let external_id = cells.take()?;
        let note = cells.take()?;
        let user_tenant_id = cells.id()?;
        let name = cells.text()?;
        let account = Account {
            user_principal_name: UserPrincipalName::parse(name)
                .map_err(|fault| rule(&format!("its user name is not acceptable: {fault}")))?,
            display_name: cells.take()?,
            given_name: cells.take()?,
            surname: cells.take()?,
            usage_location: cells.take()?,
            license: SkuId(cells.id()?),
        };
        let request =
            NewRequest { tenant, environment, pinned, account, membership, priority, external_id, note };
        Ok(Self { request, user_tenant_id })
    }
}

fn read_progress(cells: &mut Cells<'_>) -> Result<Progress, StoreError> {
    let state = cells.word(State::parse)?;
    let status = cells.word(Status::parse)?;
    let direction = cells.maybe_word(Direction::parse)?;
    let paused = cells.flag()?;
    let waiting = cells.flag()?;
    let due_at = cells.maybe_instant()?;
    let entered_at = cells.instant()?;
    let regressions = cells.count()?;
    let failure = failure_of(cells.maybe_text()?, cells.maybe_text()?)?;
    let timer = match (due_at, waiting) {
        (Some(at), false) => Some(Timer::At(at)),
        (None, true) => Some(Timer::ForSeat),
        (None, false) => None,
        (Some(_), true) => return Err(rule("it waits for a seat and has a time as well")),
    };
    let phase = phase_of(status, direction, timer, failure)?;
    if timer == Some(Timer::ForSeat) && state != State::Created {
        return Err(rule("it waits for a seat before it is created, or after it was licensed"));
    }
    let trial = read_trial(cells)?;
    let ending = Ending {
        delete_user: cells.flag()?,
        given_up_for: failure_of(cells.maybe_text()?, cells.maybe_text()?)?,
    };
    Ok(Progress { state, phase, paused, entered_at, trial, regressions, ending })
}

fn phase_of(
    status: Status,
    direction: Option<Direction>,
    timer: Option<Timer>,
    failure: Option<Failure>,
) -> Result<Phase, StoreError> {
    match (status, direction, timer, failure) {
        (Status::Active, Some(direction), Some(timer), None) => Ok(Phase::Active { direction, timer }),
        (Status::Blocked, Some(direction), None, Some(failure)) => {
            Ok(Phase::Blocked { direction, failure, seat_due: None })
        }
        (Status::Blocked, Some(direction), Some(Timer::At(at)), Some(failure)) => {
            Ok(Phase::Blocked { direction, failure, seat_due: Some(at) })
        }
        (Status::Succeeded, None, None, None) => Ok(Phase::Succeeded),
        (Status::Failed, None, None, Some(failure)) => Ok(Phase::Failed { failure }),
        (Status::Cancelled, None, None, None) => Ok(Phase::Cancelled),
        (Status::Active | Status::Blocked | Status::Succeeded | Status::Failed | Status::Cancelled, ..) => {
            Err(rule(&format!("with status {status} its direction, time or failure cannot be as they are")))
        }
    }
}

fn read_trial(cells: &mut Cells<'_>) -> Result<Trial, StoreError> {
    let attempts = cells.count()?;
    let claims = cells.count()?;
    let intent = match (cells.maybe_id()?, cells.maybe_instant()?) {
        (Some(id), Some(begun_at)) => Some(OpenIntent { id: IntentId(id), begun_at }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(rule("its intent is not whole")),
    };
    let kind = cells.maybe_text()?;
    let behind = cells.maybe_word(State::parse)?;
    let looks = cells.maybe_int()?.map(u32::try_from);
    let since = cells.maybe_instant()?;
    let evidence = match (kind, behind, looks, since) {
        (None, None, None, None) => None,
        (Some("absent"), None, Some(Ok(looks)), Some(since)) => {
            Some(Evidence { kind: EvidenceKind::Absent, looks, since })
        }
        (Some("behind"), Some(state), Some(Ok(looks)), Some(since)) => {
            Some(Evidence { kind: EvidenceKind::Behind(state), looks, since })
        }
        _ => return Err(rule("its evidence is not whole")),
    };
    let trouble = failure_of(cells.maybe_text()?, cells.maybe_text()?)?;
    let (memo, look_first) = (cells.take()?, cells.flag()?);
    Ok(Trial { attempts, claims, intent, evidence, trouble, memo, look_first })
}

fn rule(text: &str) -> StoreError {
    StoreError::Corrupt(text.to_owned())
}
