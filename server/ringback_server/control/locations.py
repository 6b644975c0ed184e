"""Verbs on locations. One is part of a name, no place: any can be deployed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.model.names import LocationName, ProjectName

#: what clients name unless told otherwise, so it is listed before anything is deployed to it
DEFAULT: Final = "us-central1"
_PAGE = PageSizes(default=100, maximum=1_000)


@dataclass(frozen=True, slots=True)
class Location:
    """A location of a project."""

    name: LocationName

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts that count for the size of a page: none."""
        return 0


@requires("workflows.locations.get")
def get(_caller: Caller, name: LocationName) -> Location:
    """Return a location, whether anything is in it or not."""
    return Location(name)


@requires("workflows.locations.list")
def list_(caller: Caller, name: ProjectName, request: PageRequest) -> Page[Location]:
    """Return a page of the locations with workflows of a project, and the default one, by id."""
    limit = _PAGE.limit(request.size)
    scope = f"locations {name}"
    after = position(scope, request.token, str) or ""
    store = caller.backend.store.workflows
    found = set(store.locations(name.project, limit=limit + 1, after=after))
    if after < DEFAULT:
        found.add(DEFAULT)
    rows = sorted(found)[: limit + 1]
    return page(
        scope,
        rows,
        limit,
        place=lambda row: row,
        item=lambda row: Location(LocationName(name.project, row)),
    )
