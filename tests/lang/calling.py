"""Calls library functions outside of any workflow."""

from __future__ import annotations

import pytest

from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.host import Host
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.stdlib import FUNCTIONS
from ringback_server.lang.values import List, Map, Value, wrap
from tests.lang.playing import context


def host_of(seed: bytes = bytes(16)) -> Host:
    """Return a host at the beginning of an advance."""
    host = Host(context(), RunLimits())
    host.seed = seed
    return host


def call(name: str, *arguments: object) -> Value:
    """Return what a function gives for plain Python data; raises its WorkflowError."""
    return FUNCTIONS[name].value(host_of(), [wrap(argument) for argument in arguments])


def tags_of(name: str, *arguments: object) -> list[Value]:
    """Return the tags of the error that a function raises."""
    with pytest.raises(WorkflowError) as caught:
        call(name, *arguments)
    error = caught.value.value
    assert isinstance(error, Map)
    tags = error["tags"]
    assert isinstance(tags, List)
    return list(tags)
