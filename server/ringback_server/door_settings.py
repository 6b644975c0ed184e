"""The settings of the front door: who is let in, and over what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ringback_server.setting_values import Address, accounts, email, numbers, one_of, switch, whole


def option(read: Callable[[str], object], metavar: str, about: str) -> dict[str, Any]:
    """Return the metadata of a setting: how it is read, shown and explained."""
    return {"read": read, "metavar": metavar, "help": about}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings:
    """What an operator may choose about callers and how they connect."""

    tls_cert: Path | None = field(
        default=None,
        metadata=option(Path, "FILE", "PEM certificate chain: both ports then speak TLS only"),
    )
    tls_key: Path | None = field(
        default=None, metadata=option(Path, "FILE", "PEM private key of --tls-cert")
    )
    tls_self_signed: bool = field(
        default=False,
        metadata=option(
            switch, "", "speak TLS with a certificate of its own making; callers trust DIR/ca.pem"
        ),
    )
    tls_client_ca: Path | None = field(
        default=None,
        metadata=option(
            Path, "FILE", "PEM certificates: both ports then take callers with one of theirs only"
        ),
    )
    metadata_address: Address | None = field(
        default=None,
        metadata=option(
            Address.parse,
            "HOST:PORT",
            "where to be a Google machine's metadata server too, on the loopback interface: "
            "Google's libraries then find tokens by themselves",
        ),
    )
    metadata_account: str = field(
        default="invoker@local.iam.gserviceaccount.com",
        metadata=option(email, "EMAIL", "the account whose tokens --metadata-address gives out"),
    )
    insecure_no_auth: bool = field(
        default=False,
        metadata=option(
            switch, "", "ask nobody for a token: every caller is the administrator; for emulation"
        ),
    )
    allow_remote_no_auth: bool = field(
        default=False,
        metadata=option(switch, "", "allow --insecure-no-auth where other machines can connect"),
    )
    default_service_account: str = field(
        default="invoker@local.iam.gserviceaccount.com",
        metadata=option(
            email,
            "EMAIL",
            "the account of workflows deployed without one; PROJECT stands for their project",
        ),
    )
    service_accounts: tuple[tuple[str, str], ...] = field(
        default=(),
        metadata=option(
            accounts,
            "EMAIL=ROLE,…",
            "service accounts to make at the start and what they may do, such as "
            "orders@local.iam.gserviceaccount.com=roles/workflows.invoker",
        ),
    )
    issuers: Path | None = field(
        default=None,
        metadata=option(
            Path, "FILE", "YAML file of other issuers whose tokens are taken: external-issuers.md"
        ),
    )
    seal_key_file: Path | None = field(
        default=None,
        metadata=option(
            Path,
            "FILE",
            "32 random bytes, raw, in hexadecimal or base64, that secrets in the data dir are "
            "encrypted with; mode 0600",
        ),
    )
    seal_passphrase_file: Path | None = field(
        default=None,
        metadata=option(Path, "FILE", "a passphrase in place of --seal-key-file; mode 0600"),
    )
    seal_old_key_file: Path | None = field(
        default=None,
        metadata=option(
            Path, "FILE", "the --seal-key-file before, at the one start that changes the key"
        ),
    )
    seal_old_passphrase_file: Path | None = field(
        default=None,
        metadata=option(
            Path, "FILE", "the --seal-passphrase-file before, at the one start that changes it"
        ),
    )

    max_connections: int = field(
        default=10_000,
        metadata=option(
            whole(1),
            "N",
            "connections that the HTTP port holds, and half of the files it may open at most; for "
            "one more, that which has sent nothing for longest is closed",
        ),
    )
    project_rate: int = field(
        default=0,
        metadata=option(
            whole(0),
            "N",
            "requests per second that each project may send, each part of a batch for one; 0 for "
            "any number",
        ),
    )
    project_burst: int = field(
        default=0,
        metadata=option(
            whole(0), "N", "requests of a project that may come at once; 0 for those of a second"
        ),
    )
    project_rates: tuple[tuple[str, int], ...] = field(
        default=(),
        metadata=option(
            numbers,
            "PROJECT=N,…",
            "the --project-rate of some projects, such as orders=200,reports=5",
        ),
    )
    audit: Literal["none", "writes", "all"] = field(
        default="writes",
        metadata=option(
            one_of("none", "writes", "all"),
            "none|writes|all",
            "what the audit keeps of the use of workflows beside changes of the configuration, "
            "tokens made and refusals, which it always keeps: executions and callbacks, or reads "
            "too",
        ),
    )
    audit_log: Path | None = field(
        default=None,
        metadata=option(
            Path,
            "FILE|-",
            "where the audit is written too, as lines of JSON; - is standard output",
        ),
    )
    audit_retention: int = field(
        default=400,
        metadata=option(whole(0), "DAYS", "how long audit entries are kept; 0 for ever"),
    )

    @property
    def scheme(self) -> str:
        """The scheme of the HTTP port."""
        return "https" if self.encrypted else "http"

    @property
    def encrypted(self) -> bool:
        """Whether both ports speak TLS."""
        return self.tls_cert is not None or self.tls_self_signed
