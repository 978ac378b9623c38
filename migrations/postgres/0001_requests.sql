-- Seatless on PostgreSQL, version 13 or later. The tables, columns and indexes are those of migrations/sqlite, as they
-- are after all of its files; what differs says so.
--
-- Conventions: an instant is a count of microseconds since 1970-01-01 UTC (columns `…_at`, `…_since`, `…_until`), by the
-- clocks of the processes; a TIMESTAMPTZ is by the clock of this database, and only leases are measured with it. An id is
-- a UUID; an enum is its text; JSON keeps its text, since hashes are taken of it. Texts compare byte by byte, whatever
-- the database's collation. The CHECKs repeat the rules of the machine (src/domain), so that a row which the machine could
-- not have made is refused here, whoever writes it. The store decides nothing: it keeps what the machine decided, and
-- counts.

-- One row: what this database is.
CREATE TABLE meta (
    one                BOOLEAN PRIMARY KEY CHECK (one),
    store_id           UUID    NOT NULL,                            -- part of every marker in the cloud; never changes
    schema_version     BIGINT  NOT NULL,                            -- the version of the last migration
    reader_version_min BIGINT  NOT NULL,                            -- a binary that knows less must not even read
    -- Whether this database is still the latest word on what was done in the cloud: see src/store/postgres/incarnation.rs.
    incarnation        UUID,
    standing           TEXT    NOT NULL DEFAULT 'trusted' CHECK (standing IN ('trusted', 'restored', 'copied')),
    standing_since     BIGINT,
    confirmed_by       TEXT,
    confirmed_at       BIGINT,
    -- Where it lay when this row was last written. Differs because: there is no file to keep a side-car beside, but a
    -- server tells who it is.
    server             TEXT,                                        -- the system identifier
    timeline           TEXT,                                        -- grows when a standby takes over
    database_name      TEXT,
    database_oid       BIGINT,                                      -- another one: it was dropped and made again
    written_by         BIGINT,                                      -- the transaction; the row's own xmin tells another one if it was loaded
    CHECK (standing = 'trusted' OR standing_since IS NOT NULL),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL))
);

-- The processes that work. A holder's claims are its own until its lease is over, by this database's clock; those of a
-- holder without a row are free for whoever takes them over. Differs because: a file has one owner, and a lock.
CREATE TABLE workers (
    holder      UUID        PRIMARY KEY,                            -- of one start of one process
    started_at  TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    begins_until TIMESTAMPTZ NOT NULL,                              -- a write begun later could outlast the lease
    lease_until TIMESTAMPTZ NOT NULL
);

-- The requests submitted together. Invisible until accepted; promised from then on.
CREATE TABLE batches (
    id               UUID    PRIMARY KEY,
    source           TEXT    NOT NULL,                              -- such as a file's name
    actor            TEXT    NOT NULL,                              -- who submitted it
    origin           TEXT    NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    requests         BIGINT  NOT NULL DEFAULT 0 CHECK (requests >= 0), -- how many it added
    faulty           BOOLEAN NOT NULL DEFAULT FALSE,                -- a chunk had faults: it can only be discarded
    opened_at        BIGINT  NOT NULL,
    accepted_at      BIGINT,
    promoted_through UUID,                                          -- the last of its requests handed to the lanes
    promoted         BOOLEAN NOT NULL DEFAULT FALSE,                -- all of them were
    -- The last chunk. Differs because: whoever starts may not take a submission for ended that another process is making.
    touched_at       TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    CHECK (NOT faulty OR accepted_at IS NULL),
    CHECK (NOT promoted OR accepted_at IS NOT NULL)
);

-- for: promote (accepted, not yet handed over) and discard (not accepted); almost always empty
CREATE INDEX batches_unfinished ON batches (accepted_at, id) WHERE NOT promoted;

