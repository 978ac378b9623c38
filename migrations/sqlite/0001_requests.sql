-- Seatless on SQLite, from the first day on.
--
-- Conventions: an instant is a count of microseconds since 1970-01-01 UTC (columns `…_at`, `…_since`, `…_until`);
-- an id is a BLOB of 16 bytes; an enum is its text; JSON is text; a flag is 0 or 1. Tables are STRICT. The CHECKs
-- repeat the rules of the machine (src/domain), so that a row which the machine could not have made is refused here,
-- whoever writes it. The store decides nothing: it keeps what the machine decided, and counts.

-- One row: what this database is.
CREATE TABLE meta (
    one             INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    store_id        BLOB    NOT NULL CHECK (length(store_id) = 16), -- part of every marker in the cloud; never changes
    schema_version  INTEGER NOT NULL,                               -- the version of the last migration
    reader_version_min INTEGER NOT NULL                             -- a binary that knows less must not even read
) STRICT;

-- The requests submitted together. Invisible until accepted; promised from then on.
CREATE TABLE batches (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    source           TEXT    NOT NULL,                              -- such as a file's name
    actor            TEXT    NOT NULL,                              -- who submitted it
    origin           TEXT    NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    requests         INTEGER NOT NULL DEFAULT 0 CHECK (requests >= 0), -- how many it added
    faulty           INTEGER NOT NULL DEFAULT 0 CHECK (faulty IN (0, 1)), -- a chunk had faults: it can only be discarded
    opened_at        INTEGER NOT NULL,
    accepted_at      INTEGER,
    promoted_through BLOB,                                          -- the last of its requests handed to the lanes
    promoted         INTEGER NOT NULL DEFAULT 0 CHECK (promoted IN (0, 1)), -- all of them were
    CHECK (faulty = 0 OR accepted_at IS NULL),
    CHECK (promoted = 0 OR accepted_at IS NOT NULL)
) STRICT;

-- for: promote (accepted, not yet handed over) and discard (not accepted); almost always empty
CREATE INDEX batches_unfinished ON batches (accepted_at, id) WHERE promoted = 0;

-- The directory users behind the requests: one per tenant and name, with everything that happens once per user.
CREATE TABLE users (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tenant              TEXT    NOT NULL,                           -- the tenant's name in the config
    tenant_id           BLOB    NOT NULL CHECK (length(tenant_id) = 16), -- what that name meant at submission
    user_principal_name TEXT    NOT NULL,                           -- canonical
    display_name        TEXT    NOT NULL,
    given_name          TEXT    NOT NULL,
    surname             TEXT    NOT NULL,
    usage_location      TEXT    NOT NULL,
    license             BLOB    NOT NULL CHECK (length(license) = 16), -- the product lent on the way
    print               BLOB    NOT NULL CHECK (length(print) = 32), -- SHA-256 of what siblings must agree on
    object_id           BLOB    CHECK (length(object_id) = 16),     -- in Microsoft Entra, once known
    origin              TEXT    CHECK (origin IN ('made', 'adopted')),
    -- The seat: none, held since seat_at, or resting until seat_at; on the pool of seat_license.
    seat                TEXT    NOT NULL DEFAULT 'none' CHECK (seat IN ('none', 'held', 'resting')),
    seat_at             INTEGER,
    seat_license        BLOB    CHECK (length(seat_license) = 16),
    -- The license by our doing: recorded as about to be assigned, then confirmed. Both name the intent.
    license_hold        TEXT    NOT NULL DEFAULT 'none' CHECK (license_hold IN ('none', 'may_be_held', 'held')),
    license_intent      BLOB    CHECK (length(license_intent) = 16),
    license_since       INTEGER,
    propagated_once     INTEGER NOT NULL DEFAULT 0 CHECK (propagated_once IN (0, 1)), -- then disabled, never deleted
    waiting             INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0), -- how many of its requests wait for a seat
    CHECK ((seat = 'none') = (seat_at IS NULL)),
    CHECK ((seat = 'none') = (seat_license IS NULL)),
    CHECK ((license_hold = 'none') = (license_intent IS NULL)),
    CHECK ((license_hold = 'held') = (license_since IS NOT NULL))
) STRICT;

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

