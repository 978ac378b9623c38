-- What our writes may have left in the cloud, and what the sweep makes of it.

-- Licenses that may appear, or appear again, though no request waits for them. A row is made with the intent of each
-- assignment, and goes when the very call tells how it ended. It stays when nobody learned that: the call may be carried
-- out later. It also comes from a worker that had lost its request when its call ended, from a user that was deleted with
-- the license (a restore brings both back), and from a person who says that a license found is ours.
CREATE TABLE rechecks (
    intent    BLOB    NOT NULL PRIMARY KEY CHECK (length(intent) = 16),
    tenant    TEXT    NOT NULL,
    user      BLOB    REFERENCES users (id),                    -- absent: an orphan, confirmed by a person
    object_id BLOB    NOT NULL CHECK (length(object_id) = 16),  -- whom it was sent for
    license   BLOB    NOT NULL CHECK (length(license) = 16),
    reason    TEXT    NOT NULL CHECK (reason IN ('in_flight', 'fenced', 'deleted', 'confirmed')),
    noted_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- for: traces
CREATE INDEX rechecks_by_object ON rechecks (object_id);
-- for: the foreign key; discard
CREATE INDEX rechecks_by_user ON rechecks (user) WHERE user IS NOT NULL;
-- for: end_sweep (which have had their time?)
CREATE INDEX rechecks_by_time ON rechecks (reason, noted_at);

-- for: traces (is that one of ours?)
CREATE INDEX users_by_object ON users (object_id) WHERE object_id IS NOT NULL;

-- The last sweep of each tenant.
CREATE TABLE sweeps (
    tenant   TEXT    NOT NULL PRIMARY KEY,
    swept_at INTEGER NOT NULL,                                  -- when it ended
    removed  INTEGER NOT NULL CHECK (removed >= 0),             -- licenses removed by all sweeps so far
    code     TEXT,                                              -- why it could not see everything …
    failure  TEXT    CHECK (json_valid(failure)),               -- … in words
    CHECK ((code IS NULL) = (failure IS NULL))
) STRICT, WITHOUT ROWID;

-- What the last sweep of a tenant found and did not mend.
CREATE TABLE findings (
    tenant              TEXT    NOT NULL,
    object_id           BLOB    NOT NULL CHECK (length(object_id) = 16),
    kind                TEXT    NOT NULL CHECK (kind IN ('license_left', 'license_foreign', 'orphan')),
    license             BLOB    NOT NULL CHECK (length(license) = 16), -- of an orphan without one: zeros
    user                BLOB    CHECK (length(user) = 16),      -- with us, if we know it
    request             BLOB    CHECK (length(request) = 16),   -- its latest request
    user_principal_name TEXT    NOT NULL,                       -- as the directory spells it
    code                TEXT    NOT NULL,                       -- what it is, or why it could not be mended …
    failure             TEXT    NOT NULL CHECK (json_valid(failure)), -- … in words
    found_at            INTEGER NOT NULL,                       -- by which sweep first
    PRIMARY KEY (tenant, object_id, kind, license)
) STRICT, WITHOUT ROWID;
