"""What the language knows of connectors: functions that call Google's services (SPEC 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from ringback_server.lang.errors import value_error
from ringback_server.lang.values import Map

#: modules whose functions are connectors, with how many names lead to a function at least
_MODULES: Final = {"googleapis": 4, "gke": 2}


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """A call of a connector, with its named arguments."""

    name: str
    arguments: Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument that becomes part of the path or of the query."""

    location: Literal["path", "query"]
    required: bool = False
    #: given as a list too, and then repeated
    repeated: bool = False
    #: what a value in the path looks like, mostly: a regular expression, or several with `|`
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Where a request goes: a template whose `{name}` and `{+name}` are arguments."""

    template: str
    arguments: Mapping[str, Argument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """How to see whether what a method began has come to its end."""

    #: a key of `connector_progress.KINDS`
    kind: str
    #: what may be read for that; those that say more stand first
    resources: tuple[Resource, ...] = ()
    #: in front of an operation's name, if no resource takes it
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A connector: one method of a service, and where it is reached."""

    name: str
    verb: str
    #: absolute URLs with a slash at their end, of the server and of what templates begin at
    root: str
    base: str
    resource: Resource
    takes_body: bool = False
    #: where a body of text or bytes goes, beneath the root
    upload: str | None = None
    #: the roots of regions that have servers of their own, which `location` or `region` names
    regions: Mapping[str, str] = field(default_factory=dict[str, str])
    #: what a request is sent with: the account's token, or a name that emulators know
    bearer: Literal["token", "owner"] = "token"
    polling: Polling | None = None
    #: further arguments, which every method of the service has
    options: Mapping[str, Argument] = field(default_factory=dict[str, Argument])


class Connectors(Protocol):
    """Where a machine finds out how to call Google's services."""

    def method(self, name: str, /) -> Method | None:
        """Return how a connector is called; None leaves it to whoever drives the machine.

        Raises a WorkflowError for a connector that cannot be called.
        """
        ...


class Undescribed:
    """Leaves every connector to whoever drives the machine."""

    def method(self, _name: str, /) -> None:
        """Return None."""
        return


class NoConnectors:
    """Knows of no service."""

    def method(self, name: str, /) -> Method | None:
        """Raise a ValueError."""
        raise value_error(f"{name} leads nowhere: this server has no connectors")


def is_connector(name: str) -> bool:
    """Tell whether a dotted name may be that of a connector."""
    module, *rest = name.split(".")
    return module in _MODULES and len(rest) + 1 >= _MODULES[module]


def is_connector_module(name: str) -> bool:
    """Tell whether connectors begin with a name."""
    return name in _MODULES