-- The requests: one account each, in one environment. The row is the truth; nothing else is replayed.
CREATE TABLE requests (
    id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- UUIDv7: sorts by age
    batch            BLOB    NOT NULL REFERENCES batches (id),
    user             BLOB    NOT NULL REFERENCES users (id),
    -- What was asked for; never changes.
    tenant           TEXT    NOT NULL,
    environment      TEXT    NOT NULL,
    tenant_id        BLOB    NOT NULL CHECK (length(tenant_id) = 16), -- what the two names meant at submission
    environment_id   BLOB    NOT NULL CHECK (length(environment_id) = 16),
    dataverse_origin TEXT    NOT NULL,
    license          BLOB    NOT NULL CHECK (length(license) = 16), -- the user's, repeated: it names the seat pool
    business_unit    TEXT,
    security_roles   TEXT    NOT NULL CHECK (json_valid(security_roles)), -- a list of names
    on_existing      TEXT    NOT NULL CHECK (on_existing IN ('block', 'adopt')),
    priority         INTEGER NOT NULL,                              -- larger comes first
    external_id      TEXT,
    note             TEXT,
    print            BLOB    NOT NULL CHECK (length(print) = 32),   -- SHA-256 of the content: recognizes a second submission
    submitted_at     INTEGER NOT NULL,
    staged           INTEGER NOT NULL CHECK (staged IN (0, 1)),     -- not handed to the lanes yet: nobody sees it
    -- How far it has come.
    state            TEXT    NOT NULL CHECK (state IN
                         ('requested', 'created', 'licensed', 'propagated', 'non_interactive', 'unlicensed')),
    status           TEXT    NOT NULL CHECK (status IN ('active', 'blocked', 'succeeded', 'failed', 'cancelled')),
    direction        TEXT    CHECK (direction IN ('forward', 'cancelling', 'giving_up')), -- absent once it has ended
    paused           INTEGER NOT NULL CHECK (paused IN (0, 1)),
    waiting          INTEGER NOT NULL CHECK (waiting IN (0, 1)),    -- until admission grants its user a seat
    due_at           INTEGER,                                       -- when it is worked on next; keeps its value while claimed
    entered_at       INTEGER NOT NULL,                              -- when the state was reached
    updated_at       INTEGER NOT NULL,
    regressions      INTEGER NOT NULL DEFAULT 0 CHECK (regressions >= 0),
    code             TEXT,                                          -- why it is blocked or has failed …
    failure          TEXT    CHECK (json_valid(failure)),           -- … in words, with remote request ids
    -- How the current step has gone so far.
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    claims           INTEGER NOT NULL DEFAULT 0 CHECK (claims >= 0), -- since the last commit
    intent           BLOB    CHECK (length(intent) = 16),           -- a remote write whose fate is not known yet
    begun_at         INTEGER,
    evidence         TEXT    CHECK (evidence IN ('absent', 'behind')), -- what looks have shown in a row
    evidence_state   TEXT    CHECK (evidence_state IN
                         ('requested', 'created', 'licensed', 'propagated', 'non_interactive', 'unlicensed')),
    evidence_looks   INTEGER CHECK (evidence_looks >= 1),
    evidence_since   INTEGER,
    trouble_code     TEXT,                                          -- what went wrong last, while work goes on …
    trouble          TEXT    CHECK (json_valid(trouble)),           -- … in words
    memo             TEXT,                                          -- only the step can read it
    -- Who works on it.
    step             TEXT    CHECK (step IN ('check_environment', 'create_user', 'assign_license', 'await_propagation',
                         'set_non_interactive', 'remove_license', 'verify', 'delete_user', 'disable_user')),
    lane             INTEGER,                                       -- the step's row of lanes
    holder           BLOB    CHECK (length(holder) = 16),           -- who has claimed it
    epoch            INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0), -- grows at each claim and each command
    -- What it holds and knows in the environment.
    slot_held        INTEGER NOT NULL DEFAULT 0 CHECK (slot_held IN (0, 1)),
    system_user      BLOB    CHECK (length(system_user) = 16),
    resolved         TEXT,
    CHECK ((status IN ('active', 'blocked')) = (direction IS NOT NULL)),
    CHECK ((status IN ('blocked', 'failed')) = (code IS NOT NULL)),
    CHECK ((code IS NULL) = (failure IS NULL)),
    CHECK ((trouble_code IS NULL) = (trouble IS NULL)),
    CHECK ((intent IS NULL) = (begun_at IS NULL)),
    CHECK ((evidence IS NULL) = (evidence_looks IS NULL) AND (evidence IS NULL) = (evidence_since IS NULL)),
    CHECK ((evidence IS 'behind') = (evidence_state IS NOT NULL)),
    -- An active request has a time, or waits for a seat, or is not handed over yet; an ended one is never worked on.
    CHECK (status <> 'active' OR (due_at IS NOT NULL) + waiting + staged = 1),
    CHECK (waiting = 0 OR (status = 'active' AND direction = 'forward' AND state = 'created')),
    CHECK (staged = 0 OR (status = 'active' AND state = 'requested' AND holder IS NULL AND epoch = 0)),
    CHECK (status IN ('active', 'blocked') OR (due_at IS NULL AND holder IS NULL)),
    CHECK (status <> 'succeeded' OR state = 'unlicensed'),
    CHECK (status NOT IN ('failed', 'cancelled') OR (state = 'requested' AND slot_held = 0)),
    -- There is a step exactly if there is something to do: the license of a blocked request, or any of an active one.
    CHECK ((step IS NOT NULL) = (staged = 0 AND (status = 'active' OR due_at IS NOT NULL))),
    CHECK ((step IS NULL) = (lane IS NULL)),
    CHECK (status <> 'blocked' OR step IS NULL OR step = 'remove_license'),
    CHECK (holder IS NULL OR (epoch > 0 AND lane IS NOT NULL))
) STRICT;