-- The directory users behind the requests: one per tenant and name, with everything that happens once per user.
CREATE TABLE users (
    id                  UUID    PRIMARY KEY,
    tenant              TEXT    COLLATE "C" NOT NULL,               -- the tenant's name in the config
    tenant_id           UUID    NOT NULL,                           -- what that name meant at submission
    user_principal_name TEXT    COLLATE "C" NOT NULL,               -- canonical
    display_name        TEXT    NOT NULL,
    given_name          TEXT    NOT NULL,
    surname             TEXT    NOT NULL,
    usage_location      TEXT    NOT NULL,
    license             UUID    NOT NULL,                           -- the product lent on the way
    print               BYTEA   NOT NULL CHECK (length(print) = 32), -- SHA-256 of what siblings must agree on
    object_id           UUID,                                       -- in Microsoft Entra, once known
    origin              TEXT    CHECK (origin IN ('made', 'adopted')),
    -- The seat: none, held since seat_at, or resting until seat_at; on the pool of seat_license.
    seat                TEXT    NOT NULL DEFAULT 'none' CHECK (seat IN ('none', 'held', 'resting')),
    seat_at             BIGINT,
    seat_license        UUID,
    -- The license by our doing: recorded as about to be assigned, then confirmed. Both name the intent.
    license_hold        TEXT    NOT NULL DEFAULT 'none' CHECK (license_hold IN ('none', 'may_be_held', 'held')),
    license_intent      UUID,
    license_since       BIGINT,
    licensed_by         TEXT    CHECK (licensed_by IN ('group', 'others')), -- whose doing it is, where it is not ours
    propagated_once     BOOLEAN NOT NULL DEFAULT FALSE,             -- then disabled, never deleted
    waiting             BIGINT  NOT NULL DEFAULT 0 CHECK (waiting >= 0), -- how many of its requests wait for a seat
    password_intent     UUID,                                       -- the write whose password the user has, once known
    rotation            UUID,                                       -- one that was recorded and may have been sent
    rotation_at         BIGINT,
    password_acknowledged_at BIGINT,                                -- when what was handed over was acknowledged
    CHECK ((seat = 'none') = (seat_at IS NULL)),
    CHECK ((seat = 'none') = (seat_license IS NULL)),
    CHECK ((license_hold = 'none') = (license_intent IS NULL)),
    CHECK ((license_hold = 'held') = (license_since IS NOT NULL)),
    CHECK ((rotation_at IS NULL) = (rotation IS NULL))
);

-- for: stage (is the user known?), and its uniqueness
CREATE UNIQUE INDEX users_by_name ON users (tenant, user_principal_name);
-- for: requests filtered by the beginning of a name
CREATE INDEX users_by_prefix ON users (user_principal_name);
-- for: end_rests, next_rest_end
CREATE INDEX users_resting ON users (seat_at) WHERE seat = 'resting';
-- for: candidates (users that need no further seat); almost always empty
CREATE INDEX users_seated_waiting ON users (id) WHERE seat <> 'none' AND waiting > 0;
-- for: confirmed_holders
CREATE INDEX users_licensed ON users (tenant, license, license_since) WHERE license_hold = 'held';
-- for: traces (is that one of ours?)
CREATE INDEX users_by_object ON users (object_id) WHERE object_id IS NOT NULL;
-- for: seats (when will the next be returned?)
CREATE INDEX users_seated ON users (tenant, seat_license, seat_at) WHERE seat <> 'none';

