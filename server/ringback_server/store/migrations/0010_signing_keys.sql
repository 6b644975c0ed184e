-- Signing keys are sealed, rotated and retired: the private half moves to a column of its own,
-- in the plain form that a start with a key seals, and `private_key` stays empty from now on.
PRAGMA secure_delete = ON;

ALTER TABLE signing_key ADD COLUMN public_key TEXT NOT NULL DEFAULT '';
ALTER TABLE signing_key ADD COLUMN sealed_key BLOB;
ALTER TABLE signing_key ADD COLUMN tokens_until REAL NOT NULL DEFAULT 0;
ALTER TABLE signing_key ADD COLUMN rotate_time REAL;
ALTER TABLE signing_key ADD COLUMN retire_time REAL;
ALTER TABLE signing_key ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;

-- Until now no token lived longer than 12 hours.
UPDATE signing_key
   SET sealed_key = CAST('plain1:' || private_key AS BLOB),
       private_key = '',
       tokens_until = CAST(strftime('%s', 'now') AS REAL) + 43200;

PRAGMA secure_delete = OFF;