-- for: the identity of a request among those that live or succeeded; stage; a user's other requests
CREATE UNIQUE INDEX requests_live ON requests (user, environment) WHERE status IN ('active', 'blocked', 'succeeded');
-- for: requests of a name; discard (has the user any request at all?); the foreign key
CREATE INDEX requests_by_user ON requests (user);
-- for: requests of a batch in order; promote; discard; the foreign key
CREATE INDEX requests_by_batch ON requests (batch, id);
-- for: requests of an environment in order; slot_holders
CREATE INDEX requests_by_environment ON requests (tenant, environment, id);
-- for: requests by any status but the one that most end with
CREATE INDEX requests_unfinished ON requests (status, id) WHERE status <> 'succeeded';
-- for: claim, and the earliest due of a lane
CREATE INDEX requests_due ON requests (lane, due_at) WHERE due_at IS NOT NULL AND holder IS NULL AND paused = 0;
-- for: claimed_by_others; what a released lane leaves behind
CREATE INDEX requests_claimed ON requests (lane, holder) WHERE holder IS NOT NULL;
-- for: candidates, in the order of admission
CREATE INDEX requests_waiting ON requests (tenant, license, priority DESC, id) WHERE waiting = 1 AND paused = 0;

-- A step × its tenant or environment: what is claimed as one group. Made when first needed, never removed.
CREATE TABLE lanes (
    id           INTEGER NOT NULL PRIMARY KEY,
    step         TEXT    NOT NULL,
    tenant       TEXT    NOT NULL,
    environment  TEXT,                                              -- absent for a step that works on the tenant
    next_at      INTEGER,                                           -- the earliest due of its claimable requests
    gate_until   INTEGER,                                           -- nothing is claimed before
    claimed_by   BLOB    CHECK (length(claimed_by) = 16),           -- whose group is out
    served_at    INTEGER NOT NULL DEFAULT 0,                        -- the last claim: fair turns
    trouble      INTEGER NOT NULL DEFAULT 0 CHECK (trouble >= 0),   -- how often in a row the whole group failed …
    code         TEXT,                                              -- … and what failed last …
    failure      TEXT    CHECK (json_valid(failure)),               -- … in words
    wake_at      INTEGER GENERATED ALWAYS AS
                     (CASE WHEN claimed_by IS NULL THEN max(next_at, ifnull(gate_until, next_at)) END) VIRTUAL,
    CHECK ((code IS NULL) = (failure IS NULL))
) STRICT;

