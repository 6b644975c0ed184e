"""The verb on the server's own numbers."""

from __future__ import annotations

from typing import Final

from ringback_server.control.caller import Caller, requires
from ringback_server.model.names import LocationName

#: what stands for the server as a whole
SERVER: Final = LocationName("-", "global")


@requires("monitoring.timeSeries.list")
def read(_caller: Caller, _server: LocationName) -> None:
    """Return if the caller may read metrics; they are no part of the domain."""
