"""The audit of one server, put together from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ringback_server.audit_trail.log_file import AuditLog, LogFile
from ringback_server.audit_trail.recorder import AuditObserver, Recorder
from ringback_server.clock import Clock
from ringback_server.settings import Settings
from ringback_server.store import Store


@dataclass(frozen=True, slots=True)
class AuditTrail:
    """What keeps entries, and what writes them to a file if one is asked for."""

    recorder: Recorder
    log: AuditLog | None

    @classmethod
    def of(cls, settings: Settings, store: Store, clock: Clock, observer: AuditObserver) -> Self:
        """Start it; raise StartError for a file that cannot be written."""
        log = None
        if settings.audit_log is not None:
            log = AuditLog(LogFile(settings.audit_log), store.audit, store.instance, clock)
            log.start()
        recorder = Recorder(store.audit, clock, observer, level=settings.audit)
        recorder.start()
        return cls(recorder, log)

    def warnings(self) -> list[str]:
        """Return what an operator should see to, though requests can be served."""
        trouble = self.log.trouble if self.log else None
        return [trouble] if trouble else []

    def close(self) -> None:
        """Bring to disk what is in memory, and end the threads."""
        self.recorder.close()
        if self.log is not None:
            self.log.close()
