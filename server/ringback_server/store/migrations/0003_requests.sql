-- Requests to others: which executions a restart must take up because an answer may have been lost.

ALTER TABLE execution ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;  -- those without an answer

CREATE INDEX execution_requesting ON execution (id) WHERE requests > 0;
