"""What the language knows of connectors: functions that call Google's services (SPEC 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from ringback_server.lang.errors import value_error
from ringback_server.lang.values import Map

#: modules whose functions are connectors, with how many names lead to a function at least
_MODULES: Final = {"googleapis": 4, "gke": 2}


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """A call of a connector, with its named arguments."""

    name: str
    arguments: Map


class Connectors(Protocol):
    """Where a machine finds out how to call Google's services."""

    def describes(self, name: str) -> bool:
        """Tell whether a connector is called as described here, or whoever drives answers.

        Raises a WorkflowError for a connector that cannot be called.
        """
        ...


class Undescribed:
    """Leaves every connector to whoever drives the machine."""

    def describes(self, _name: str) -> bool:
        """Return False."""
        return False


class NoConnectors:
    """Knows of no service."""

    def describes(self, name: str) -> bool:
        """Raise a ValueError."""
        raise value_error(f"{name} leads nowhere: this server has no connectors")


def is_connector(name: str) -> bool:
    """Tell whether a dotted name may be that of a connector."""
    module, *rest = name.split(".")
    return module in _MODULES and len(rest) + 1 >= _MODULES[module]


def is_connector_module(name: str) -> bool:
    """Tell whether connectors begin with a name."""
    return name in _MODULES
