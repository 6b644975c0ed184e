-- Executions that create executions: which of their waits are for which, until these waits end.

ALTER TABLE execution ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;  -- of executions that wait for its end

CREATE TABLE child_wait (
  execution INTEGER NOT NULL,
  number INTEGER NOT NULL,
  open INTEGER NOT NULL,              -- executions whose end is awaited and has not come
  orphaned INTEGER NOT NULL DEFAULT 0,  -- 1: the execution has ended, and those are to be cancelled
  PRIMARY KEY (execution, number)
) WITHOUT ROWID;
CREATE INDEX child_wait_orphaned ON child_wait (execution, number) WHERE orphaned;

CREATE TABLE child (
  parent INTEGER NOT NULL,
  wait INTEGER NOT NULL,
  position INTEGER NOT NULL,          -- in the order in which results are wanted
  execution INTEGER NOT NULL,
  uid BLOB NOT NULL,                  -- the execution's, which may be gone with its workflow
  PRIMARY KEY (parent, wait, position)
) WITHOUT ROWID;
CREATE UNIQUE INDEX child_by_execution ON child (execution);
