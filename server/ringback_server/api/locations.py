"""The Locations service."""

from __future__ import annotations

from ringback.v1 import locations_pb2
from ringback_server.control import locations
from ringback_server.control.caller import Caller
from ringback_server.control.locations import Location
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refuse_if_set
from ringback_server.model.names import LocationName, ProjectName


def list_locations(
    request: locations_pb2.ListLocationsRequest, caller: Caller
) -> locations_pb2.ListLocationsResponse:
    """List the locations of a project."""
    refuse_if_set(filter=request.filter)
    page = locations.list_(
        caller,
        ProjectName.parse(request.name),
        PageRequest(size=request.page_size, token=request.page_token),
    )
    return locations_pb2.ListLocationsResponse(
        locations=map(_location, page.items), next_page_token=page.next_token
    )


def get_location(
    request: locations_pb2.GetLocationRequest, caller: Caller
) -> locations_pb2.Location:
    """Return a location."""
    return _location(locations.get(caller, LocationName.parse(request.name, "name")))


def _location(found: Location) -> locations_pb2.Location:
    return locations_pb2.Location(
        name=str(found.name),
        location_id=found.name.location,
        display_name=found.name.location,
        labels={"cloud.googleapis.com/region": found.name.location},
    )
