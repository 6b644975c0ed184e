"""The services that this server itself is, described without anything installed (SPEC 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ringback_server.connectors.documents import Document, Method, Parameter, Reference, Service

_LOCATION = "^projects/[^/]+/locations/[^/]+$"
_WORKFLOW = "^projects/[^/]+/locations/[^/]+/workflows/[^/]+$"
_EXECUTION = f"{_WORKFLOW[:-1]}/executions/[^/]+$"
_OPERATION = "^projects/[^/]+/locations/[^/]+/operations/[^/]+$"

_PAGE = ("pageSize", "pageToken")
_LIST = (*_PAGE, "filter", "orderBy")

#: name: verb, template, pattern of the name in it, query parameters, whether there is a body, and
#: whether it begins an operation
_Row = tuple[str, str, str, tuple[str, ...], bool, bool]

_WORKFLOWS: Final[Mapping[str, _Row]] = {
    "projects.locations.workflows.create": (
        "POST", "v1/{+parent}/workflows", _LOCATION, ("workflowId",), True, True,
    ),
    "projects.locations.workflows.delete": ("DELETE", "v1/{+name}", _WORKFLOW, (), False, True),
    "projects.locations.workflows.get": (
        "GET", "v1/{+name}", _WORKFLOW, ("revisionId",), False, False,
    ),
    "projects.locations.workflows.list": (
        "GET", "v1/{+parent}/workflows", _LOCATION, _LIST, False, False,
    ),
    "projects.locations.workflows.listRevisions": (
        "GET", "v1/{+name}:listRevisions", _WORKFLOW, _PAGE, False, False,
    ),
    "projects.locations.workflows.patch": (
        "PATCH", "v1/{+name}", _WORKFLOW, ("updateMask",), True, True,
    ),
    "projects.locations.operations.delete": ("DELETE", "v1/{+name}", _OPERATION, (), False, False),
    "projects.locations.operations.get": ("GET", "v1/{+name}", _OPERATION, (), False, False),
    "projects.locations.operations.list": (
        "GET", "v1/{+name}/operations", _LOCATION, (*_PAGE, "filter"), False, False,
    ),
}  # fmt: skip

_EXECUTIONS: Final[Mapping[str, _Row]] = {
    "projects.locations.workflows.executions.cancel": (
        "POST", "v1/{+name}:cancel", _EXECUTION, (), True, False,
    ),
    "projects.locations.workflows.executions.create": (
        "POST", "v1/{+parent}/executions", _WORKFLOW, (), True, False,
    ),
    "projects.locations.workflows.executions.get": (
        "GET", "v1/{+name}", _EXECUTION, ("view",), False, False,
    ),
    "projects.locations.workflows.executions.list": (
        "GET", "v1/{+parent}/executions", _WORKFLOW, (*_LIST, "view"), False, False,
    ),
    "projects.locations.workflows.executions.callbacks.list": (
        "GET", "v1/{+parent}/callbacks", _EXECUTION, (*_PAGE, "filter"), False, False,
    ),
}  # fmt: skip

_OPTIONS: Final = {name: Parameter() for name in ("alt", "fields", "prettyPrint", "quotaUser")}


def _methods(rows: Mapping[str, _Row]) -> Iterator[tuple[str, Method]]:
    for name, (verb, path, pattern, queries, takes_body, begins) in rows.items():
        named = "parent" if "{+parent}" in path else "name"
        parameters = {named: Parameter("path", required=True, pattern=pattern)}
        parameters |= {query: Parameter() for query in queries}
        yield (
            name,
            Method(
                http_method=verb,
                path=path,
                parameters=parameters,
                request=Reference("Request") if takes_body else None,
                response=Reference("Operation" if begins else "Response"),
            ),
        )


def _service(host: str, rows: Mapping[str, _Row]) -> Service:
    document = Document(
        root_url=f"https://{host}.googleapis.com/",
        parameters=_OPTIONS,
    )
    return Service(document, dict(_methods(rows)))


SERVICES: Final[Mapping[tuple[str, str], Service]] = MappingProxyType(
    {
        ("workflows", "v1"): _service("workflows", _WORKFLOWS),
        ("workflowexecutions", "v1"): _service("workflowexecutions", _EXECUTIONS),
    }
)
