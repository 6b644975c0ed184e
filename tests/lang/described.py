"""A service with two methods, as if it were one of Google's."""

from __future__ import annotations

from collections.abc import Mapping

from ringback_server.lang.connectors import Argument, Method, Polling, Resource
from ringback_server.lang.errors import value_error
from tests.replacing import replace

ROOT = "https://things.test/"
NAME = Argument(location="path", required=True, pattern="^projects/[^/]+/things/[^/]+$")
OPERATION = Resource(
    template="v1/{+name}",
    arguments={"name": replace(NAME, pattern="^projects/[^/]+/operations/[^/]+$")},
)
MAKE = Method(
    name="googleapis.things.v1.projects.things.make",
    verb="POST",
    root=ROOT,
    base=ROOT,
    resource=Resource(template="v1/{+name}:make", arguments={"name": NAME}),
    takes_body=True,
    polling=Polling(kind="operation", resources=(OPERATION,), prefix="v1/"),
)
GET = Method(
    name="googleapis.things.v1.projects.things.get",
    verb="GET",
    root=ROOT,
    base=ROOT,
    resource=Resource(template="v1/{+name}", arguments={"name": NAME}),
)
METHODS = {method.name: method for method in (MAKE, GET)}


class Described:
    """Connectors that a test describes."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        """Take them by name."""
        self._methods = methods

    def method(self, name: str, /) -> Method:
        """Return one of them."""
        if name not in self._methods:
            raise value_error(f"{name} is not known")
        return self._methods[name]
