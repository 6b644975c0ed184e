-- Signatures that the callback URLs of a workflow take instead of a token.
CREATE TABLE callback_signature (
  workflow INTEGER NOT NULL,
  id TEXT NOT NULL,
  scheme TEXT NOT NULL,
  rules TEXT,                         -- JSON, of the scheme HMAC alone
  disabled INTEGER NOT NULL,
  create_time REAL NOT NULL,
  update_time REAL NOT NULL,
  PRIMARY KEY (workflow, id)
) WITHOUT ROWID;

CREATE TABLE callback_secret (
  workflow INTEGER NOT NULL,
  signature TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  place TEXT NOT NULL UNIQUE,         -- the signature's name and the fingerprint: sealed for it
  sealed BLOB NOT NULL,
  create_time REAL NOT NULL,
  PRIMARY KEY (workflow, signature, fingerprint)
) WITHOUT ROWID;