-- The requests: one account each, in one environment. The row is the truth; nothing else is replayed.
CREATE TABLE requests (
    id               UUID    PRIMARY KEY,                           -- UUIDv7: sorts by age
    batch            UUID    NOT NULL REFERENCES batches (id),
    "user"           UUID    NOT NULL REFERENCES users (id),
    -- What was asked for; never changes.
    tenant           TEXT    COLLATE "C" NOT NULL,
    environment      TEXT    COLLATE "C" NOT NULL,
    tenant_id        UUID    NOT NULL,                              -- what the two names meant at submission
    environment_id   UUID    NOT NULL,
    dataverse_origin TEXT    NOT NULL,
    license          UUID    NOT NULL,                              -- the user's, repeated: it names the seat pool
    business_unit    TEXT,
    security_roles   JSON    NOT NULL,                              -- a list of names
    on_existing      TEXT    NOT NULL CHECK (on_existing IN ('block', 'adopt')),
    priority         BIGINT  NOT NULL,                              -- larger comes first
    external_id      TEXT,
    note             TEXT,
    print            BYTEA   NOT NULL CHECK (length(print) = 32),   -- SHA-256 of the content: recognizes a second submission
    submitted_at     BIGINT  NOT NULL,
    staged           BOOLEAN NOT NULL,                              -- not handed to the lanes yet: nobody sees it
    -- How far it has come.
    state            TEXT    NOT NULL CHECK (state IN
                         ('requested', 'created', 'licensed', 'propagated', 'non_interactive', 'unlicensed')),
    status           TEXT    NOT NULL CHECK (status IN ('active', 'blocked', 'succeeded', 'failed', 'cancelled')),
    direction        TEXT    CHECK (direction IN ('forward', 'cancelling', 'giving_up')), -- absent once it has ended
    paused           BOOLEAN NOT NULL,
    waiting          BOOLEAN NOT NULL,                              -- until admission grants its user a seat
    due_at           BIGINT,                                        -- when it is worked on next; keeps its value while claimed
    entered_at       BIGINT  NOT NULL,                              -- when the state was reached
    updated_at       BIGINT  NOT NULL,
    regressions      BIGINT  NOT NULL DEFAULT 0 CHECK (regressions >= 0),
    code             TEXT,                                          -- why it is blocked or has failed …
    failure          JSON,                                          -- … in words, with remote request ids
    delete_user      BOOLEAN NOT NULL DEFAULT FALSE,                -- on the way back: its user is deleted wherever it was
    given_up_code    TEXT,                                          -- why the policy gave it up …
    given_up         JSON,                                          -- … in words
    -- How the current step has gone so far.
    attempts         BIGINT  NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    claims           BIGINT  NOT NULL DEFAULT 0 CHECK (claims >= 0), -- since the last commit
    intent           UUID,                                          -- a remote write whose fate is not known yet
    begun_at         BIGINT,
    evidence         TEXT    CHECK (evidence IN ('absent', 'behind')), -- what looks have shown in a row
    evidence_state   TEXT    CHECK (evidence_state IN
                         ('requested', 'created', 'licensed', 'propagated', 'non_interactive', 'unlicensed')),
    evidence_looks   BIGINT  CHECK (evidence_looks >= 1),
    evidence_since   BIGINT,
    trouble_code     TEXT,                                          -- what went wrong last, while work goes on …
    trouble          JSON,                                          -- … in words
    memo             TEXT,                                          -- only the step can read it
    look_first       BOOLEAN NOT NULL DEFAULT FALSE,                -- the cloud may be ahead: looked at before any write
    -- Who works on it.
    step             TEXT    CHECK (step IN ('check_environment', 'create_user', 'assign_license', 'await_propagation',
                         'set_non_interactive', 'remove_license', 'verify', 'delete_user', 'disable_user')),
    lane             BIGINT,                                        -- the step's row of lanes
    holder           UUID,                                          -- who has claimed it
    epoch            BIGINT  NOT NULL DEFAULT 0 CHECK (epoch >= 0), -- grows at each claim and each command
    -- What it holds and knows in the environment.
    slot_held        BOOLEAN NOT NULL DEFAULT FALSE,
    system_user      UUID,
    resolved         TEXT,
    CHECK ((status IN ('active', 'blocked')) = (direction IS NOT NULL)),
    CHECK ((status IN ('blocked', 'failed')) = (code IS NOT NULL)),
    CHECK ((code IS NULL) = (failure IS NULL)),
    CHECK ((trouble_code IS NULL) = (trouble IS NULL)),
    CHECK ((intent IS NULL) = (begun_at IS NULL)),
    CHECK ((evidence IS NULL) = (evidence_looks IS NULL) AND (evidence IS NULL) = (evidence_since IS NULL)),
    CHECK ((evidence IS NOT DISTINCT FROM 'behind') = (evidence_state IS NOT NULL)),
    -- An active request has a time, or waits for a seat, or is not handed over yet; an ended one is never worked on.
    CHECK (status <> 'active' OR (due_at IS NOT NULL)::INT + waiting::INT + staged::INT = 1),
    CHECK (NOT waiting OR (status = 'active' AND direction = 'forward' AND state = 'created')),
    CHECK (NOT staged OR (status = 'active' AND state = 'requested' AND holder IS NULL AND epoch = 0)),
    CHECK (status IN ('active', 'blocked') OR (due_at IS NULL AND holder IS NULL)),
    CHECK (status <> 'succeeded' OR state = 'unlicensed'),
    CHECK (status NOT IN ('failed', 'cancelled') OR (state = 'requested' AND NOT slot_held)),
    -- There is a step exactly if there is something to do: the license of a blocked request, or any of an active one.
    CHECK ((step IS NOT NULL) = (NOT staged AND (status = 'active' OR due_at IS NOT NULL))),
    CHECK ((step IS NULL) = (lane IS NULL)),
    CHECK (status <> 'blocked' OR step IS NULL OR step = 'remove_license'),
    CHECK (holder IS NULL OR (epoch > 0 AND lane IS NOT NULL))
);

