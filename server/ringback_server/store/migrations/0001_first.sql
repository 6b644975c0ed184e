-- Inside the store rows refer to one another by integer keys; outside, resources are known by
-- names and UUIDs. Times are Unix seconds (UTC). Packed columns (BLOB) carry a checksum.

CREATE TABLE instance (
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE workflow (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  location TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,          -- the newest one
  description TEXT NOT NULL,
  labels TEXT NOT NULL,               -- JSON
  call_log_level INTEGER NOT NULL,
  history_level INTEGER NOT NULL,
  create_time REAL NOT NULL,
  update_time REAL NOT NULL,
  delete_time REAL                    -- set: its rows wait to be purged
);
CREATE UNIQUE INDEX workflow_by_name ON workflow (project, location, name)
  WHERE delete_time IS NULL;
CREATE INDEX workflow_deleted ON workflow (id) WHERE delete_time IS NOT NULL;

-- A revision never changes.
CREATE TABLE revision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workflow INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  revision_id TEXT NOT NULL,
  source TEXT NOT NULL,
  service_account TEXT NOT NULL,
  user_env_vars TEXT NOT NULL,        -- JSON
  create_time REAL NOT NULL
);
CREATE UNIQUE INDEX revision_by_id ON revision (workflow, revision_id);

-- Workflows with each of their revisions: the columns of a Workflow, then what selects it.
CREATE VIEW deployed AS
SELECT w.id AS workflow, w.project, w.location, w.name, w.description, w.labels,
       w.call_log_level, w.history_level, w.create_time, w.update_time,
       r.id AS revision, r.revision_id, r.source, r.service_account, r.user_env_vars,
       r.create_time AS revision_create_time,
       w.revision AS latest, w.delete_time
  FROM workflow w JOIN revision r ON r.workflow = w.id;

CREATE TABLE operation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid BLOB NOT NULL UNIQUE,
  project TEXT NOT NULL,
  location TEXT NOT NULL,
  verb TEXT NOT NULL,
  workflow TEXT NOT NULL,             -- the workflow's id within the location
  create_time REAL NOT NULL,
  end_time REAL NOT NULL
);
CREATE INDEX operation_by_location ON operation (project, location);

-- Keys are never used twice (AUTOINCREMENT): whoever still holds the key of a purged execution
-- must not meet another one under it. Creation order is key order.
CREATE TABLE execution (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid BLOB NOT NULL UNIQUE,           -- UUIDv7
  workflow INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  phase INTEGER NOT NULL,             -- 0 queued, 1 runnable, 2 waiting, 3 ended
  outcome TEXT,                       -- the public state once it has ended
  fence INTEGER NOT NULL,             -- grows with each advance and when others end it
  owner TEXT,                         -- the replica that drives it; unused with one process
  lease REAL,                         -- until when it does
  wake REAL,                          -- earliest deadline of its waits
  call_log_level INTEGER NOT NULL,
  history_level INTEGER NOT NULL,
  create_time REAL NOT NULL,
  start_time REAL,
  end_time REAL,
  labels TEXT,                        -- JSON, NULL if there are none
  steps BLOB,                         -- packed, NULL if there are none
  detail TEXT,                        -- why it is unavailable
  argument TEXT NOT NULL,             -- JSON
  result TEXT,                        -- JSON
  failure BLOB,                       -- packed
  state BLOB                          -- the packed machine
);
CREATE INDEX execution_by_workflow ON execution (workflow);
CREATE INDEX execution_by_wake ON execution (wake) WHERE wake IS NOT NULL;
CREATE INDEX execution_runnable ON execution (id) WHERE phase < 2;

CREATE TABLE endpoint (
  execution INTEGER NOT NULL,
  number INTEGER NOT NULL,
  method TEXT NOT NULL,
  PRIMARY KEY (execution, number)
) WITHOUT ROWID;

-- An await of a callback that has begun and not ended.
CREATE TABLE waiter (
  execution INTEGER NOT NULL,
  number INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  payload INTEGER,                    -- seq of the payload it was given
  PRIMARY KEY (execution, number)
) WITHOUT ROWID;

-- A received callback. It is open until it is consumed; open ones of an ended execution are late.
CREATE TABLE payload (
  execution INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  uid BLOB NOT NULL,
  idempotency_key TEXT,
  hash BLOB,                          -- of the request, kept with an idempotency key
  receive_time REAL NOT NULL,
  sender TEXT NOT NULL,
  token_id TEXT NOT NULL,
  consumed_time REAL,
  request BLOB,                       -- packed; dropped when it is consumed
  PRIMARY KEY (execution, seq)
) WITHOUT ROWID;
CREATE INDEX payload_open ON payload (execution, endpoint, seq) WHERE consumed_time IS NULL;
CREATE UNIQUE INDEX payload_by_key ON payload (execution, endpoint, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- The log entries of one advance in one packed row.
CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  execution INTEGER NOT NULL,
  time REAL NOT NULL,                 -- of its latest entry
  entries BLOB NOT NULL
);
CREATE INDEX journal_by_execution ON journal (execution);

CREATE TABLE service_account (
  email TEXT NOT NULL PRIMARY KEY,
  unique_id TEXT NOT NULL,
  display_name TEXT NOT NULL,
  disabled INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE account_key (
  kid TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  public_key TEXT NOT NULL,
  create_time REAL NOT NULL,
  disabled INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE binding (
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  resource TEXT NOT NULL,
  expire_time REAL,
  PRIMARY KEY (email, role, resource)
) WITHOUT ROWID;

CREATE TABLE signing_key (
  kid TEXT NOT NULL PRIMARY KEY,
  algorithm TEXT NOT NULL,
  private_key TEXT NOT NULL,
  create_time REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE revoked_token (
  token_id TEXT NOT NULL PRIMARY KEY,
  until REAL NOT NULL                 -- when the token would have expired by itself
) WITHOUT ROWID;
