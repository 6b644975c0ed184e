"""Which addresses requests may go to."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from ringback_server.engine.outbound.egress import EgressPolicy, known_as

EVERYTHING = EgressPolicy.of(["0.0.0.0/0", "::/0", "*.test", "a.test"], loopback=True)
NOTHING = EgressPolicy.of([])


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        str(IPv4Address(0)),
        "0.1.2.3",
        "::",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::ffff:0:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
    ],
)
def test_address_when_nothing_may_allow_it(address: str) -> None:
    """Link-local, metadata, multicast and unspecified addresses are refused whatever is set."""
    assert EVERYTHING.refusal("a.test", 80, address) is not None


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "198.18.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_address_when_it_is_private(address: str) -> None:
    """A private address is refused unless the operator allows it, in whatever form it comes."""
    assert NOTHING.refusal("a.test", 80, address) is not None
    assert EVERYTHING.refusal("a.test", 80, address) is None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_address_when_it_is_public(address: str) -> None:
    """Public addresses need no permission."""
    assert NOTHING.refusal("a.test", 80, address) is None


def test_address_when_its_network_is_allowed() -> None:
    """A network or an address allows what lies in it, and nothing else."""
    policy = EgressPolicy.of(["10.1.0.0/16", "192.168.0.7", "fd00::/64"])

    assert policy.refusal("a.test", 80, "10.1.2.3") is None
    assert policy.refusal("a.test", 80, "::ffff:10.1.2.3") is None
    assert policy.refusal("a.test", 80, "192.168.0.7") is None
    assert policy.refusal("a.test", 80, "fd00::7") is None
    assert policy.refusal("a.test", 80, "10.2.0.1") is not None
    assert policy.refusal("a.test", 80, "192.168.0.8") is not None


def test_address_when_its_host_is_allowed() -> None:
    """The name of a host allows its private addresses; `*.` stands for all names below."""
    policy = EgressPolicy.of(["db.test", "*.corp.test"])

    assert policy.refusal("db.test", 80, "10.0.0.1") is None
    assert policy.refusal("DB.test.", 80, "10.0.0.1") is None
    assert policy.refusal("a.b.corp.test", 80, "10.0.0.1") is None
    assert policy.refusal("corp.test", 80, "10.0.0.1") is not None
    assert policy.refusal("evil-corp.test", 80, "10.0.0.1") is not None
    assert policy.refusal("db.test", 80, "169.254.169.254") is not None


def test_address_when_it_is_this_server() -> None:
    """A server reaches itself where it listens, and no other port beside it."""
    policy = EgressPolicy.of([], own=[("127.0.0.1", 8780)])

    assert policy.refusal("127.0.0.1", 8780, "127.0.0.1") is None
    assert policy.refusal("127.0.0.1", 8787, "127.0.0.1") is not None
    assert policy.refusal("a.test", 8780, "127.0.0.1") is not None


def test_address_when_its_port_gives_out_tokens() -> None:
    """The server's own metadata server is for programs on its machine, not for workflows."""
    policy = EgressPolicy.of(["127.0.0.0/8", "a.test"], loopback=True, closed=[8080])

    for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        assert policy.refusal("a.test", 8080, address) is not None
        assert policy.refusal("a.test", 8081, address) is None
    assert policy.refusal("b.test", 8080, "8.8.8.8") is None


@pytest.mark.parametrize(
    "host", ["metadata.google.internal", "METADATA.google.internal.", "metadata"]
)
def test_host_when_it_is_a_metadata_server(host: str) -> None:
    """The names of metadata servers are not even looked up."""
    assert EVERYTHING.refusal_of_host(host) is not None
    assert EVERYTHING.refusal_of_host("metadata.test") is None


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "10.0.0.0/33", "not a host", "http://a", "a*", "-a"]
)
def test_setting_when_it_is_neither_network_nor_host(text: str) -> None:
    """What cannot be meant is refused when the server starts."""
    with pytest.raises(ValueError, match=r"\S"):
        EgressPolicy.of([text])


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("A.Test.", "a.test"),
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("::FFFF:127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("1.2.3.4.test", "1.2.3.4.test"),
        ("", ""),
    ],
)
def test_host_when_it_is_written_in_another_way(host: str, known: str) -> None:
    """All ways to write a name or an address are the same host."""
    assert known == known_as(host)