-- for: the identity of a request among those that live or succeeded; stage; a user's other requests
CREATE UNIQUE INDEX requests_live ON requests ("user", environment) WHERE status IN ('active', 'blocked', 'succeeded');
-- for: requests of a name; discard (has the user any request at all?); the foreign key
CREATE INDEX requests_by_user ON requests ("user", id);
-- for: requests of a batch in order; promote; discard; the foreign key
CREATE INDEX requests_by_batch ON requests (batch, id);
-- for: requests of an environment in order; slot_holders
CREATE INDEX requests_by_environment ON requests (tenant, environment, id);
-- for: requests by any status but the one that most end with
CREATE INDEX requests_unfinished ON requests (status, id) WHERE status <> 'succeeded';
-- for: claim, and the earliest due of a lane
CREATE INDEX requests_due ON requests (lane, due_at, id) WHERE due_at IS NOT NULL AND holder IS NULL AND NOT paused;
-- for: claimed_by_others; what a released lane leaves behind
CREATE INDEX requests_claimed ON requests (lane, holder) WHERE holder IS NOT NULL;
-- for: candidates (the first of each line)
CREATE INDEX requests_in_line ON requests (tenant, license, priority DESC, batch, id) WHERE waiting AND NOT paused;
-- for: candidates (who has waited longest)
CREATE INDEX requests_longest_waiting ON requests (tenant, license, id) WHERE waiting AND NOT paused;

-- A step × its tenant or environment: what is claimed as one group. Made when first needed, never removed.
CREATE TABLE lanes (
    id           BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step         TEXT    COLLATE "C" NOT NULL,
    tenant       TEXT    COLLATE "C" NOT NULL,
    environment  TEXT    COLLATE "C",                               -- absent for a step that works on the tenant
    next_at      BIGINT,                                            -- the earliest due of its claimable requests
    gate_until   BIGINT,                                            -- nothing is claimed before
    claimed_by   UUID,                                              -- whose group is out
    served_at    BIGINT  NOT NULL DEFAULT 0,                        -- the last claim: fair turns
    trouble      BIGINT  NOT NULL DEFAULT 0 CHECK (trouble >= 0),   -- how often in a row the whole group failed …
    code         TEXT,                                              -- … and what failed last …
    failure      JSON,                                              -- … in words
    -- Differs because: PostgreSQL's greatest() passes over NULL, SQLite's max() does not.
    wake_at      BIGINT  GENERATED ALWAYS AS
                     (CASE WHEN claimed_by IS NULL AND next_at IS NOT NULL THEN greatest(next_at, gate_until) END) STORED,
    CHECK ((code IS NULL) = (failure IS NULL))
);

-- for: finding the lane of a step
CREATE UNIQUE INDEX lanes_by_step ON lanes (step, tenant, coalesce(environment, ''));
-- for: next_wake
CREATE INDEX lanes_due ON lanes (wake_at) WHERE wake_at IS NOT NULL;
-- for: claim (which tenants have due lanes, and which lanes are due?)
CREATE INDEX lanes_due_of_tenant ON lanes (tenant, wake_at) WHERE wake_at IS NOT NULL;
-- for: free_lanes
CREATE INDEX lanes_claimed ON lanes (claimed_by) WHERE claimed_by IS NOT NULL;

-- The turns of the tenants: their lanes share the groups that may be in flight.
CREATE TABLE tenant_turns (
    tenant TEXT   COLLATE "C" PRIMARY KEY,
    pass   BIGINT NOT NULL                                          -- grows with each group, by less for a larger weight
);

