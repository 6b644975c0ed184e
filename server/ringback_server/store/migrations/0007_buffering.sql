-- Whether an execution could be queued, as its creator said.

ALTER TABLE execution ADD COLUMN buffered INTEGER NOT NULL DEFAULT 1;
