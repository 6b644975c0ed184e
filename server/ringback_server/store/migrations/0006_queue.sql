-- Back-pressure: which executions wait to begin, by workflow and age, apart from those that began.

DROP INDEX execution_runnable;
CREATE INDEX execution_ready ON execution (id) WHERE phase = 1;
CREATE INDEX execution_queued ON execution (workflow, id) WHERE phase = 0;