-- What there is only so much of: license units of a tenant, non-interactive users of an environment.
CREATE TABLE pools (
    kind        TEXT   COLLATE "C" NOT NULL CHECK (kind IN ('seat', 'slot')),
    tenant      TEXT   COLLATE "C" NOT NULL,
    subject     TEXT   COLLATE "C" NOT NULL,                        -- the license's product id, or the environment's name
    capacity    BIGINT CHECK (capacity >= 0),                       -- absent until read: then nothing is granted
    others      BIGINT NOT NULL DEFAULT 0 CHECK (others >= 0),      -- used by others, as far as we know
    held        BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),        -- by us, resting ones included
    waiting     BIGINT NOT NULL DEFAULT 0 CHECK (waiting >= 0),     -- how many of our requests wait for one
    read_at     BIGINT,                                             -- when capacity and others were read
    passed_over BIGINT NOT NULL DEFAULT 0 CHECK (passed_over >= 0), -- turns in a row that went to others than the eldest
    PRIMARY KEY (kind, tenant, subject),
    CHECK ((capacity IS NULL) = (read_at IS NULL))
);

-- for: pools_to_read, candidates
CREATE INDEX pools_wanted ON pools (kind, tenant, subject) WHERE waiting > 0;

-- The lines for a seat: within a pool and a priority, the batches that wait take turns.
CREATE TABLE turns (
    tenant   TEXT   COLLATE "C" NOT NULL,                           -- with the license: the seat pool
    license  UUID   NOT NULL,
    priority BIGINT NOT NULL,
    batch    UUID   NOT NULL,
    waiting  BIGINT NOT NULL,                                       -- its requests that wait and are not paused
    pass     BIGINT NOT NULL,                                       -- grows by one with each turn; the smallest is next
    PRIMARY KEY (tenant, license, priority, batch),
    CHECK (waiting >= 0)
);

-- for: candidates (the lines whose turns are next)
CREATE INDEX turns_next ON turns (tenant, license, priority DESC, pass, batch) WHERE waiting > 0;
-- for: a line that joins begins a little before the one that is furthest; lines that mean nothing any more
CREATE INDEX turns_furthest ON turns (tenant, license, priority, pass);

-- The histories: facts, written in the same transaction as what they tell, never changed. Differs because: the sequence
-- grows along each history, but a transaction that fails leaves a gap in it, and of two at once the later number may be
-- seen first. One counter for all would have every commit wait for the disk of every other.
CREATE TABLE events (
    sequence           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at        BIGINT NOT NULL,
    machine_version    BIGINT NOT NULL,                             -- of the rules that decided it
    request            UUID   NOT NULL,
    "user"             UUID   NOT NULL,
    actor              TEXT   NOT NULL,
    origin             TEXT   NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    intent             UUID,
    kind               TEXT   NOT NULL,
    from_state         TEXT   NOT NULL,
    to_state           TEXT   NOT NULL,
    code               TEXT,                                        -- what went wrong, if something did
    remote_request_ids JSON,                                        -- a list of texts
    payload            JSON,                                        -- what is special about it
    payload_hash       BYTEA  CHECK (length(payload_hash) = 32),    -- SHA-256 of the payload's bytes
    chain              BYTEA,                                       -- reserved: the hash that links it to the one before
    CHECK ((payload IS NULL) = (payload_hash IS NULL))
);

-- for: history
CREATE INDEX events_by_request ON events (request, sequence);

-- How many requests are where; kept in each commit, never counted. Promoted requests only. A row may come to nothing and
-- stay. Differs because: PostgreSQL looks at a CHECK before it looks whether the row is there, so what is taken away could
-- not be added; the commit itself refuses a count below zero.
CREATE TABLE counters (
    batch       UUID   NOT NULL,
    tenant      TEXT   COLLATE "C" NOT NULL,
    environment TEXT   COLLATE "C" NOT NULL,
    state       TEXT   COLLATE "C" NOT NULL,
    status      TEXT   COLLATE "C" NOT NULL,
    requests    BIGINT NOT NULL,
    PRIMARY KEY (batch, tenant, environment, state, status)
);

-- Running totals per tenant, such as the seconds for which seats were held.
CREATE TABLE tallies (
    tenant TEXT   COLLATE "C" NOT NULL,
    tally  TEXT   COLLATE "C" NOT NULL,
    amount DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (tenant, tally)
);

-- Passwords, sealed to the operators' keys before the write that uses them.
CREATE TABLE sealed_passwords (
    intent   UUID   PRIMARY KEY,                                    -- the write's; the user's marker names the create's
    "user"   UUID   NOT NULL REFERENCES users (id),
    sealed   BYTEA  NOT NULL,
    begun_at BIGINT NOT NULL,
    taken_at BIGINT                                                 -- when it was last handed over
);

