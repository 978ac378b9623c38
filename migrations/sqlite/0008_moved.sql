-- Where the database has gone: `seatless copy` seals what it has copied, and nothing is written here any more. A binary that
-- does not know these columns refuses to write for the sake of the schema's version.

ALTER TABLE meta ADD COLUMN moved_to TEXT;                          -- the address, without a password
ALTER TABLE meta ADD COLUMN moved_at INTEGER CHECK ((moved_at IS NULL) = (moved_to IS NULL));
-- The incarnation that began there: by it the other database is told from any that lies at the same address later.
ALTER TABLE meta ADD COLUMN moved_as BLOB CHECK ((moved_as IS NULL) = (moved_to IS NULL) AND length(moved_as) = 16);
