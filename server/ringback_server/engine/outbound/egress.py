"""Which addresses requests may go to.

The addresses that are looked at are those that a name was resolved to, and the one that is then
connected to is one of them: a name that changes its mind in between changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from socket import inet_aton

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")

#: what no setting allows: this is where clouds keep credentials, or nowhere at all
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, with the metadata server of most clouds
        "168.63.129.16/32",  # Azure's
        "100.100.100.200/32",  # Alibaba's
        "192.0.0.192/32",  # Oracle's
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS'
        "fd20:ce::254/128",  # Google's
        "ff00::/8",
    )
)
_NEVER_HOSTS = frozenset({"metadata", "metadata.google.internal", "metadata.goog"})

#: private, though Python does not say so of each in every version
_PRIVATE = tuple(
    ip_network(text)
    for text in ("100.64.0.0/10", "64:ff9b:1::/48", "2001::/23", "fc00::/7", "fec0::/10")
)

_NAT64 = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")
_TRANSLATED = ip_network("::ffff:0:0:0/96")
_LOW_32_BITS = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """Decides about addresses; public ones are allowed, private ones as the operator says."""

    networks: tuple[_Network, ...] = ()
    #: lower case; `*.` in front stands for every name below
    hosts: frozenset[str] = frozenset()
    loopback: bool = False
    #: host and port of this very server
    own: frozenset[tuple[str, int]] = frozenset()
    #: ports of this machine that give out this server's tokens to whoever asks
    closed: frozenset[int] = frozenset()

    @classmethod
    def of(
        cls,
        allowed: Iterable[str],
        *,
        loopback: bool = False,
        own: Iterable[tuple[str, int]] = (),
        closed: Iterable[int] = (),
    ) -> EgressPolicy:
        """Read addresses, networks (CIDR) and host names; raises ValueError for anything else."""
        networks: list[_Network] = []
        hosts: list[str] = []
        for text in allowed:
            if "/" in text or ":" in text or text.replace(".", "").isdigit():
                networks.append(ip_network(text))
            elif _HOST.fullmatch(text.lower()):
                hosts.append(text.lower())
            else:
                raise ValueError(f"{text!r} is neither a network nor the name of a host")
        return cls(
            networks=tuple(networks),
            hosts=frozenset(hosts),
            loopback=loopback,
            own=frozenset(own),
            closed=frozenset(closed),
        )

    def refusal_of_host(self, host: str) -> str | None:
        """Return why a host is not even looked up, None if it may be."""
        if _plain(host) in _NEVER_HOSTS:
            return f"{host} is a metadata server, which no request may reach"
        return None

    def refusal(self, host: str, port: int, address: str) -> str | None:
        """Return why a connection to an address that `host` stands for is refused, or None."""
        known = _unmasked(ip_address(address.partition("%")[0]))
        if _in(known, _NEVER):
            return f"{address} is a link-local, metadata or multicast address, always refused"
        if known.is_loopback and port in self.closed:
            return f"{address} is a metadata server on port {port}, always refused"
        if known.is_global and not _in(known, _PRIVATE):
            return None
        if (host, port) in self.own or (self.loopback and known.is_loopback):
            return None
        if self._allows_host(_plain(host)) or _in(known, self.networks):
            return None
        return f"{address} is not a public address: --egress-allow may permit it"

    def _allows_host(self, host: str) -> bool:
        parts = host.split(".")
        above = (f"*.{'.'.join(parts[start:])}" for start in range(1, len(parts)))
        return host in self.hosts or any(name in self.hosts for name in above)


def known_as(host: str) -> str:
    """Return a host as all ways to write it have it in common; nothing is looked up."""
    plain = _plain(host)
    try:
        return str(_unmasked(ip_address(plain)))
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and the like are addresses for the resolver too.
        return str(IPv4Address(inet_aton(plain)))
    except (OSError, ValueError):
        return plain


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _in(address: _Address, networks: Iterable[_Network]) -> bool:
    return any(address in network for network in networks)


def _unmasked(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and (address in _NAT64 or address in _TRANSLATED):
        inside = IPv4Address(int(address) & _LOW_32_BITS)
    # ::a.b.c.d is obsolete; :: and ::1 look like it and are not.
    if inside is None and address in _COMPATIBLE and int(address) > 1:
        inside = IPv4Address(int(address) & _LOW_32_BITS)
    return address if inside is None else inside
