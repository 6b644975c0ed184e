"""Every setting of the server.

A setting is one field of `Settings` with its help: the flag, the `RINGBACK_…` variable and the row
in the documentation follow from it. `setting_reader` reads them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ringback_server.setting_values import (
    accounts,
    connectors,
    email,
    header,
    hosts,
    numbers,
    one_of,
    parts,
    seconds,
    seconds_or_none,
    switch,
    url,
    whole,
)

_HIGHEST_PORT = 65_535
_MOST_CORES = 1_024
#: beyond some thousands, blocked threads cost more than they save
_MOST_THREADS = 5_000


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


def _option(read: Callable[[str], object], metavar: str, about: str) -> dict[str, Any]:
    return {"read": read, "metavar": metavar, "help": about}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may choose."""

    data_dir: Path = field(
        default=Path("ringback-data"),
        metadata=_option(Path, "DIR", "where everything is stored; one server at a time"),
    )
    grpc_address: Address | None = field(
        default=None,
        metadata=_option(
            Address.parse,
            "HOST:PORT",
            "where gRPC listens, port 0 for a free one; default: as last time, or 127.0.0.1:8787",
        ),
    )
    http_address: Address | None = field(
        default=None,
        metadata=_option(
            Address.parse,
            "HOST:PORT",
            "where HTTP listens, port 0 for a free one; default: as last time, or 127.0.0.1:8780",
        ),
    )
    public_url: str | None = field(
        default=None,
        metadata=_option(
            url, "URL", "how callers reach the HTTP port; callback URLs begin with it"
        ),
    )
    tls_cert: Path | None = field(
        default=None,
        metadata=_option(Path, "FILE", "PEM certificate chain: both ports then speak TLS only"),
    )
    tls_key: Path | None = field(
        default=None, metadata=_option(Path, "FILE", "PEM private key of --tls-cert")
    )
    tls_self_signed: bool = field(
        default=False,
        metadata=_option(
            switch, "", "speak TLS with a certificate of its own making; callers trust DIR/ca.pem"
        ),
    )
    tls_client_ca: Path | None = field(
        default=None,
        metadata=_option(
            Path, "FILE", "PEM certificates: both ports then take callers with one of theirs only"
        ),
    )
    grpc_connection_age: float = field(
        default=0.0,
        metadata=_option(
            seconds_or_none,
            "SECONDS",
            "how long a gRPC connection lasts before its caller is asked to make another, which a "
            "load balancer may lead elsewhere; 0 for ever",
        ),
    )
    metadata_address: Address | None = field(
        default=None,
        metadata=_option(
            Address.parse,
            "HOST:PORT",
            "where to be a Google machine's metadata server too, on the loopback interface: "
            "Google's libraries then find tokens by themselves",
        ),
    )
    metadata_account: str = field(
        default="invoker@local.iam.gserviceaccount.com",
        metadata=_option(email, "EMAIL", "the account whose tokens --metadata-address gives out"),
    )
    insecure_no_auth: bool = field(
        default=False,
        metadata=_option(
            switch, "", "ask nobody for a token: every caller is the administrator; for emulation"
        ),
    )
    allow_remote_no_auth: bool = field(
        default=False,
        metadata=_option(switch, "", "allow --insecure-no-auth where other machines can connect"),
    )
    ready_file: Path | None = field(
        default=None,
        metadata=_option(
            Path, "FILE", "written once the server listens: its addresses and pid as JSON"
        ),
    )
    project_number: str = field(
        default="100000000000",
        metadata=_option(str, "DIGITS", "the project's number, for sys.get_env and in names"),
    )
    default_service_account: str = field(
        default="invoker@local.iam.gserviceaccount.com",
        metadata=_option(
            email,
            "EMAIL",
            "the account of workflows deployed without one",
        ),
    )
    service_accounts: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=_option(
            accounts,
            "EMAIL=ROLE,…",
            "service accounts to make at the start and what they may do, such as "
            "orders@local.iam.gserviceaccount.com=roles/workflows.invoker",
        ),
    )
    cores: int = field(
        default=1,
        metadata=_option(
            whole(0, _MOST_CORES),
            "N",
            "processor cores to run on, 0 for all: one is fastest, its threads share one lock",
        ),
    )
    threads: int = field(
        default=64,
        metadata=_option(whole(1, _MOST_THREADS), "N", "worker threads that drive executions"),
    )
    park_after: float = field(
        default=5.0,
        metadata=_option(seconds, "SECONDS", "how long a waiting execution may keep its thread"),
    )
    max_running: int = field(
        default=10_000,
        metadata=_option(
            whole(1),
            "N",
            "executions that run or could; those that wait for something do not count",
        ),
    )
    max_running_each: int = field(
        default=0,
        metadata=_option(whole(0), "N", "the same for each workflow; 0 for no limit of its own"),
    )
    max_queued: int = field(
        default=100_000,
        metadata=_option(
            whole(0), "N", "executions that wait to begin because as many as may run are running"
        ),
    )
    max_callback_body: int = field(
        default=256 * 1024,
        metadata=_option(whole(0), "BYTES", "largest body of a callback request"),
    )
    max_inbox: int = field(
        default=100,
        metadata=_option(whole(1), "N", "unconsumed payloads that one callback endpoint holds"),
    )
    limits: tuple[tuple[str, int], ...] = field(
        default=(),
        metadata=_option(
            numbers,
            "NAME=N,…",
            "limits in place of Google's, such as steps=200000,definition.assignments=100",
        ),
    )
    egress_allow: tuple[str, ...] = field(
        default=(),
        metadata=_option(
            parts,
            "NETS,HOSTS",
            "which networks and hosts requests of workflows may reach beside public addresses, "
            "such as 10.1.0.0/16,db.internal,*.corp.example",
        ),
    )
    idempotency_header: str | None = field(
        default="Idempotency-Key",
        metadata=_option(
            header,
            "NAME",
            "what POST and PATCH requests of workflows carry, the same each time one is sent "
            "again after a crash; none for nothing",
        ),
    )
    answer_for: tuple[str, ...] = field(
        default=("workflowexecutions.googleapis.com", "workflows.googleapis.com"),
        metadata=_option(
            hosts,
            "HOSTS",
            "hosts whose https requests by workflows this server answers itself, before any other "
            "setting about requests; the word none for no host",
        ),
    )
    requests_per_host: int = field(
        default=1_024,
        metadata=_option(
            whole(1),
            "N",
            "requests of workflows that are under way to one host; more wait for their turn",
        ),
    )
    google_credentials: str | None = field(
        default=None,
        metadata=_option(
            str,
            "FILE|default",
            "whose tokens of Google's requests of workflows carry to others than this server: "
            "a file of credentials, or application-default ones",
        ),
    )
    connectors: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata={
            **_option(
                connectors,
                "NAME=URL",
                "where a connector such as googleapis.firestore.v1 leads: an emulator, another "
                "server, or google; may be repeated, in the variable between commas",
            ),
            "flag": "--connector",
            "action": "append",
        },
    )
    drain_seconds: float = field(
        default=10.0,
        metadata=_option(seconds, "SECONDS", "how long a stop waits for requests under way"),
    )

    drain_delay: float = field(
        default=0.0,
        metadata=_option(
            seconds_or_none,
            "SECONDS",
            "how long a stop first goes on serving while /readyz says no",
        ),
    )
    execution_history: Literal["none", "basic", "detailed"] = field(
        default="none",
        metadata=_option(
            one_of("none", "basic", "detailed"),
            "none|basic|detailed",
            "which steps ran, of executions for which neither they nor their workflow say whether "
            "to record it",
        ),
    )
    retention: int = field(
        default=90,
        metadata=_option(
            whole(0), "DAYS", "how long ended executions and operations are kept; 0 for ever"
        ),
    )
    metrics_address: Address | None = field(
        default=None,
        metadata=_option(
            Address.parse,
            "HOST:PORT",
            "where /metrics, /healthz and /readyz are served too, to anyone and unencrypted",
        ),
    )
    log_format: Literal["text", "json"] = field(
        default="text",
        metadata=_option(one_of("text", "json"), "text|json", "how the log on stderr is written"),
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info",
        metadata=_option(
            one_of("debug", "info", "warning", "error"),
            "LEVEL",
            "what the log tells: debug (also each request), info, warning or error",
        ),
    )

    @property
    def scheme(self) -> str:
        """The scheme of the HTTP port."""
        return "https" if self.encrypted else "http"

    @property
    def encrypted(self) -> bool:
        """Whether both ports speak TLS."""
        return self.tls_cert is not None or self.tls_self_signed


def flag(option: Field[Any]) -> str:
    """Return the flag of a setting."""
    return str(option.metadata.get("flag", "--" + option.name.replace("_", "-")))


def variable(option: Field[Any]) -> str:
    """Return the environment variable of a setting."""
    return "RINGBACK_" + option.name.upper()
