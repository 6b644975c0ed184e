-- What running a server takes: which trace an execution belongs to, how many executions there
-- are without counting them, and which rows are old enough to go.

ALTER TABLE execution ADD COLUMN trace TEXT;  -- W3C traceparent of the request that created it

CREATE INDEX execution_by_end ON execution (end_time) WHERE phase = 3;
CREATE INDEX revoked_token_by_until ON revoked_token (until);

-- Executions by their public state; kept by the triggers below.
CREATE TABLE census (
  state TEXT NOT NULL PRIMARY KEY,
  executions INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO census (state, executions)
SELECT s.state, COUNT(e.state)
  FROM (SELECT 'QUEUED' AS state UNION ALL SELECT 'ACTIVE' UNION ALL SELECT 'SUCCEEDED'
        UNION ALL SELECT 'FAILED' UNION ALL SELECT 'CANCELLED' UNION ALL SELECT 'UNAVAILABLE') s
  LEFT JOIN (SELECT CASE WHEN phase = 0 THEN 'QUEUED' WHEN phase < 3 THEN 'ACTIVE'
                         ELSE outcome END AS state
               FROM execution) e ON e.state = s.state
 GROUP BY s.state;

CREATE TRIGGER execution_born AFTER INSERT ON execution
BEGIN
  UPDATE census SET executions = executions + 1
   WHERE state = CASE WHEN NEW.phase = 0 THEN 'QUEUED' WHEN NEW.phase < 3 THEN 'ACTIVE'
                      ELSE NEW.outcome END;
END;

CREATE TRIGGER execution_moved AFTER UPDATE OF phase ON execution
 WHEN (OLD.phase = 0) <> (NEW.phase = 0) OR (OLD.phase = 3) <> (NEW.phase = 3)
BEGIN
  UPDATE census SET executions = executions - 1
   WHERE state = CASE WHEN OLD.phase = 0 THEN 'QUEUED' WHEN OLD.phase < 3 THEN 'ACTIVE'
                      ELSE OLD.outcome END;
  UPDATE census SET executions = executions + 1
   WHERE state = CASE WHEN NEW.phase = 0 THEN 'QUEUED' WHEN NEW.phase < 3 THEN 'ACTIVE'
                      ELSE NEW.outcome END;
END;

CREATE TRIGGER execution_gone AFTER DELETE ON execution
BEGIN
  UPDATE census SET executions = executions - 1
   WHERE state = CASE WHEN OLD.phase = 0 THEN 'QUEUED' WHEN OLD.phase < 3 THEN 'ACTIVE'
                      ELSE OLD.outcome END;
END;
