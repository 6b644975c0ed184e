"""Which methods begin something that is then waited for, and where it is looked at (SPEC 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringback_server.connectors.documents import Service
from ringback_server.connectors.resources import resource_of
from ringback_server.lang.connectors import Polling, Resource

#: of a service that has an answer of its own kind: methods, the kind, and what is looked at
_JOBS: Final = (
    ("bigquery", r"jobs\.insert", "bigquery", ("jobs.get",)),
    (
        "dataflow",
        r"projects\.(locations\.)?(jobs|templates)\.create",
        "dataflow",
        ("projects.locations.jobs.get", "projects.jobs.get"),
    ),
    ("run", r"namespaces\.jobs\.run", "run", ("namespaces.executions.get",)),
)

_VERSION = re.compile(r"((?:[a-z]+/)?v\d\w*/)")
_READS = frozenset({"GET", "HEAD"})


def polling_of(service: Service, called: str, name: str) -> Polling | None:
    """Return how what a method begins is looked at, None if it answers at once.

    `called` is the service's name.
    """
    method = service.methods[name]
    for job, pattern, kind, looked_at in _JOBS:
        if job == called and re.fullmatch(pattern, name):
            found = [service.methods[one] for one in looked_at if one in service.methods]
            return Polling(kind=kind, resources=tuple(map(resource_of, found)))
    if method.response is None or method.http_method in _READS:
        return None
    answer = method.response.schema
    if not answer.endswith("Operation"):
        return None
    schema = service.document.schemas.get(answer)
    fields = {"done", "name"} if schema is None else schema.properties.keys()
    if "done" in fields:
        kind = "operation"
    elif {"status", "selfLink"} <= fields:
        kind = "status"
    else:
        return None
    resources = sorted(_lookups(service), key=lambda one: -one.template.count("{"))
    prefix = _VERSION.match(method.path)
    return Polling(kind=kind, resources=tuple(resources), prefix=prefix.group(1) if prefix else "")


def _lookups(service: Service) -> Iterator[Resource]:
    for name, method in service.methods.items():
        if name.lower().endswith("operations.get") and method.http_method == "GET":
            yield resource_of(method)
