"""Each RPC of each service is served, routed, permitted, documented, commanded and called.

docs/rpcs.md is the table of permissions and commands: an RPC without a row there fails here, and
tests/e2e/test_foreign_connections.py has each command make its call. Programs in tests/interop
call each RPC under our name, and under Google's name what Google's clients have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from google.cloud import workflows_v1
from google.cloud.workflows import executions_v1

from ringback_server.api.table import SERVICES
from ringback_server.auth.permissions import PERMISSIONS
from ringback_server.control import workflows
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import AlreadyExistsError, NotFoundError
from ringback_server.gateway.openapi.operations import openapi_path
from ringback_server.gateway.transcoder import Transcoder
from ringback_server.model.names import WorkflowName
from tests.edges import grpc_edge
from tests.rpc.calls import REQUESTS, SOURCE, WORKFLOW, call, info_of, rpcs, status_of
from tests.rpc_page import Row, rows
from tests.services import ADMIN, PARENT, Service, running
from tests.test_documents import commands

ROOT = Path(__file__).parent.parent
INTEROP = ROOT / "tests" / "interop"
#: what has no HTTP rule, and why
NO_ROUTE = {
    "ringback.v1.Callbacks.SendCallback": "a callback URL takes any method and any body",
    "ringback.v1.Executions.WaitExecution": "`:watch` tells the end, and what comes before it",
}
#: the methods that Google's clients have
GOOGLES_METHODS = {*dir(workflows_v1.WorkflowsClient), *dir(executions_v1.ExecutionsClient)}
#: which services of ours they call, and which is for another library
GOOGLES_CLIENTS = {"Workflows", "Executions", "Operations", "Locations"}
NO_GOOGLE_CLIENT = {
    "IAM": "google-cloud-iam does, see tests/rpc/test_google_iam.py",
    "IAMCredentials": "google-auth does so by REST, see tests/gateway/test_rest.py",
    "IAMPolicy": "each of Google's clients has it mixed in, see tests/rpc/test_google_iam.py",
}


def snake(method: str) -> str:
    """Return the name of a method in Google's clients for Python."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", method).lower()


def names(name: str) -> list[str]:
    """Return the names of an RPC: ours, and Google's if its service has one."""
    service, _, method = name.rpartition(".")
    (found,) = (one for one in SERVICES if one.descriptor.full_name == service)
    return [f"{each}.{method}" for each in found.names]


def denied(service: Service, channel: grpc.Channel, name: str, having: set[str]) -> set[str]:
    """Call an RPC by all its names with these permissions; return those that refusals name."""
    token = service.issuer.access_token(ADMIN, permissions=having).token
    metadata = (("authorization", f"Bearer {token}"),)
    found: set[str] = set()
    for each in names(name):
        try:
            call(channel, each, REQUESTS[name], metadata=metadata)
        except grpc.RpcError as error:
            if status_of(error) is grpc.StatusCode.PERMISSION_DENIED:
                found.add(info_of(error).metadata["permission"])
    return found


def needed(service: Service, channel: grpc.Channel, name: str) -> set[str]:
    """Return the permissions that an RPC asks for, each of which it cannot be called without."""
    having: set[str] = set()
    while found := denied(service, channel, name, having) - having:
        (permission,) = found
        assert found == denied(service, channel, name, {*PERMISSIONS} - found)
        having.add(permission)
    return having


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """Return the programs in Python, which continuous integration runs, by their kind."""
    return {
        kind: "".join(path.read_text() for path in sorted((INTEROP / kind / "python").glob("*.py")))
        for kind in ("generated", "google")
    }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service for all RPCs."""
    with running(tmp_path_factory.mktemp("complete")) as started:
        yield started


@pytest.fixture(scope="module")
def channel(service: Service) -> Iterator[grpc.Channel]:
    """Open a channel to the service."""
    with grpc_edge(service) as opened:
        yield opened


def test_rpcs_when_protos_are_read() -> None:
    """The descriptors that tests walk are those of all protos, and each RPC has its handler."""
    written = {
        f"ringback.v1.{service}.{rpc}"
        for path in (ROOT / "protos" / "ringback" / "v1").glob("*.proto")
        for service, body in re.findall(
            r"^service (\w+) \{(.*?)^\}", path.read_text(), re.MULTILINE | re.DOTALL
        )
        for rpc in re.findall(r"^ *rpc (\w+)", body, re.MULTILINE)
    }
    handled = {f"{one.descriptor.full_name}.{rpc}" for one in SERVICES for rpc in one.methods}

    assert written == set(rpcs()) == handled


def test_rpcs_when_they_are_documented() -> None:
    """Each RPC has one row of the page, under its service, and the page has no others."""
    assert rpcs() == sorted(row.name for row in rows())


def test_services_when_google_has_them() -> None:
    """The page names both names of each service."""
    text = (ROOT / "docs" / "rpcs.md").read_text()

    assert [] == [name for one in SERVICES for name in one.names[1:] if f"`{name}`" not in text]
    assert GOOGLES_CLIENTS | NO_GOOGLE_CLIENT.keys() == {
        one.descriptor.name for one in SERVICES if len(one.names) > 1
    }


def test_rpcs_when_they_have_routes() -> None:
    """Each RPC has a route with a row in docs/rest.md, or there is a reason, and not both."""
    page = (ROOT / "docs" / "rest.md").read_text()
    routed = {
        binding.name
        for binding in Transcoder(SERVICES).bindings
        if f"| {binding.verb} | `{openapi_path(binding.template)}` |" in page
    }

    assert set(rpcs()) - NO_ROUTE.keys() == routed


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_permissions_when_one_is_missing(row: Row, service: Service, channel: grpc.Channel) -> None:
    """An RPC asks for the permissions of its row, by name, whether there is a workflow or not."""
    found = needed(service, channel, row.name)
    with suppress(AlreadyExistsError):  # the RPC may have made it
        workflows.create(service.caller(), PARENT, "w", WorkflowSpec(source=SOURCE))
    found |= needed(service, channel, row.name)
    with suppress(NotFoundError):  # and deleted it
        workflows.delete(service.caller(), WorkflowName.parse(WORKFLOW))

    assert row.permissions == found


def test_commands_when_rows_name_them() -> None:
    """Each command of the page is one of the command line's."""
    known = {tuple(words) for words in commands()}
    named = {tuple(word for word in row.command if not word.startswith("--")) for row in rows()}

    assert set() == named - known - {()}


@pytest.mark.parametrize("name", rpcs())
def test_rpc_when_programs_call_it(name: str, sources: dict[str, str]) -> None:
    """A program calls it by a generated client, and one by Google's client if that has it."""
    service, method = name.split(".")[-2:]

    assert re.search(rf"\.{method}\(", sources["generated"])
    if service in GOOGLES_CLIENTS and snake(method) in GOOGLES_METHODS:
        assert re.search(rf"\.{snake(method)}\b", sources["google"])
