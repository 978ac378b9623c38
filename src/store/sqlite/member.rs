//! A request with its user, as columns.

pub(super) use crate::store::sql::member::read;

/// A statement that selects members: the columns in the order in which [`read`] takes them, and what follows. The
/// columns need the tables `requests AS r` and `users AS u`, and `?1`: the instant up to which a blocked sibling's
/// seat is due.
macro_rules! select_members {
    ($tail:literal) => {
        select_members!("", $tail)
    };
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            "
    SELECT r.id, r.batch, r.user, r.tenant, r.environment, r.tenant_id, r.environment_id, r.dataverse_origin,
        r.business_unit, r.security_roles, r.on_existing, r.priority, r.external_id, r.note,
        u.tenant_id, u.user_principal_name, u.display_name, u.given_name, u.surname, u.usage_location, u.license,
        r.state, r.status, r.direction, r.paused, r.waiting, r.due_at, r.entered_at, r.regressions, r.code, r.failure,
        r.attempts, r.claims, r.intent, r.begun_at, r.evidence, r.evidence_state, r.evidence_looks, r.evidence_since,
        r.trouble_code, r.trouble, r.memo, r.look_first, r.delete_user, r.given_up_code, r.given_up,
        r.step, r.slot_held, r.epoch, r.holder, r.system_user, r.resolved, r.submitted_at, r.updated_at,
        u.object_id, u.origin, u.seat, u.seat_at, u.license_hold, u.license_intent, u.license_since, u.propagated_once,
        u.licensed_by,
        EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                WHERE s.user = r.user AND s.status IN ('active', 'blocked', 'succeeded') AND s.id <> r.id
                  AND s.state IN ('licensed', 'propagated') AND s.direction = 'forward'
                  AND (s.status = 'active' OR (s.status = 'blocked' AND s.due_at > ?1))),
        EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                WHERE s.user = r.user AND s.status IN ('active', 'blocked', 'succeeded') AND s.id <> r.id
                  AND (s.status = 'succeeded' OR s.direction = 'forward')
                  AND (s.staged = 0 OR EXISTS (SELECT 1 FROM batches AS b
                                               WHERE b.id = s.batch AND b.accepted_at IS NOT NULL)))
    ",
            $tail
        )
    };
}
pub(in crate::store) use select_members;
