-- Executions of a workflow by the time of their creation: the order of their list, and its filters.

DROP INDEX execution_by_workflow;
CREATE INDEX execution_by_creation ON execution (workflow, create_time);
