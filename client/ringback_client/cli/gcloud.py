"""What was written for gcloud: its words before a command, and flags that only it has.

docs/from-gcloud.md tells of each, and a test holds it to what is here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ringback_client.errors import InvalidInputError

#: what gcloud says before a command, and what we do
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "alpha": (),
    "beta": (),
    "workflows": (),
    "logging": ("logs",),
}
#: options of `ringback` itself, which may stand anywhere; whether each has a value
_FIRST: Mapping[str, bool] = {
    "--quiet": False,
    "-q": False,
    "--verbosity": True,
    "--impersonate-service-account": True,
    "--access-token-file": True,
}
#: options of commands that may stand before them
_LAST = frozenset({"--project", "--location", "--format"})
#: what changes nothing here; whether each has a value
IGNORED: Mapping[str, bool] = {
    "--billing-project": True,
    "--trace-token": True,
    "--user-output-enabled": False,
}
#: flags of every command, and what to do instead
REFUSED: Mapping[str, str] = {
    "--account": (
        "The account is that of the key file in RINGBACK_CREDENTIALS; "
        "--impersonate-service-account acts for another one."
    ),
    "--configuration": (
        "RINGBACK_ADDRESS and RINGBACK_CREDENTIALS say which server is meant and as whom, "
        "--project and --location where."
    ),
    "--flags-file": "Write the flags themselves.",
    "--flatten": "Print --format=json, and take it apart with jq.",
    "--log-http": "The server tells of requests: ringback serve --log-level debug.",
    "--no-user-output-enabled": "Send the output to /dev/null; --quiet leaves out what is said.",
}
_NO_KEYS = "Ringback encrypts nothing by itself: keep its data directory on an encrypted disk."
_URI = 'Print names, with --format="value(name)".'
_EXPIRES = "The one condition is an end: say it with --expires, as a time or as 30d."
_NO_CONDITION = "A member has a role once, whatever the condition: leave the flag out."
_OF_PROJECT = "Custom roles belong to projects: name one with --project."
_ROLE = {
    "--organization": _OF_PROJECT,
    "--file": "Write the flags, or a policy file for: ringback iam apply FILE",
}
_OF_PROJECTS = "Log entries belong to projects: name one with --project."
_ONE_LOG = "A project has one log, which is read: leave the flag out."
#: flags of some commands, and what to do instead
REFUSED_OF: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("deploy",): {
        "--tags": "Ringback has no tags that policies could be bound to: use --labels.",
        "--kms-key": _NO_KEYS,
        "--clear-kms-key": _NO_KEYS,
    },
    ("list",): {"--uri": _URI},
    ("executions", "list"): {"--uri": _URI},
    ("logs", "read"): {
        "--billing-account": _OF_PROJECTS,
        "--folder": _OF_PROJECTS,
        "--organization": _OF_PROJECTS,
        "--resource-names": "Name the workflow in the filter: resource.labels.workflow_id=NAME.",
        "--bucket": _ONE_LOG,
        "--view": _ONE_LOG,
    },
    ("iam", "service-accounts", "list"): {
        "--uri": _URI,
        "--filter": "Print --format=json, and take it apart with jq.",
        "--sort-by": "Accounts come by their addresses: pipe them into sort.",
    },
    ("iam", "service-accounts", "keys", "create"): {
        "--key-file-type": "Key files are JSON: leave the flag out.",
    },
    ("iam", "service-accounts", "keys", "list"): {
        "--managed-by": "All keys are their users' own: leave the flag out.",
        "--created-before": "Print --format=json, and take it apart with jq.",
    },
    ("iam", "service-accounts", "add-iam-policy-binding"): {
        "--condition": _EXPIRES,
        "--condition-from-file": _EXPIRES,
    },
    ("iam", "service-accounts", "remove-iam-policy-binding"): {
        "--condition": _NO_CONDITION,
        "--condition-from-file": _NO_CONDITION,
        "--all": _NO_CONDITION,
    },
    ("iam", "roles", "create"): _ROLE,
    ("iam", "roles", "update"): _ROLE,
    ("iam", "roles", "list"): {
        "--organization": _OF_PROJECT,
        "--show-deleted": "A deleted role is gone: leave the flag out.",
        "--filter": "Print --format=json, and take it apart with jq.",
    },
    ("auth", "print-identity-token"): {
        "--token-format": "There are no machines to tell of: leave the flag out.",
        "--include-license": "There are no machines to tell of: leave the flag out.",
    },
}


@dataclass(slots=True)
class _Sorted:
    """The words of a command line, by what becomes of them."""

    first: list[str] = field(default_factory=list[str])
    command: list[str] = field(default_factory=list[str])
    last: list[str] = field(default_factory=list[str])


def arrange(arguments: Sequence[str]) -> list[str]:
    """Write as ours what was written for gcloud; raise InvalidInputError for what cannot be."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    found = _sort(arguments[:end])
    command = _without_groups(found.command)
    for word in command:
        refuse(tuple(_names(command)), word)
    return [*found.first, *command, *found.last, *arguments[end:]]


def command_of(arguments: Sequence[str]) -> str | None:
    """Return the first word that is no option, nor the value of one that stands before it."""
    return next(iter(_names(_sort(arguments).command)), None)


def refuse(command: tuple[str, ...], word: str) -> None:
    """Raise InvalidInputError if a word is a flag of gcloud's that a command does not take."""
    flag, _, value = word.partition("=")
    if flag == "--user-output-enabled" and value.lower() in {"false", "0", "no"}:
        flag = "--no-user-output-enabled"
    own = (REFUSED_OF.get(command[:words], {}).get(flag) for words in range(len(command), 0, -1))
    instead = next(filter(None, own), None) or REFUSED.get(flag)
    if instead is not None:
        raise InvalidInputError(f"{flag} of gcloud is not taken here.", next_step=instead)


def _sort(words: Sequence[str]) -> _Sorted:
    found = _Sorted()
    words = [*words]
    while words:
        word = words.pop(0)
        flag, equals, _ = word.partition("=")
        # `auth` makes tokens for other accounts, whoever asks.
        own = flag == "--impersonate-service-account" and found.command[:1] == ["auth"]
        if flag in IGNORED:
            refuse((), word)
            target, has_value = None, IGNORED[flag]
        elif flag in _FIRST and not own:
            target, has_value = found.first, _FIRST[flag]
        elif flag in _LAST and not found.command:
            target, has_value = found.last, True
        else:
            target, has_value = found.command, False
        whole = [word, _value(flag, words)] if has_value and not equals else [word]
        if target is not None:
            target.extend(whole)
    return found


def _value(flag: str, words: list[str]) -> str:
    if not words:
        raise InvalidInputError(f"{flag} needs a value.")
    return words.pop(0)


def _names(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith("-")]


def _without_groups(words: Sequence[str]) -> list[str]:
    """Put our words for gcloud's: `workflows run` is `run`, and `logging read` is `logs read`."""
    found = [*words]
    place = 0
    while place < len(found):
        word = found[place]
        if word.startswith("-"):
            place += 1
        elif word in {"alpha", "beta"}:
            del found[place]
        else:
            found[place : place + 1] = _GROUPS.get(word, (word,))
            break
    return found
