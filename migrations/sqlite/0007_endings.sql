-- What is special about the way back of a request; both are only ever set, on the way back.

-- Its user is deleted even if it reached an environment; otherwise such a user is disabled.
ALTER TABLE requests ADD COLUMN delete_user INTEGER NOT NULL DEFAULT 0 CHECK (delete_user IN (0, 1));
-- Why the policy gave it up: the failure that it was blocked with.
ALTER TABLE requests ADD COLUMN given_up_code TEXT;
ALTER TABLE requests ADD COLUMN given_up TEXT CHECK (json_valid(given_up));
