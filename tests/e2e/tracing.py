"""What a program says to other machines, as strace sees it: gRPC's own code included."""

from __future__ import annotations

import re
import shutil
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(
    r"sin6?_port=htons\((?P<port>\d+)\).*?"
    r'inet_(?:addr\(|pton\(AF_INET6, )"(?P<host>[^"]+)"'
)
_NAME_SERVICE = 53


def watched(trace: Path) -> tuple[str, ...]:
    """Return the beginning of a command whose connections go to a file; empty without strace."""
    strace = shutil.which("strace")
    # -D keeps the program, and not strace, the process that was started.
    return (strace, "-D", "-f", "-qq", "-e", _CALLS, "-o", str(trace)) if strace else ()


def connections(trace: Path) -> int:
    """Return how many connections and datagrams there were, to whomever."""
    return len(_addresses(trace))


def foreign(trace: Path) -> list[str]:
    """Return the addresses of other machines, and of any name service, that were turned to."""
    # Port 0 is no connection: it asks the kernel for the route.
    return [
        f"{host} port {port}"
        for host, port in _addresses(trace)
        if port and (port == _NAME_SERVICE or not _loopback(host))
    ]


def _addresses(trace: Path) -> list[tuple[str, int]]:
    found = _ADDRESS.finditer(trace.read_text() if trace.exists() else "")
    return [(match["host"], int(match["port"])) for match in found]


def _loopback(host: str) -> bool:
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
