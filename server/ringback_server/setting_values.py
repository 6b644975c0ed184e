"""How the values of settings are read from text: each reader raises ValueError for nonsense."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

_HIGHEST_PORT = 65_535
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_CONNECTOR = re.compile(r"(googleapis|gke)(\.[A-Za-z0-9_]+)*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers within bounds."""

    def read(text: str) -> int:
        value = int(text) if text.isdecimal() else -1
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"{least} to {most}"
            raise ValueError(f"expected a whole number of {bounds}, got {text!r}")
        return value

    return read


def seconds(text: str) -> float:
    """Read a number of seconds above 0."""
    value = float(text) if text.replace(".", "", 1).isdecimal() else -1.0
    if value <= 0:
        raise ValueError(f"expected a number of seconds above 0, got {text!r}")
    return value


def url(text: str) -> str:
    """Read an http or https URL; the slash at its end is dropped."""
    complaint = f"expected a URL such as https://ringback.example.org, got {text!r}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{complaint}: {error}") from error
    plain = text.isascii() and not set(text) & set(' ?#"<>\\')
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise ValueError(complaint)
    if port == 0:
        raise ValueError("port 0 cannot be reached")
    return text.rstrip("/")


def email(text: str) -> str:
    """Read an e-mail address."""
    name, _, domain = text.partition("@")
    if not name or not domain or set(text) & set(" /"):
        raise ValueError(f"expected an e-mail address, got {text!r}")
    return text


def accounts(text: str) -> tuple[tuple[str, str], ...]:
    """Read pairs EMAIL=ROLE between commas."""
    pairs = [part.partition("=") for part in parts(text)]
    for _, _, role in pairs:
        if not role.startswith("roles/"):
            raise ValueError(
                f"expected EMAIL=ROLE, such as …=roles/workflows.invoker, got {text!r}"
            )
    return tuple((email(name), role) for name, _, role in pairs)


def one_of(*known: str) -> Callable[[str], str]:
    """Return a reader of one of these words."""

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"expected {' or '.join(known)}, got {text!r}")
        return text

    return read


def seconds_or_none(text: str) -> float:
    """Read a number of seconds; 0 is allowed."""
    return 0.0 if text == "0" else seconds(text)


def switch(text: str) -> bool:
    """Read true or false."""
    value = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if value is None:
        raise ValueError(f"expected true or false, got {text!r}")
    return value


def parts(text: str) -> tuple[str, ...]:
    """Read what stands between commas."""
    return tuple(part for part in (raw.strip() for raw in text.split(",")) if part)


def numbers(text: str) -> tuple[tuple[str, int], ...]:
    """Read pairs NAME=N between commas."""
    pairs = [part.partition("=") for part in parts(text)]
    for name, _, value in pairs:
        if not value.isdecimal():
            raise ValueError(f"expected NAME=N, such as steps=200000, got {name!r}")
    return tuple((name, int(value)) for name, _, value in pairs)


def header(text: str) -> str | None:
    """Read the name of an HTTP header; `none` is None."""
    if text == "none":
        return None
    if not _HEADER.fullmatch(text):
        raise ValueError(f"expected the name of a header, or none, got {text!r}")
    return text


def hosts(text: str) -> tuple[str, ...]:
    """Read names of hosts between commas, in lower case; `none` is none."""
    found = () if text == "none" else parts(text.lower())
    for host in found:
        if host == "none":
            raise ValueError(f"none stands for no host at all, beside no other, got {text!r}")
        if not _HOST.fullmatch(host):
            raise ValueError(f"expected names of hosts, or none, got {host!r}")
    return found


def connectors(text: str) -> tuple[tuple[str, str], ...]:
    """Read pairs NAME=URL between commas; `google` may stand for a URL."""
    found: list[tuple[str, str]] = []
    for part in parts(text) or ("",):
        name, _, place = part.partition("=")
        if not _CONNECTOR.fullmatch(name):
            raise ValueError(f"expected NAME=URL, such as googleapis.pubsub.v1=…, got {part!r}")
        if "@" in place:
            raise ValueError(f"the URL of {name} must not hold a user or password")
        chosen = place if place == "google" else _place(name, place)
        other = dict(found).get(name, chosen)
        if other != chosen:
            raise ValueError(f"{name} is given twice, with {other} and with {chosen}: choose one")
        found.append((name, chosen))
    return tuple(found)


def _place(name: str, place: str) -> str:
    try:
        return url(place)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on; port 0 picks a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `HOST:PORT` or `[IPV6]:PORT`; raises ValueError."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > _HIGHEST_PORT:
            raise ValueError(f"expected HOST:PORT, such as 127.0.0.1:8787, got {text!r}")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def reachable(self) -> Address:
        """Where this machine reaches it: itself, unless it stands for all addresses."""
        if not unspecified(self.host):
            return self
        return Address("::1" if ":" in self.host else "127.0.0.1", self.port)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def unspecified(host: str) -> bool:
    """Tell whether a host stands for every address of the machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
