-- Orders for many requests at once: who belongs to one is settled when it is opened, and what it comes to is kept for each.

CREATE TABLE operations (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    verb          TEXT    NOT NULL CHECK (verb IN ('pause', 'resume', 'retry', 'cancel', 'cancel_and_delete')),
    selection     TEXT    NOT NULL,                                 -- what selected its requests, in words
    reason        TEXT,                                             -- why, in the words of who ordered it
    actor         TEXT    NOT NULL,
    origin        TEXT    NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    opened_at     INTEGER NOT NULL,
    ended_at      INTEGER,                                          -- when the last item was settled
    called_off_by TEXT,
    items         INTEGER NOT NULL CHECK (items >= 0),
    done          INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    refused       INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0),
    dropped       INTEGER NOT NULL DEFAULT 0 CHECK (dropped >= 0),
    CHECK (done + refused + dropped <= items),
    CHECK ((ended_at IS NOT NULL) = (done + refused + dropped = items))
) STRICT;

-- for: due_items; almost always empty
CREATE INDEX operations_open ON operations (opened_at, id) WHERE ended_at IS NULL;
-- for: operations
CREATE INDEX operations_latest ON operations (opened_at, id);

-- The requests of each operation.
CREATE TABLE operation_items (
    operation  BLOB    NOT NULL REFERENCES operations (id),
    place      INTEGER NOT NULL,
    request    BLOB    NOT NULL CHECK (length(request) = 16),
    halts      INTEGER NOT NULL CHECK (halts IN (0, 1)),            -- until it is settled, nothing is begun for the request
    outcome    TEXT    CHECK (outcome IN ('done', 'refused', 'dropped')),
    why        TEXT,                                                -- why it was refused
    settled_at INTEGER,
    PRIMARY KEY (operation, place),
    CHECK ((outcome IS NULL) = (settled_at IS NULL)),
    CHECK ((outcome IS 'refused') = (why IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- for: due_items, call_off
CREATE INDEX operation_items_due ON operation_items (operation, place) WHERE outcome IS NULL;
-- for: begin (may anything be begun for the request?); almost always empty
CREATE INDEX operation_items_halting ON operation_items (request) WHERE halts = 1 AND outcome IS NULL;
-- for: operations_of
CREATE INDEX operation_items_by_request ON operation_items (request, operation);
