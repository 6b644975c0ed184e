-- Secrets of clients, logins of people and the sessions they give. No secret, code or token is
-- here: each is known by its SHA-256.

CREATE TABLE client_secret (
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  account TEXT NOT NULL,              -- the unique id of the account
  digest BLOB NOT NULL,
  create_time REAL NOT NULL,
  expire_time REAL
) WITHOUT ROWID;
CREATE INDEX client_secret_by_account ON client_secret (email, create_time);

CREATE INDEX service_account_by_unique_id ON service_account (unique_id);

-- Assertions by which clients showed who they are: none counts twice.
CREATE TABLE spent_assertion (
  digest BLOB NOT NULL PRIMARY KEY,
  until REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX spent_assertion_by_end ON spent_assertion (until);

CREATE TABLE login (
  id TEXT NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  address TEXT NOT NULL,
  create_time REAL NOT NULL,
  expire_time REAL NOT NULL,
  redirect_uri TEXT,                  -- of a login by a browser, with the four below
  challenge TEXT,
  state TEXT,
  nonce TEXT,
  browser BLOB UNIQUE,                -- the cookie of the browser
  user_code BLOB NOT NULL UNIQUE,
  device_code BLOB UNIQUE,            -- of a login by a device
  poll_interval REAL NOT NULL,
  poll_time REAL NOT NULL,
  email TEXT,                         -- whose it is, once that was approved
  denied INTEGER NOT NULL,
  code BLOB UNIQUE,                   -- the authorization code
  code_expire_time REAL,
  session TEXT                        -- what it gave
) WITHOUT ROWID;
CREATE INDEX login_by_end ON login (expire_time);

CREATE TABLE session (
  id TEXT NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL,
  email TEXT NOT NULL,
  account TEXT NOT NULL,              -- the unique id of the account
  scope TEXT NOT NULL,
  address TEXT NOT NULL,
  create_time REAL NOT NULL,
  use_time REAL NOT NULL,
  expire_time REAL NOT NULL,
  end_time REAL NOT NULL,
  revoked INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_by_account ON session (email, create_time);
CREATE INDEX session_by_end ON session (expire_time);

-- Spent ones stay until they would have expired, so that their use again is noticed.
CREATE TABLE refresh_token (
  digest BLOB NOT NULL PRIMARY KEY,
  session TEXT NOT NULL,
  expire_time REAL NOT NULL,
  spent INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refresh_token_by_end ON refresh_token (expire_time);

-- The access tokens that a session gave, which end with it.
CREATE TABLE session_token (
  token_id TEXT NOT NULL PRIMARY KEY,
  session TEXT NOT NULL,
  until REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_token_by_session ON session_token (session);
CREATE INDEX session_token_by_end ON session_token (until);
