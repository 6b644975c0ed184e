"""Helpers take and return what is simpler than what their methods do."""

from __future__ import annotations

import pytest

from ringback_server.lang.connector_helpers import HELPERS, helper_arguments
from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.values import Map, wrap
from tests.connectors.test_requests import given, tags_of

MODULE = "googleapis.secretmanager.v1.projects.secrets"
ACCESS = f"{MODULE}.versions.accessString"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        (ACCESS, {"secret_id": "s"}, {"name": "projects/own/secrets/s/versions/latest"}),
        (
            ACCESS,
            {"secret_id": "s", "version": 7, "project_id": "p"},
            {"name": "projects/p/secrets/s/versions/7"},
        ),
        (
            f"{MODULE}.addVersionString",
            {"secret_id": "s", "data": "é"},
            {"parent": "projects/own/secrets/s", "body": {"payload": {"data": "w6k="}}},
        ),
        (
            f"{MODULE}.addVersionBytes",
            {"secret_id": "s", "data": b""},
            {"parent": "projects/own/secrets/s", "body": {"payload": {"data": ""}}},
        ),
    ],
)
def test_arguments_when_a_helper_is_called(
    name: str, arguments: dict[str, object], expected: dict[str, object]
) -> None:
    """A helper's arguments become those of the method that it calls."""
    assert expected == helper_arguments(name, given(arguments), "own")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        (ACCESS, {}),
        (ACCESS, {"secret_id": None}),
        (ACCESS, {"secret_id": "s", "version": True}),
        (ACCESS, {"secret_id": "s", "project_id": 7}),
        (ACCESS, {"secret_id": "s", "secret": "s"}),
        (f"{MODULE}.addVersionString", {"secret_id": "s", "data": b"b"}),
        (f"{MODULE}.addVersionBytes", {"secret_id": "s", "data": "text"}),
    ],
)
def test_arguments_when_they_are_wrong(name: str, arguments: dict[str, object]) -> None:
    """What a helper does not take is a TypeError."""
    with pytest.raises(WorkflowError) as caught:
        helper_arguments(name, given(arguments), "own")

    assert ["TypeError"] == tags_of(caught.value)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"payload": {"data": "w6k="}}, "é"),
        ({"payload": {"data": ""}}, ""),
        ({"payload": {}}, ""),
    ],
)
def test_secret_when_it_is_text(answer: object, text: str) -> None:
    """A secret is decoded; an empty one is empty."""
    assert text == HELPERS[ACCESS].returned(wrap(answer))


@pytest.mark.parametrize(
    ("answer", "tag"),
    [
        (None, "ResponseTypeError"),
        ("text", "ResponseTypeError"),
        ({}, "ResponseTypeError"),
        ({"payload": "text"}, "ResponseTypeError"),
        ({"payload": {"data": 7}}, "ResponseTypeError"),
        ({"payload": {"data": "?"}}, "ResponseTypeError"),
        ({"payload": {"data": "é"}}, "ResponseTypeError"),
        ({"payload": {"data": "/w=="}}, "ValueError"),
    ],
)
def test_secret_when_it_is_none(answer: object, tag: str) -> None:
    """An answer without a secret, and one that is no text, are errors."""
    with pytest.raises(WorkflowError) as caught:
        HELPERS[ACCESS].returned(wrap(answer))

    assert isinstance(caught.value.value, Map)
    assert [tag] == tags_of(caught.value)
