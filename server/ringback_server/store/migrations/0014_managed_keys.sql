-- Keys of service accounts that the server keeps and signs with for those who may.
CREATE TABLE managed_key (
  kid TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL,
  unique_id TEXT NOT NULL,
  certificate TEXT NOT NULL,
  public_key TEXT NOT NULL,
  sealed_key BLOB,
  create_time REAL NOT NULL
) WITHOUT ROWID;

CREATE INDEX managed_key_by_email ON managed_key (email, create_time);
