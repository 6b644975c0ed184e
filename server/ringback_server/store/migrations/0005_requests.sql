-- Requests that can be repeated: by which id an execution was asked for.

ALTER TABLE execution ADD COLUMN request_id TEXT;    -- the caller's; NULL: it cannot be repeated
ALTER TABLE execution ADD COLUMN request_hash BLOB;  -- of what was asked for

CREATE UNIQUE INDEX execution_by_request ON execution (workflow, request_id)
  WHERE request_id IS NOT NULL;
