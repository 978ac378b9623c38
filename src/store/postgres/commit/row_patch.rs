//! The columns that a decided request gets.

/// Differs because: SQLite rewrites the entry of each index that names a column which is set, whether or not its value
/// changes, and so has a second statement for rows that keep their status; PostgreSQL looks at the values.
pub(in super::super) const ROWS: &str = "
    UPDATE requests
    SET holder = NULL, epoch = (v ->> 5)::bigint, state = v ->> 6, status = v ->> 7, direction = v ->> 8,
        paused = (v ->> 9)::boolean, waiting = (v ->> 10)::boolean, due_at = (v ->> 11)::bigint,
        entered_at = (v ->> 12)::bigint, updated_at = (v ->> 13)::bigint, regressions = (v ->> 14)::bigint,
        code = v ->> 15, failure = (v ->> 16)::json, attempts = (v ->> 17)::bigint, claims = (v ->> 18)::bigint,
        intent = (v ->> 19)::uuid, begun_at = (v ->> 20)::bigint, evidence = v ->> 21, evidence_state = v ->> 22,
        evidence_looks = (v ->> 23)::bigint, evidence_since = (v ->> 24)::bigint, trouble_code = v ->> 25,
        trouble = (v ->> 26)::json, memo = v ->> 27, step = v ->> 28, lane = (v ->> 29)::bigint,
        slot_held = (v ->> 30)::boolean, system_user = coalesce((v ->> 31)::uuid, system_user),
        resolved = coalesce(v ->> 32, resolved), look_first = (v ->> 33)::boolean
    FROM jsonb_array_elements($1::jsonb) AS decided (v)
    WHERE requests.id = (v ->> 0)::uuid AND epoch = (v ->> 1)::bigint AND state = v ->> 3 AND status = v ->> 4
      AND (v ->> 2 IS NULL OR holder = (v ->> 2)::uuid)";
