"""Every setting of the server; read once by `commands` from flags and `RINGBACK_…` variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may choose. Times are in seconds, sizes in bytes."""

    data_dir: Path
    #: None: the address used last in this data dir, else the default port on loopback
    grpc_address: Address | None = None
    http_address: Address | None = None
    #: scheme and authority under which callers reach the HTTP port, without a final slash
    public_url: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    ready_file: Path | None = None
    project: str = "local"
    project_number: str = "100000000000"
    default_service_account: str = "invoker@local.iam.gserviceaccount.com"
    #: worker threads of the engine
    threads: int = 64
    #: how long an execution may block its thread before it is parked
    park_after: float = 5.0
    #: largest callback body
    max_callback_body: int = 256 * 1024
    #: unconsumed payloads that one callback endpoint holds
    max_inbox: int = 100
    #: how long a stop waits for what is under way
    drain_seconds: float = 10.0

    @property
    def scheme(self) -> str:
        """`https` when a certificate is given."""
        return "https" if self.tls_cert else "http"
