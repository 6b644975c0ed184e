"""Where each connector is reached: as the operator says (`--connector`), or at Google's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from ringback_server.lang.errors import value_error
from ringback_server.model.origins import origin_of

#: stands for the servers of Google itself
GOOGLE: Final = "google"

#: services that every server has, because it is one
OWN: Final = ("googleapis.workflows.", "googleapis.workflowexecutions.")


@dataclass(frozen=True, slots=True)
class Route:
    """A base URL with a slash at its end, and what is sent there as a token."""

    url: str
    bearer: Literal["token", "owner"]


class Routes:
    """Finds the route of a connector: the longest name that leads to it wins."""

    def __init__(
        self, chosen: Iterable[tuple[str, str]], *, own: Iterable[str], google: bool
    ) -> None:
        """Take what the operator says, pairs of a name and a URL or GOOGLE.

        `own` are the URLs of this server; `google`: connectors that nothing is said of lead to
        Google.
        """
        self._chosen = dict(chosen)
        self._own = {origin_of(url) for url in own}
        self._google = google

    def of(self, name: str, root: str) -> Route:
        """Return the route of a connector whose service has a root URL.

        Raises a ValueError, with what the operator may do, if it leads nowhere.
        """
        url = self._choice(name)
        if url is None:
            raise value_error(nowhere(name))
        if url == GOOGLE:
            return Route(root, "token")
        ours = origin_of(url) in self._own or _is_google(url)
        return Route(f"{url.rstrip('/')}/", "token" if ours else "owner")

    def leads(self, name: str) -> bool:
        """Tell whether a connector leads anywhere."""
        return self._choice(name) is not None

    def _choice(self, name: str) -> str | None:
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            if (url := self._chosen.get(".".join(parts[:end]))) is not None:
                return url
        return GOOGLE if self._google or name.startswith(OWN) else None


def places(chosen: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return the hosts and ports that connectors are sent to, where an operator chose them."""
    return [origin_of(url)[1:] for _, url in chosen if url != GOOGLE]


def nowhere(name: str, install: str | None = None) -> str:
    """Return what to say of a connector that leads nowhere; `install` is what it takes besides."""
    service = ".".join(name.split(".")[:3])
    besides = f"; it takes this too: {install}" if install else ""
    return (
        f"{name} leads nowhere: start the server with --connector {service}=URL, where an emulator "
        f"or another server is, or with --google-credentials to call Google's{besides}"
    )


def _is_google(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")
