-- Whether the database is still being filled by `seatless copy`: then all of it is here, but what it was copied from may not
-- be sealed yet, and nobody works on it. Differs because: a database is only ever copied to a server, never from one, so that
-- this one arrives where one of SQLite has moved.
ALTER TABLE meta ADD COLUMN arriving BOOLEAN NOT NULL DEFAULT FALSE;