-- for: what is kept of a user; the foreign key
CREATE INDEX sealed_passwords_by_user ON sealed_passwords ("user");

-- Licenses that may appear, or appear again, though no request waits for them; see migrations/sqlite/0002_rechecks.sql.
CREATE TABLE rechecks (
    intent    UUID   PRIMARY KEY,
    tenant    TEXT   COLLATE "C" NOT NULL,
    "user"    UUID   REFERENCES users (id),                         -- absent: an orphan, confirmed by a person
    object_id UUID   NOT NULL,                                      -- whom it was sent for
    license   UUID   NOT NULL,
    reason    TEXT   NOT NULL CHECK (reason IN ('in_flight', 'fenced', 'deleted', 'confirmed')),
    noted_at  BIGINT NOT NULL
);

-- for: traces
CREATE INDEX rechecks_by_object ON rechecks (object_id);
-- for: the foreign key; discard
CREATE INDEX rechecks_by_user ON rechecks ("user") WHERE "user" IS NOT NULL;
-- for: end_sweep (which have had their time?)
CREATE INDEX rechecks_by_time ON rechecks (reason, noted_at);

-- The last sweep of each tenant.
CREATE TABLE sweeps (
    tenant   TEXT   COLLATE "C" PRIMARY KEY,
    swept_at BIGINT NOT NULL,                                       -- when it ended
    removed  BIGINT NOT NULL CHECK (removed >= 0),                  -- licenses removed by all sweeps so far
    code     TEXT,                                                  -- why it could not see everything …
    failure  JSON,                                                  -- … in words
    CHECK ((code IS NULL) = (failure IS NULL))
);

-- What the last sweep of a tenant found and did not mend.
CREATE TABLE findings (
    tenant              TEXT   COLLATE "C" NOT NULL,
    object_id           UUID   NOT NULL,
    kind                TEXT   COLLATE "C" NOT NULL CHECK (kind IN ('license_left', 'license_foreign', 'orphan')),
    license             UUID   NOT NULL,                            -- of an orphan without one: zeros
    "user"              UUID,                                       -- with us, if we know it
    request             UUID,                                       -- its latest request
    user_principal_name TEXT   COLLATE "C" NOT NULL,                -- as the directory spells it
    code                TEXT   NOT NULL,                            -- what it is, or why it could not be mended …
    failure             JSON   NOT NULL,                            -- … in words
    found_at            BIGINT NOT NULL,                            -- by which sweep first
    PRIMARY KEY (tenant, object_id, kind, license)
);

-- The watch over finished accounts: one row for each succeeded request, written in the commit in which it succeeds, and
-- taken away in the one that reopens it.
CREATE TABLE watches (
    request      UUID   PRIMARY KEY REFERENCES requests (id),
    tenant       TEXT   COLLATE "C" NOT NULL,                       -- the request's, repeated: one look serves an environment
    environment  TEXT   COLLATE "C" NOT NULL,
    succeeded_at BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,                                   -- when it is looked at next
    looks        BIGINT NOT NULL DEFAULT 0 CHECK (looks >= 0),      -- how many were noted; the fence of the next note
    looked_at    BIGINT,
    drifts       TEXT   NOT NULL DEFAULT '[]' CHECK (drifts::JSON IS NOT NULL), -- a list of {code, message}, believed
    -- What looks in a row did not find, while it is not enough to be believed.
    evidence       TEXT,
    evidence_looks BIGINT CHECK (evidence_looks >= 1),
    evidence_since BIGINT,
    CHECK ((evidence IS NULL) = (evidence_looks IS NULL) AND (evidence IS NULL) = (evidence_since IS NULL)),
    CHECK (looked_at IS NULL OR looks > 0)
);

-- for: due_watches (which environment is due first?), next_watch
CREATE INDEX watches_due ON watches (due_at);
-- for: due_watches (who else of that environment is due?)
CREATE INDEX watches_by_place ON watches (tenant, environment, due_at);
-- for: drift_counts, and requests filtered by drift
CREATE INDEX watches_drifted ON watches (tenant, environment, request) WHERE drifts <> '[]';
