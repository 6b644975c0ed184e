"""What workflows and executions are given beside their definitions and arguments."""

from collections.abc import Mapping
from typing import TypedDict

from ringback.v1.executions_pb2 import Execution
from ringback.v1.workflows_pb2 import ExecutionHistoryLevel, Workflow


class WorkflowSettings(TypedDict, total=False):
    """What a workflow has beside its definition; what is missing is left as it is."""

    #: what `sys.get_env` finds
    env_vars: Mapping[str, str]
    #: the account that executions run as, an e-mail address
    service_account: str
    description: str
    labels: Mapping[str, str]
    #: which calls are logged of executions that do not say it themselves
    call_log_level: Workflow.CallLogLevel.ValueType
    #: how much is kept of the steps of executions that do not say it themselves
    execution_history_level: ExecutionHistoryLevel.ValueType


class ExecutionSettings(TypedDict, total=False):
    """What an execution has beside its argument; levels that are missing are its workflow's."""

    labels: Mapping[str, str]
    call_log_level: Execution.CallLogLevel.ValueType
    execution_history_level: Execution.ExecutionHistoryLevel.ValueType
    #: refuse it when no more may run, rather than keep it QUEUED
    disable_concurrency_quota_overflow_buffering: bool