-- for: finding the lane of a step
CREATE UNIQUE INDEX lanes_by_step ON lanes (step, tenant, ifnull(environment, ''));
-- for: claim (which lanes are due?), next_wake
CREATE INDEX lanes_due ON lanes (wake_at) WHERE wake_at IS NOT NULL;

-- What there is only so much of: license units of a tenant, non-interactive users of an environment.
CREATE TABLE pools (
    kind     TEXT    NOT NULL CHECK (kind IN ('seat', 'slot')),
    tenant   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,                                      -- the license's product id, or the environment's name
    capacity INTEGER CHECK (capacity >= 0),                         -- absent until read: then nothing is granted
    others   INTEGER NOT NULL DEFAULT 0 CHECK (others >= 0),        -- used by others, as far as we know
    held     INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),          -- by us, resting ones included
    waiting  INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0),       -- how many of our requests wait for one
    read_at  INTEGER,                                               -- when capacity and others were read
    PRIMARY KEY (kind, tenant, subject),
    CHECK ((capacity IS NULL) = (read_at IS NULL))
) STRICT, WITHOUT ROWID;

-- for: pools_to_read, candidates
CREATE INDEX pools_wanted ON pools (kind, tenant, subject) WHERE waiting > 0;

-- The histories: facts, written in the same transaction as what they tell, never changed.
CREATE TABLE events (
    sequence           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,  -- gapless, in the order of commits
    occurred_at        INTEGER NOT NULL,
    machine_version    INTEGER NOT NULL,                            -- of the rules that decided it
    request            BLOB    NOT NULL CHECK (length(request) = 16),
    user               BLOB    NOT NULL CHECK (length(user) = 16),
    actor              TEXT    NOT NULL,
    origin             TEXT    NOT NULL CHECK (origin IN ('cli', 'api', 'engine', 'sweep')),
    intent             BLOB    CHECK (length(intent) = 16),
    kind               TEXT    NOT NULL,
    from_state         TEXT    NOT NULL,
    to_state           TEXT    NOT NULL,
    code               TEXT,                                        -- what went wrong, if something did
    remote_request_ids TEXT    CHECK (json_valid(remote_request_ids)), -- a list of texts
    payload            TEXT    CHECK (json_valid(payload)),         -- what is special about it
    payload_hash       BLOB    CHECK (length(payload_hash) = 32),   -- SHA-256 of the payload's bytes
    chain              BLOB,                                        -- reserved: the hash that links it to the one before
    CHECK ((payload IS NULL) = (payload_hash IS NULL))
) STRICT;

-- for: history
CREATE INDEX events_by_request ON events (request, sequence);

-- How many requests are where; kept in each commit, never counted. Promoted requests only.
CREATE TABLE counters (
    batch       BLOB    NOT NULL,
    tenant      TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    requests    INTEGER NOT NULL CHECK (requests >= 0),
    PRIMARY KEY (batch, tenant, environment, state, status)
) STRICT, WITHOUT ROWID;

-- Running totals per tenant, such as the seconds for which seats were held.
CREATE TABLE tallies (
    tenant TEXT NOT NULL,
    tally  TEXT NOT NULL,
    amount REAL NOT NULL,
    PRIMARY KEY (tenant, tally)
) STRICT, WITHOUT ROWID;

-- Initial passwords, sealed to the operators' keys before the create call that uses them.
CREATE TABLE sealed_passwords (
    intent   BLOB    NOT NULL PRIMARY KEY CHECK (length(intent) = 16), -- the create's; the user's marker names it
    user     BLOB    NOT NULL REFERENCES users (id),
    sealed   BLOB    NOT NULL,
    begun_at INTEGER NOT NULL
) STRICT;

-- for: the foreign key
CREATE INDEX sealed_passwords_by_user ON sealed_passwords (user);
