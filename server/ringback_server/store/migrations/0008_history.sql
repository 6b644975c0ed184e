-- The step entries that one advance began or ended, in one packed row; numbered from 1 in each
-- execution. Number 0 only counts steps without an entry.
CREATE TABLE history (
  execution INTEGER NOT NULL,
  number INTEGER NOT NULL,
  entries BLOB NOT NULL,
  PRIMARY KEY (execution, number)
) WITHOUT ROWID;
