-- Who did what. Entries are stored with the write that they are about, and never changed.
-- The newest is never removed, so no number is used twice.

CREATE TABLE audit_entry (
  id INTEGER PRIMARY KEY,
  time REAL NOT NULL,
  project TEXT NOT NULL,              -- of the resource, '' for what is of none
  kind INTEGER NOT NULL,              -- 0 refused before it was known, 1 data read, 2 data write, 3 admin write
  principal TEXT NOT NULL,
  token_id TEXT NOT NULL,
  method TEXT NOT NULL,
  resource TEXT NOT NULL,
  permission TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  peer TEXT NOT NULL,
  edge TEXT NOT NULL,
  request_id TEXT NOT NULL,
  payload_id TEXT NOT NULL,
  issued_token_id TEXT NOT NULL,
  times INTEGER NOT NULL              -- requests that it stands for
);
CREATE INDEX audit_entry_by_project ON audit_entry (project, time);
