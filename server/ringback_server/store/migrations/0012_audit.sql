-- Who did what. Entries are stored with the write that they are about, and never changed.
-- The newest is never removed, so no number is used twice.

-- Texts of entries that repeat. What no entry refers to any more is removed.
CREATE TABLE audit_word (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE,
  used INTEGER NOT NULL               -- the first entry since the writer remembered it last: none from the
                                      -- next greater number in this column on refers to it
);
CREATE INDEX audit_word_by_use ON audit_word (used);

-- What is empty is NULL. Texts are words, unless it says otherwise; UUIDs are 16 bytes, or 17 if
-- they are written without dashes.
CREATE TABLE audit_entry (
  id INTEGER PRIMARY KEY,
  time REAL NOT NULL,
  project INTEGER,                    -- of the resource
  kind INTEGER NOT NULL,              -- 0 refused before it was known, 1 data read, 2 data write, 3 admin write
  principal INTEGER,
  token_id BLOB,                      -- UUID or word
  method INTEGER,
  resource INTEGER,                   -- up to the first UUID in it
  resource_uid BLOB,                  -- that UUID
  resource_rest BLOB,                 -- what follows: the number of a callback, or text
  permission INTEGER,
  status INTEGER,
  reason INTEGER,
  host INTEGER,                       -- of the peer
  port INTEGER,
  edge INTEGER,
  request_id BLOB,                    -- UUID or text
  payload_id BLOB,                    -- UUID or text
  issued_token_id BLOB,               -- UUID or word
  times INTEGER NOT NULL              -- requests that it stands for
);
CREATE INDEX audit_entry_by_project ON audit_entry (project, time);

-- Entries with their words; what is packed (audit_packing.py) is as it is stored.
CREATE VIEW audit AS
SELECT a.id,
       a.time,
       a.project AS project_word,
       IFNULL((SELECT text FROM audit_word WHERE id = a.project), '') AS project,
       a.kind,
       IFNULL((SELECT text FROM audit_word WHERE id = a.principal), '') AS principal,
       IFNULL((SELECT text FROM audit_word WHERE id = a.token_id), a.token_id) AS token_id,
       IFNULL((SELECT text FROM audit_word WHERE id = a.method), '') AS method,
       IFNULL((SELECT text FROM audit_word WHERE id = a.resource), '') AS resource_head,
       a.resource_uid,
       a.resource_rest,
       IFNULL((SELECT text FROM audit_word WHERE id = a.permission), '') AS permission,
       IFNULL((SELECT text FROM audit_word WHERE id = a.status), '') AS status,
       IFNULL((SELECT text FROM audit_word WHERE id = a.reason), '') AS reason,
       IFNULL((SELECT text FROM audit_word WHERE id = a.host), '') || IFNULL(':' || a.port, '') AS peer,
       IFNULL((SELECT text FROM audit_word WHERE id = a.edge), '') AS edge,
       a.request_id,
       a.payload_id,
       IFNULL((SELECT text FROM audit_word WHERE id = a.issued_token_id), a.issued_token_id) AS issued_token_id,
       a.times
  FROM audit_entry a;
