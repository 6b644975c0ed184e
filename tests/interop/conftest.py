"""One server in plaintext and one with TLS, and programs that are installed."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from tests.interop.places import Place, place
from tests.interop.programs import Program, installed, required


@pytest.fixture(scope="session")
def plaintext(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """Start a server without TLS, whose metadata server gives out the administrator's tokens."""
    with place(tmp_path_factory.mktemp("plaintext"), tls=False) as found:
        yield found


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """Start a server with TLS and an authority of its own."""
    with place(tmp_path_factory.mktemp("tls"), tls=True) as found:
        yield found


@pytest.fixture(params=["plaintext", "tls"])
def server(request: pytest.FixtureRequest) -> Place:
    """Return either server, one after the other."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def ready() -> Callable[[Program], Program]:
    """Return what installs a program, or skips the test and says which tool is missing."""

    def prepared(program: Program) -> Program:
        if why := program.missing():
            (pytest.fail if required() else pytest.skip)(why)
        installed(program)
        return program

    return prepared
