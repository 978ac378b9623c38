-- Whose turn it is: who waits for a seat with whom, and which tenant's lanes are served next.

-- The lines for a seat: within a pool and a priority, the batches that wait take turns. What `src/domain/turns.rs` makes
-- of them is said there; the store keeps the books.
CREATE TABLE turns (
    tenant   TEXT    NOT NULL,                                      -- with the license: the seat pool
    license  BLOB    NOT NULL CHECK (length(license) = 16),
    priority INTEGER NOT NULL,
    batch    BLOB    NOT NULL CHECK (length(batch) = 16),
    waiting  INTEGER NOT NULL CHECK (waiting >= 0),                 -- its requests that wait and are not paused
    pass     INTEGER NOT NULL,                                      -- grows by one with each turn; the smallest is next
    PRIMARY KEY (tenant, license, priority, batch)
) STRICT, WITHOUT ROWID;

-- for: candidates (the lines whose turns are next)
CREATE INDEX turns_next ON turns (tenant, license, priority DESC, pass, batch) WHERE waiting > 0;
-- for: a line that joins begins a little before the one that is furthest; lines that mean nothing any more
CREATE INDEX turns_furthest ON turns (tenant, license, priority, pass);

-- How many turns in a row went to others than the user that has waited longest.
ALTER TABLE pools ADD COLUMN passed_over INTEGER NOT NULL DEFAULT 0 CHECK (passed_over >= 0);

-- How a user holds its license where that is not our doing: then it needs no seat of ours, and nothing is removed.
ALTER TABLE users ADD COLUMN licensed_by TEXT CHECK (licensed_by IN ('group', 'others'));

DROP INDEX requests_waiting;
-- for: candidates (the first of each line)
CREATE INDEX requests_in_line ON requests (tenant, license, priority DESC, batch, id) WHERE waiting = 1 AND paused = 0;
-- for: candidates (who has waited longest)
CREATE INDEX requests_longest_waiting ON requests (tenant, license, id) WHERE waiting = 1 AND paused = 0;
-- for: seats (when will the next be returned?)
CREATE INDEX users_seated ON users (tenant, seat_license, seat, seat_at) WHERE seat <> 'none';

INSERT INTO turns (tenant, license, priority, batch, waiting, pass)
SELECT tenant, license, priority, batch, count(*), 0 FROM requests WHERE waiting = 1 AND paused = 0
GROUP BY tenant, license, priority, batch;

-- The turns of the tenants: their lanes share the groups that may be in flight.
CREATE TABLE tenant_turns (
    tenant TEXT    NOT NULL PRIMARY KEY,
    pass   INTEGER NOT NULL                                         -- grows with each group, by less for a larger weight
) STRICT, WITHOUT ROWID;

-- for: claim (which tenants have due lanes, and which lanes are due?)
CREATE INDEX lanes_due_of_tenant ON lanes (tenant, wake_at) WHERE wake_at IS NOT NULL;
