"""Compiled programs and what stays the same about each revision."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ringback_server.engine.families import Gate
from ringback_server.lang.compiler import compile_definition
from ringback_server.lang.connectors import Connectors, NoConnectors
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.effects import Context
from ringback_server.lang.limits import Limits, RunLimits
from ringback_server.lang.program import Program
from ringback_server.model.names import ExecutionName
from ringback_server.model.resources import HistoryLevel, Workflow

_KEPT = 1_000


class Revisions(Protocol):
    """Where stored revisions are read."""

    def by_revision(self, revision_key: int) -> Workflow:
        """Return the workflow as of one of its revisions."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loadable:
    """A revision ready to run."""

    program: Program
    environment: Mapping[str, str]
    callback_base_url: str
    connectors: Connectors
    limits: RunLimits

    @property
    def account(self) -> str:
        """The e-mail address of the account that executions run as."""
        return self.environment["GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME"]

    def context(self, name: ExecutionName) -> Context:
        """Return what one execution of this revision is told about itself."""
        own = {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": name.execution}
        return Context(
            name=name,
            environment={**self.environment, **own},
            callback_base_url=self.callback_base_url,
            connectors=self.connectors,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What executions are told about the server, and who decides what they may create."""

    #: without a final slash
    callback_base_url: str
    project_number: str
    gate: Gate
    connectors: Connectors = field(default_factory=NoConnectors)
    definition_limits: Limits = field(default_factory=Limits)
    limits: RunLimits = field(default_factory=RunLimits)
    #: of executions for which neither they nor their workflow say anything
    history_level: HistoryLevel = HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED


class Programs:
    """Compiles each revision once and keeps the most recently used ones.

    Once more for executions whose history is recorded.
    """

    def __init__(self, revisions: Revisions, told: Told) -> None:
        """Take the store and what executions are told about the server."""
        self._revisions = revisions
        self._told = told
        # Guards `_kept` only; compiling happens outside, so two threads that miss at the same
        # moment may both compile, with the same result.
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, bool], Loadable] = OrderedDict()

    def level(self, asked: HistoryLevel) -> HistoryLevel:
        """Return the level of history of an execution for which `asked` is said, if anything."""
        return asked or self._told.history_level

    def get(self, revision_key: int, *, recording: bool) -> Loadable:
        """Return a stored revision, read and compiled if it is not at hand."""
        kept = self._find(revision_key, recording=recording)
        return kept or self._add(self._revisions.by_revision(revision_key), recording=recording)

    def of(self, workflow: Workflow, *, recording: bool) -> Loadable:
        """Return a workflow's revision, compiled if it is not at hand."""
        kept = self._find(workflow.revision_key, recording=recording)
        return kept or self._add(workflow, recording=recording)

    def _find(self, revision_key: int, *, recording: bool) -> Loadable | None:
        with self._lock:
            found = self._kept.get((revision_key, recording))
            if found is not None:
                self._kept.move_to_end((revision_key, recording))
            return found

    def _add(self, workflow: Workflow, *, recording: bool) -> Loadable:
        definition = read_definition(workflow.source, self._told.definition_limits)
        loadable = Loadable(
            program=compile_definition(definition, recording=recording),
            environment=self._environment(workflow),
            callback_base_url=self._told.callback_base_url,
            connectors=self._told.connectors,
            limits=self._told.limits,
        )
        with self._lock:
            self._kept[workflow.revision_key, recording] = loadable
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return loadable

    def _environment(self, workflow: Workflow) -> dict[str, str]:
        """Return what `sys.get_env` reads (SPEC 4), but for the execution's id."""
        return {
            **workflow.user_env_vars,
            "GOOGLE_CLOUD_LOCATION": workflow.name.location,
            "GOOGLE_CLOUD_PROJECT_ID": workflow.name.project,
            "GOOGLE_CLOUD_PROJECT_NUMBER": self._told.project_number,
            "GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME": workflow.service_account.rsplit("/", 1)[-1],
            "GOOGLE_CLOUD_WORKFLOW_ID": workflow.name.workflow,
            "GOOGLE_CLOUD_WORKFLOW_REVISION_ID": workflow.revision_id,
        }
