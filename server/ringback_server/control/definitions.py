"""What a workflow may look like: the checks of SPEC 6.1 on the fields of a deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ringback_server.control.refusals import refused
from ringback_server.errors import FieldViolation, InvalidArgumentError
from ringback_server.lang.definitions import read_definition
from ringback_server.lang.limits import Limits
from ringback_server.lang.problems import DefinitionError
from ringback_server.model.names import LocationName

_MAX_DESCRIPTION = 1_000
_MAX_LABELS = 64
_MAX_ENV_VARS = 20
_MAX_ENV_VALUE = 4 * 1024
_RESERVED_ENV = ("GOOGLE", "WORKFLOWS")

_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_ACCOUNT = re.compile(r"(?:projects/([^/]+)/serviceAccounts/)?([A-Za-z0-9][A-Za-z0-9._@-]{0,253})")


def check_source(source: str, limits: Limits) -> None:
    """Raise InvalidArgumentError with all problems of a definition, one per line."""
    field = "workflow.source_contents"
    if not source:
        raise refused(field, "source_contents must hold a definition")
    try:
        read_definition(source, limits)
    except DefinitionError as error:
        violations = tuple(
            FieldViolation(field=field, description=str(problem)) for problem in error.problems
        )
        raise InvalidArgumentError(
            str(error), reason="INVALID_DEFINITION", violations=violations
        ) from None


def check_description(description: str) -> None:
    """Raise InvalidArgumentError for a description that is too long."""
    if len(description) > _MAX_DESCRIPTION:
        raise refused(
            "workflow.description", f"description must have at most {_MAX_DESCRIPTION} characters"
        )


def check_labels(labels: Mapping[str, str], field: str) -> None:
    """Raise InvalidArgumentError for labels that are too many or badly written."""
    if len(labels) > _MAX_LABELS:
        raise refused(field, f"at most {_MAX_LABELS} labels are allowed, got {len(labels)}")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            raise refused(field, f"label key {key[:80]!r} must match {_LABEL_KEY.pattern}")
        if not _LABEL_VALUE.fullmatch(value):
            raise refused(field, f"value of label {key!r} must match {_LABEL_VALUE.pattern}")


def check_env_vars(variables: Mapping[str, str]) -> None:
    """Raise InvalidArgumentError for user environment variables beyond what SPEC 6.1 allows."""
    field = "workflow.user_env_vars"
    if len(variables) > _MAX_ENV_VARS:
        raise refused(field, f"at most {_MAX_ENV_VARS} environment variables are allowed")
    for key, value in variables.items():
        if not key:
            raise refused(field, "an environment variable must have a name")
        if key.startswith(_RESERVED_ENV):
            raise refused(field, f"{key[:80]!r} must not begin with GOOGLE or WORKFLOWS")
        if len(value.encode()) > _MAX_ENV_VALUE:
            raise refused(field, f"{key[:80]!r} must have at most {_MAX_ENV_VALUE} bytes")


def default_account(default: str, project: str) -> str:
    """Return the address of the account of a project's workflows that name none.

    `default` is the setting, in which PROJECT stands for the project (SPEC 10.23). No id of a
    project is in capitals.
    """
    return default.replace("@PROJECT.", f"@{project}.")


def full_account_name(account: str, parent: LocationName, default: str) -> str:
    """Return `projects/P/serviceAccounts/A` for an account in either form, or for the default.

    Raise InvalidArgumentError for anything else.
    """
    match = _ACCOUNT.fullmatch(account or default_account(default, parent.project))
    if match is None:
        form = "projects/{project}/serviceAccounts/{account} or the account alone"
        raise refused("workflow.service_account", f"service_account must be {form}")
    project = match[1] if match[1] not in {None, "-"} else parent.project
    return f"projects/{project}/serviceAccounts/{match[2]}"
