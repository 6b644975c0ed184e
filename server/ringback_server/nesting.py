"""Which executions executions may create: the checks that a caller's request meets, for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from ringback_server.auth.access import Access
from ringback_server.auth.stores import KeyStore
from ringback_server.control.definitions import check_labels
from ringback_server.engine.families import Refusal
from ringback_server.errors import PermissionDeniedError, QuotaExceededError, RingbackError
from ringback_server.gateway.status import STATUSES
from ringback_server.lang.effects import ChildRequest
from ringback_server.lang.limits import RunLimits
from ringback_server.model.names import WorkflowName
from ringback_server.model.principals import Principal
from ringback_server.model.resources import Workflow

_PERMISSION = "workflows.executions.create"


class Deployed(Protocol):
    """Where workflows are found."""

    def get(self, name: WorkflowName) -> Workflow:
        """Return a workflow in its latest revision; or NotFoundError."""
        ...


class Counted(Protocol):
    """Where executions are counted."""

    def executions(self) -> Mapping[str, int]:
        """Return how many there are, by state."""
        ...


class NestingGate:
    """Asks bindings and limits, and says no as the REST interface does."""

    def __init__(
        self,
        workflows: Deployed,
        census: Counted,
        accounts: KeyStore,
        access: Access | None,
        limits: RunLimits,
        *,
        max_queued: int = 100_000,
    ) -> None:
        """Take the store, what decides on permissions, None if everybody has all, and limits.

        Executions create no more while `max_queued` are queued.
        """
        self._workflows = workflows
        self._census = census
        self._accounts = accounts
        self._access = access
        self._limits = limits
        self._max_queued = max_queued

    def admit(
        self, account: str, depth: int, requests: Sequence[ChildRequest]
    ) -> Mapping[WorkflowName, Workflow] | Refusal:
        """Return the workflows to be executed, or why they cannot be."""
        try:
            self._check_limits(depth)
            names = {request.workflow for request in requests}
            for name in names:
                self._check_permission(account, name)
            for request in requests:
                check_labels(request.labels, "execution.labels")
            return {name: self._workflows.get(name) for name in names}
        except RingbackError as error:
            status = STATUSES[type(error)]
            return Refusal(code=status.code, status=status.name, message=error.message)

    def _check_limits(self, depth: int) -> None:
        limits = self._limits
        if depth > limits.child_depth:
            message = f"more than {limits.child_depth} executions would wait for one another"
            raise QuotaExceededError(message)
        if self._census.executions().get("QUEUED", 0) >= self._max_queued:
            raise QuotaExceededError

    def _check_permission(self, account: str, name: WorkflowName) -> None:
        if self._access is None:
            return
        known = self._accounts.account(account)
        if known is None or known.disabled:
            raise PermissionDeniedError(f"There is no active service account {account}.")
        principal = Principal(email=account, token_id="", expire_time=math.inf)
        self._access.check(principal, _PERMISSION, str(name))
