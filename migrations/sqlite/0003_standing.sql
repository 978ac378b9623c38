-- Whether this database is still the latest word on what was done in the cloud.
--
-- An incarnation is one unbroken life of a database: it ends when the file is found to be an older copy, or a copy in
-- another place. The side-car beside the file names it, and how far its history had come; see src/store/sqlite/head.

-- Absent until a binary that keeps a side-car has owned the database.
ALTER TABLE meta ADD COLUMN incarnation BLOB CHECK (length(incarnation) = 16);
-- Trusted; or 'restored' or 'copied', until a person confirms it: then the sweep only reports.
ALTER TABLE meta ADD COLUMN standing TEXT NOT NULL DEFAULT 'trusted' CHECK (standing IN ('trusted', 'restored', 'copied'));
-- When the present incarnation began, if another one came before it: parts of the history may be lost. From then on every
-- new request is looked up first as well, since it may repeat one that is lost.
ALTER TABLE meta ADD COLUMN standing_since INTEGER CHECK (standing = 'trusted' OR standing_since IS NOT NULL);
-- Who trusted it again, and when.
ALTER TABLE meta ADD COLUMN confirmed_by TEXT;
ALTER TABLE meta ADD COLUMN confirmed_at INTEGER CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL));

-- The cloud may be ahead of the row: nothing is written for the request before it was looked at.
ALTER TABLE requests ADD COLUMN look_first INTEGER NOT NULL DEFAULT 0 CHECK (look_first IN (0, 1));
