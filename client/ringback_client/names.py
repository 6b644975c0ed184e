"""Resource names: short ones are completed, full ones are taken as they are."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from ringback_client.errors import InvalidInputError

DEFAULT_LOCATION = "us-central1"

_SEGMENT = r"[^/\s?#]+"
_WORKFLOW_ID = r"[A-Za-z](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?"
_WORKFLOW = rf"projects/{_SEGMENT}/locations/{_SEGMENT}/workflows/{_SEGMENT}"
_EXECUTION = rf"{_WORKFLOW}/executions/{_SEGMENT}"
_CALLBACK = re.compile(rf"{_EXECUTION}/callbacks/{_SEGMENT}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where short names are looked for: a project and a location."""

    project: str
    location: str = DEFAULT_LOCATION

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    def workflow(self, name: str) -> str:
        """Complete the name of a workflow, or raise InvalidInputError."""
        if re.fullmatch(_WORKFLOW, name):
            return name
        if not re.fullmatch(_WORKFLOW_ID, name):
            raise InvalidInputError(
                f"{name!r} is not the name of a workflow: that has 1 to 64 letters, digits, _ and "
                "-, from a letter to a letter or digit.",
                next_step="Write NAME or projects/PROJECT/locations/LOCATION/workflows/NAME.",
            )
        return f"{self}/workflows/{name}"

    def account(self, name: str) -> str:
        """Return the full name of a service account by its address, or its id alone."""
        if name.startswith("projects/"):
            return name
        address = name if "@" in name else f"{name}@{self.project}.iam.gserviceaccount.com"
        if not re.fullmatch(_SEGMENT, address):
            raise InvalidInputError(
                f"{name!r} is not the address of a service account.",
                next_step="Write one such as orders@local.iam.gserviceaccount.com.",
            )
        return f"projects/-/serviceAccounts/{address}"

    def member(self, name: str) -> str:
        """Return a member of a policy: one with a prefix as it is, else a service account."""
        if ":" in name:
            return name
        return f"serviceAccount:{last_segment(self.account(name))}"

    def role(self, name: str) -> str:
        """Return the full name of a role, which is a custom one if it is given by its id alone."""
        return name if "/" in name else f"projects/{self.project}/roles/{name}"

    def policy_resource(self, name: str) -> str:
        """Return the full name of what has a policy, or raise InvalidInputError.

        It is `*`, a full name, a callback's URL, the address of an account or the id of a workflow.
        """
        if name == "*":
            return name
        if "://" in name or name.startswith("projects/"):
            return token_resource(name)
        return self.account(name) if "@" in name else self.workflow(name)

    def execution(self, name: str, workflow: str | None = None) -> str:
        """Complete the name of an execution of `workflow`, or raise InvalidInputError."""
        if re.fullmatch(_EXECUTION, name):
            return name
        if not re.fullmatch(_SEGMENT, name):
            raise InvalidInputError(
                f"{name!r} is not the name of an execution.",
                next_step="Write its full name, or its id and --workflow NAME.",
            )
        if workflow is None:
            raise InvalidInputError(
                f"The execution {name} is not known without its workflow.",
                next_step="Add --workflow NAME, or write the full name.",
            )
        return f"{self.workflow(workflow)}/executions/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTarget:
    """A callback endpoint, and the query that its URL was written with."""

    name: str
    query: dict[str, list[str]]


def callback_target(text: str) -> CallbackTarget:
    """Read a callback URL or the name of a callback endpoint, or raise InvalidInputError."""
    invalid = InvalidInputError(
        f"{text!r} is not a callback URL.",
        next_step="Take one from: ringback logs read 'Listening for callbacks'",
    )
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise invalid from error
    name = unquote(parts.path).removeprefix("/").removeprefix("v1/")
    if not _CALLBACK.fullmatch(name):
        raise invalid
    return CallbackTarget(name=name, query=parse_qs(parts.query, keep_blank_values=True))


def token_resource(text: str) -> str:
    """Return the full name of what a token is to be bound to; of a callback, from its URL.

    Raises InvalidInputError.
    """
    if re.fullmatch(r"projects/[^\s?#]+[^\s?#/]", text):
        return text
    if "://" in text:
        return callback_target(text).name
    raise InvalidInputError(
        f"{text!r} is neither a callback URL nor the full name of a resource.",
        next_step="Write the URL, or a name such as projects/PROJECT/locations/LOCATION/"
        "workflows/WORKFLOW.",
    )


def last_segment(name: str) -> str:
    """Return the id at the end of a resource name."""
    return name.rpartition("/")[2]
