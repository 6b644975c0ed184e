-- Whom an external issuer said that somebody is, who was let in as an account: empty if none did.
ALTER TABLE login ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN person TEXT NOT NULL DEFAULT '';
