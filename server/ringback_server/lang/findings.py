"""What the linter says: rules, and findings that break them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ringback_server.lang.expressions import Position


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"  #: the definition cannot be deployed
    WARNING = "warning"  #: it deploys, but may surprise, or Google's service refuses it


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that definitions should keep to."""

    id: str
    #: one sentence for people who meet it for the first time
    summary: str
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place where a rule is broken; `step` is the innermost step, if it stands in one."""

    rule: Rule
    message: str
    position: Position
    step: str | None = None


INVALID: Final = Rule("invalid-definition", "The definition cannot be deployed.", Severity.ERROR)
SINGLE_QUOTES: Final = Rule(
    "single-quoted-string", "Strings in expressions are written in double quotes."
)
NO_EXPRESSION: Final = Rule(
    "not-an-expression", "A text is an expression only if all of it stands in ${…}."
)
ALIAS: Final = Rule(
    "yaml-alias", "YAML anchors and aliases are not part of Google's documentation."
)
PARALLEL_IN_TRY: Final = Rule(
    "parallel-in-try", "Google's service wants 'parallel' in a step of its own within 'try'."
)
RETRY_DEFAULTS: Final = Rule(
    "retry-defaults", "Google's documentation asks for every field of a retry policy."
)
MISSING_PARENT: Final = Rule(
    "missing-parent", "A map is assigned before something is assigned in it."
)
UNREACHABLE: Final = Rule("unreachable-step", "Every step can be reached.")
UNREAD: Final = Rule("unread-variable", "Every variable that is assigned is read somewhere.")
HIDDEN: Final = Rule(
    "hidden-variable", "The names of a loop or an 'except' are not those of variables outside."
)
RESERVED: Final = Rule(
    "reserved-step-name", "No step has a name that 'next' understands as something else."
)
UNKNOWN_CONNECTOR: Final = Rule(
    "unknown-connector", "Every connector is a method of one of Google's services."
)
CONNECTOR_ARGUMENT: Final = Rule(
    "connector-argument", "A connector is given the arguments that its method takes."
)
HTTP_AUTH: Final = Rule("http-auth", "The 'auth' of a request says what kind of token it carries.")
PRIVATE_SERVICE: Final = Rule(
    "private-service", "No request names a private service: there is no Service Directory."
)

RULES: Final = (
    INVALID,
    SINGLE_QUOTES,
    NO_EXPRESSION,
    ALIAS,
    PARALLEL_IN_TRY,
    RETRY_DEFAULTS,
    MISSING_PARENT,
    UNREACHABLE,
    UNREAD,
    HIDDEN,
    RESERVED,
    UNKNOWN_CONNECTOR,
    CONNECTOR_ARGUMENT,
    HTTP_AUTH,
    PRIVATE_SERVICE,
)
