//! A million requests that were called off long ago, with their users, events and counters.

use super::sql;
use sqlx::Connection;
use std::path::Path;

/// They hold no slot, and there are at most seven to an environment.
const FILL: &str = "
    PRAGMA foreign_keys = 0;
    PRAGMA synchronous = 0;
    PRAGMA wal_autocheckpoint = 0;
    BEGIN;
    INSERT INTO batches (id, source, actor, origin, requests, opened_at, accepted_at, promoted)
    VALUES (unhex('01700000000070008000000000000000'), 'long ago', 'bench', 'cli', 1000000, 1, 1, 1);
    CREATE TEMP TABLE old AS
    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000)
    SELECT n, unhex(printf('0170%028x', n)) AS request, unhex(printf('0171%028x', n)) AS user,
           printf('old-%06d', n / 7) AS environment FROM n;
    INSERT INTO users (id, tenant, tenant_id, user_principal_name, display_name, given_name, surname, usage_location,
                       license, print)
    SELECT user, 'tenant-0', zeroblob(16), printf('old-%07d@tenant-0.example', n), 'Old service', 'Old', 'Service', 'GB',
           unhex('1e1a282c9c5443a2931098ef728faace'), randomblob(32) FROM old;
    INSERT INTO requests (id, batch, user, tenant, environment, tenant_id, environment_id, dataverse_origin, license,
        security_roles, on_existing, priority, print, submitted_at, staged, state, status, paused, waiting, entered_at,
        updated_at, epoch)
    SELECT request, unhex('01700000000070008000000000000000'), user, 'tenant-0', environment, zeroblob(16),
        zeroblob(16), 'https://' || environment || '.crm4.dynamics.com', unhex('1e1a282c9c5443a2931098ef728faace'),
        '[]', 'block', 0, randomblob(32), 1, 0, 'requested', 'cancelled', 0, 0, 1, 1, 2 FROM old;
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, kind, from_state, to_state)
    SELECT 1, 1, request, user, 'bench', 'cli', 'submitted', 'requested', 'requested' FROM old;
    INSERT INTO events (occurred_at, machine_version, request, user, actor, origin, kind, from_state, to_state)
    SELECT 1, 1, request, user, 'bench', 'cli', 'unwound', 'requested', 'requested' FROM old;
    INSERT INTO counters (batch, tenant, environment, state, status, requests)
    SELECT unhex('01700000000070008000000000000000'), 'tenant-0', environment, 'requested', 'cancelled', count(*)
    FROM old GROUP BY environment;
    COMMIT;
    DROP TABLE old;
    PRAGMA wal_checkpoint(TRUNCATE);
    ";

/// Puts them into a closed database.
pub(crate) async fn fill(path: &Path) {
    let mut connection = sql::connect(path).await;
    sql::run(&mut connection, FILL).await;
    connection.close().await.expect("a closed connection");
}
