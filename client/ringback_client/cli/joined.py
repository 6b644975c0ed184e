"""Commands that other packages join to the command line, such as the server's `serve`.

They are entry points of the group `ringback.commands`: a name, and a function that takes the
arguments after the name and returns an exit status. Only the one that is called is loaded.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

GROUP = "ringback.commands"
#: What commands of this package leave to another one: `run` runs a definition.
LOCAL_GROUP = "ringback.local"

# What the help says of those that Ringback brings along, without loading them.
_SUMMARIES = {
    "backup": "Copy a server's data, or check such a copy.",
    "lint": "Check definitions without a server.",
    "serve": "Run a server.",
    "test": "Test definitions without a server.",
}


def joined_commands() -> dict[str, str]:
    """Return the names of the joined commands, each with one line of help."""
    names = sorted(entry_points(group=GROUP).names)
    return {name: _SUMMARIES.get(name, f"See: ringback {name} --help") for name in names}


def is_joined(name: str) -> bool:
    """Tell whether another package joined a command of this name."""
    return name in entry_points(group=GROUP).names


def run_joined(name: str, arguments: Sequence[str]) -> int:
    """Load and run a joined command, and return its exit status."""
    command: Callable[[Sequence[str]], int] = entry_points(group=GROUP)[name].load()
    return command(arguments)


def run_local(arguments: Sequence[str], explain: Callable[[str, str], str]) -> int | None:
    """Run a definition on this machine, and return the exit status; None if nothing can do it.

    `explain` tells a failure for people, given its payload as JSON and its context.
    """
    for found in entry_points(group=LOCAL_GROUP, name="run"):
        command: Callable[[Sequence[str], Callable[[str, str], str]], int] = found.load()
        return command(arguments, explain)
    return None
