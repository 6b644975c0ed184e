"""Every setting of the server.

A setting is one field of `Settings` with its help: the flag, the `RINGBACK_…` variable and the row
in the documentation follow from it. `setting_reader` reads them.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ringback_server.door_settings import DoorSettings, option
from ringback_server.setting_values import (
    Address,
    connectors,
    header,
    hosts,
    numbers,
    one_of,
    parts,
    seconds,
    seconds_or_none,
    url,
    whole,
)

_MOST_CORES = 1_024
#: beyond some thousands, blocked threads cost more than they save
_MOST_THREADS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(DoorSettings):
    """What an operator may choose."""

    data_dir: Path = field(
        default=Path("ringback-data"),
        metadata=option(Path, "DIR", "where everything is stored; one server at a time"),
    )
    grpc_address: Address | None = field(
        default=None,
        metadata=option(
            Address.parse,
            "HOST:PORT",
            "where gRPC listens, port 0 for a free one; default: as last time, or 127.0.0.1:8787",
        ),
    )
    http_address: Address | None = field(
        default=None,
        metadata=option(
            Address.parse,
            "HOST:PORT",
            "where HTTP listens, port 0 for a free one; default: as last time, or 127.0.0.1:8780",
        ),
    )
    public_url: str | None = field(
        default=None,
        metadata=option(url, "URL", "how callers reach the HTTP port; callback URLs begin with it"),
    )
    grpc_connection_age: float = field(
        default=0.0,
        metadata=option(
            seconds_or_none,
            "SECONDS",
            "how long a gRPC connection lasts before its caller is asked to make another, which a "
            "load balancer may lead elsewhere; 0 for ever",
        ),
    )
    ready_file: Path | None = field(
        default=None,
        metadata=option(
            Path, "FILE", "written once the server listens: its addresses and pid as JSON"
        ),
    )
    project_number: str = field(
        default="100000000000",
        metadata=option(str, "DIGITS", "the project's number, for sys.get_env and in names"),
    )
    cores: int = field(
        default=1,
        metadata=option(
            whole(0, _MOST_CORES),
            "N",
            "processor cores to run on, 0 for all: one is fastest, its threads share one lock",
        ),
    )
    threads: int = field(
        default=64,
        metadata=option(whole(1, _MOST_THREADS), "N", "worker threads that drive executions"),
    )
    park_after: float = field(
        default=5.0,
        metadata=option(seconds, "SECONDS", "how long a waiting execution may keep its thread"),
    )
    max_running: int = field(
        default=10_000,
        metadata=option(
            whole(1),
            "N",
            "executions that run or could; those that wait for something do not count",
        ),
    )
    max_running_each: int = field(
        default=0,
        metadata=option(whole(0), "N", "the same for each workflow; 0 for no limit of its own"),
    )
    max_queued: int = field(
        default=100_000,
        metadata=option(
            whole(0), "N", "executions that wait to begin because as many as may run are running"
        ),
    )
    max_callback_body: int = field(
        default=256 * 1024,
        metadata=option(whole(0), "BYTES", "largest body of a callback request"),
    )
    max_inbox: int = field(
        default=100,
        metadata=option(whole(1), "N", "unconsumed payloads that one callback endpoint holds"),
    )
    limits: tuple[tuple[str, int], ...] = field(
        default=(),
        metadata=option(
            numbers,
            "NAME=N,…",
            "limits in place of Google's, such as steps=200000,definition.assignments=100",
        ),
    )
    egress_allow: tuple[str, ...] = field(
        default=(),
        metadata=option(
            parts,
            "NETS,HOSTS",
            "which networks and hosts requests of workflows may reach beside public addresses, "
            "such as 10.1.0.0/16,db.internal,*.corp.example",
        ),
    )
    idempotency_header: str | None = field(
        default="Idempotency-Key",
        metadata=option(
            header,
            "NAME",
            "what POST and PATCH requests of workflows carry, the same each time one is sent "
            "again after a crash; none for nothing",
        ),
    )
    answer_for: tuple[str, ...] = field(
        default=("workflowexecutions.googleapis.com", "workflows.googleapis.com"),
        metadata=option(
            hosts,
            "HOSTS",
            "hosts whose https requests by workflows this server answers itself, before any other "
            "setting about requests; the word none for no host",
        ),
    )
    requests_per_host: int = field(
        default=1_024,
        metadata=option(
            whole(1),
            "N",
            "requests of workflows that are under way to one host; more wait for their turn",
        ),
    )
    google_credentials: str | None = field(
        default=None,
        metadata=option(
            str,
            "FILE|default",
            "whose tokens of Google's requests of workflows carry to others than this server: "
            "a file of credentials, or application-default ones",
        ),
    )
    connectors: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata={
            **option(
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
        metadata=option(seconds, "SECONDS", "how long a stop waits for requests under way"),
    )

    drain_delay: float = field(
        default=0.0,
        metadata=option(
            seconds_or_none,
            "SECONDS",
            "how long a stop first goes on serving while /readyz says no",
        ),
    )
    execution_history: Literal["none", "basic", "detailed"] = field(
        default="none",
        metadata=option(
            one_of("none", "basic", "detailed"),
            "none|basic|detailed",
            "which steps ran, of executions for which neither they nor their workflow say whether "
            "to record it",
        ),
    )
    retention: int = field(
        default=90,
        metadata=option(
            whole(0), "DAYS", "how long ended executions and operations are kept; 0 for ever"
        ),
    )
    metrics_address: Address | None = field(
        default=None,
        metadata=option(
            Address.parse,
            "HOST:PORT",
            "where /metrics, /healthz and /readyz are served too, to anyone and unencrypted",
        ),
    )
    log_format: Literal["text", "json"] = field(
        default="text",
        metadata=option(one_of("text", "json"), "text|json", "how the log on stderr is written"),
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info",
        metadata=option(
            one_of("debug", "info", "warning", "error"),
            "LEVEL",
            "what the log tells: debug (also each request), info, warning or error",
        ),
    )


def flag(option: Field[Any]) -> str:
    """Return the flag of a setting."""
    return str(option.metadata.get("flag", "--" + option.name.replace("_", "-")))


def variable(option: Field[Any]) -> str:
    """Return the environment variable of a setting."""
    return "RINGBACK_" + option.name.upper()
