-- Which password a user has, and what became of the sealed ones.
--
-- A sealed password stays until somebody who took it says so, until another one turns out to be the right one, or until
-- its user is deleted by our doing. While a rotation's fate is unknown, every one that is kept may be the right one.

-- The write whose password the user has, once known: the create that made it, or a confirmed rotation.
ALTER TABLE users ADD COLUMN password_intent BLOB CHECK (length(password_intent) = 16);
-- A rotation that was recorded and may have been sent; absent again as soon as its fate is known.
ALTER TABLE users ADD COLUMN rotation BLOB CHECK (length(rotation) = 16);
ALTER TABLE users ADD COLUMN rotation_at INTEGER CHECK ((rotation_at IS NULL) = (rotation IS NULL));
-- When what was handed over was acknowledged, and so destroyed here; a new password begins anew.
ALTER TABLE users ADD COLUMN password_acknowledged_at INTEGER;

-- When it was last handed over.
ALTER TABLE sealed_passwords ADD COLUMN taken_at INTEGER;

-- Users that were made before: where only one create was ever begun, its password is the right one.
UPDATE users SET password_intent = (SELECT s.intent FROM sealed_passwords AS s WHERE s.user = users.id)
WHERE origin = 'made'
  AND (SELECT count(*) FROM sealed_passwords AS s WHERE s.user = users.id) = 1
  AND NOT EXISTS (
      SELECT 1 FROM requests AS r
      JOIN events AS e ON e.request = r.id
      WHERE r.user = users.id AND e.kind = 'begun' AND e.from_state = 'requested'
        AND e.intent NOT IN (SELECT s.intent FROM sealed_passwords AS s WHERE s.user = users.id));
