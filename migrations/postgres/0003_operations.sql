-- Orders for many requests at once; see migrations/sqlite/0009_operations.sql.

CREATE TABLE operations (
    id            UUID   PRIMARY KEY,
    verb          TEXT   NOT NULL CHECK (verb IN ('pause', 'resume', 'retry', 'cancel', 'cancel_and_delete')),
    selection     TEXT   NOT NULL,                                  -- what selected its requests, in words
    reason        TEXT,                                             -- why, in the words of who ordered it
    actor         TEXT   NOT NULL,
    origin        TEXT   NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    opened_at     BIGINT NOT NULL,
    ended_at      BIGINT,                                           -- when the last item was settled
    called_off_by TEXT,
    items         BIGINT NOT NULL CHECK (items >= 0),
    done          BIGINT NOT NULL DEFAULT 0 CHECK (done >= 0),
    refused       BIGINT NOT NULL DEFAULT 0 CHECK (refused >= 0),
    dropped       BIGINT NOT NULL DEFAULT 0 CHECK (dropped >= 0),
    CHECK (done + refused + dropped <= items),
    CHECK ((ended_at IS NOT NULL) = (done + refused + dropped = items))
);

-- for: due_items; almost always empty
CREATE INDEX operations_open ON operations (opened_at, id) WHERE ended_at IS NULL;
-- for: operations
CREATE INDEX operations_latest ON operations (opened_at, id);

-- The requests of each operation.
CREATE TABLE operation_items (
    operation  UUID    NOT NULL REFERENCES operations (id),
    place      BIGINT  NOT NULL,
    request    UUID    NOT NULL,
    halts      BOOLEAN NOT NULL,                                    -- until it is settled, nothing is begun for the request
    outcome    TEXT    CHECK (outcome IN ('done', 'refused', 'dropped')),
    why        TEXT,                                                -- why it was refused
    settled_at BIGINT,
    PRIMARY KEY (operation, place),
    CHECK ((outcome IS NULL) = (settled_at IS NULL)),
    CHECK ((outcome IS NOT DISTINCT FROM 'refused') = (why IS NOT NULL))
);

-- for: due_items, call_off
CREATE INDEX operation_items_due ON operation_items (operation, place) WHERE outcome IS NULL;
-- for: begin (may anything be begun for the request?); almost always empty
CREATE INDEX operation_items_halting ON operation_items (request) WHERE halts AND outcome IS NULL;
-- for: operations_of
CREATE INDEX operation_items_by_request ON operation_items (request, operation);
