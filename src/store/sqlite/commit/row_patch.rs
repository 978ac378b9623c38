//! The columns that a decided request gets.

/// The statement that writes decided rows, with what it sets beside the rest.
macro_rules! update_rows {
    ($also:literal) => {
        concat!(
            "
    WITH decided AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    UPDATE requests
    SET ",
            $also,
            "holder = NULL, epoch = v ->> 5, state = v ->> 6, direction = v ->> 8, paused = v ->> 9,
        waiting = v ->> 10, due_at = v ->> 11, entered_at = v ->> 12, updated_at = v ->> 13, regressions = v ->> 14,
        code = v ->> 15, failure = v ->> 16, attempts = v ->> 17, claims = v ->> 18, intent = unhex(v ->> 19),
        begun_at = v ->> 20, evidence = v ->> 21, evidence_state = v ->> 22, evidence_looks = v ->> 23,
        evidence_since = v ->> 24, trouble_code = v ->> 25, trouble = v ->> 26, memo = v ->> 27, step = v ->> 28,
        lane = v ->> 29, slot_held = v ->> 30, system_user = ifnull(unhex(v ->> 31), system_user),
        resolved = ifnull(v ->> 32, resolved), look_first = v ->> 33
    FROM decided
    WHERE requests.id = unhex(v ->> 0) AND epoch = v ->> 1 AND state = v ->> 3 AND status = v ->> 4
      AND (v ->> 2 IS NULL OR holder = unhex(v ->> 2))"
        )
    };
}

/// For rows that keep their status, as most do: SQLite rewrites the entry of each index that names a column which is
/// set, whether or not its value changes, and two indexes name the status.
pub(in super::super) const ROWS: &str = update_rows!("");

/// For rows that get another status.
pub(in super::super) const ROWS_OF_NEW_STATUS: &str = update_rows!("status = v ->> 7, ");
