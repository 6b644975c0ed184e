"""A service whose requests are audited, and what is kept of them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringback_server.audit_trail.recorder import Level, Recorder
from ringback_server.clock import SystemClock
from ringback_server.model.audit import AuditEntry
from tests.replacing import replace
from tests.services import Service, running


class Dropped:
    """Counts what the audit lacks."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.count = 0

    def audit_dropped(self, entries: int) -> None:
        """Count."""
        self.count += entries


@dataclass(frozen=True, slots=True)
class Audited(Service):
    """A service with an audit."""

    recorder: Recorder

    def kept(self) -> list[AuditEntry]:
        """Return what was kept so far, in the order in which it was stored."""
        return [stored.entry for stored in self.backend.store.audit.after(0, 1_000)]

    def all(self) -> list[AuditEntry]:
        """Return everything that was kept; nothing is, afterwards, that waits in memory."""
        self.recorder.close()
        return self.kept()


@contextmanager
def audited(directory: Path, level: Level = "writes") -> Generator[Audited]:
    """Run a service with an audit."""
    with running(directory) as plain:
        store = plain.backend.store
        recorder = Recorder(store.audit, SystemClock(), Dropped(), level=level)
        recorder.start()
        backend = replace(plain.backend, audit=recorder)
        admission = replace(plain.admission, backend=backend)
        try:
            yield Audited(backend, admission, plain.oauth, plain.issuer, recorder)
        finally:
            recorder.close()
