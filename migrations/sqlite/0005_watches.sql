-- The watch over finished accounts: one row for each succeeded request, written in the commit in which it succeeds, and
-- taken away in the one that reopens it.

CREATE TABLE watches (
    request      BLOB    NOT NULL PRIMARY KEY REFERENCES requests (id) CHECK (length(request) = 16),
    tenant       TEXT    NOT NULL,                              -- the request's, repeated: one look serves an environment
    environment  TEXT    NOT NULL,
    succeeded_at INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,                              -- when it is looked at next
    looks        INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0), -- how many were noted; the fence of the next note
    looked_at    INTEGER,
    drifts       TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(drifts)), -- a list of {code, message}, believed
    -- What looks in a row did not find, while it is not enough to be believed.
    evidence       TEXT,
    evidence_looks INTEGER CHECK (evidence_looks >= 1),
    evidence_since INTEGER,
    CHECK ((evidence IS NULL) = (evidence_looks IS NULL) AND (evidence IS NULL) = (evidence_since IS NULL)),
    CHECK (looked_at IS NULL OR looks > 0)
) STRICT;

-- for: due_watches (which environment is due first?), next_watch
CREATE INDEX watches_due ON watches (due_at);
-- for: due_watches (who else of that environment is due?)
CREATE INDEX watches_by_place ON watches (tenant, environment, due_at);
-- for: drift_counts, and requests filtered by drift
CREATE INDEX watches_drifted ON watches (tenant, environment, request) WHERE drifts <> '[]';

-- What had succeeded before: an hour after its last change, so as a rule at once.
INSERT INTO watches (request, tenant, environment, succeeded_at, due_at)
SELECT id, tenant, environment, updated_at, updated_at + 3600000000 FROM requests WHERE status = 'succeeded';
