"""Names as people write them."""

import pytest

from ringback_client.errors import InvalidInputError
from ringback_client.names import Place, callback_target, token_resource

PLACE = Place(project="local")
WORKFLOW = "projects/local/locations/us-central1/workflows/w"
EXECUTION = f"{WORKFLOW}/executions/e"
CALLBACK = f"{EXECUTION}/callbacks/c_d"
FOREIGN = "projects/p/locations/l/workflows/w"


@pytest.mark.parametrize(("name", "expected"), [("w", WORKFLOW), (FOREIGN, FOREIGN)])
def test_workflow_when_short_or_full(name: str, expected: str) -> None:
    """A short name is completed, and a full one stays as it is."""
    assert expected == PLACE.workflow(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a/b",
        "a b",
        "a.yaml",
        "1a",
        "a-",
        "a" * 65,
        f"{WORKFLOW}/executions/e",
        "projects/p/workflows/w",
    ],
)
def test_workflow_when_malformed(name: str) -> None:
    """What cannot be a workflow's name is refused with the two forms it may have."""
    with pytest.raises(InvalidInputError) as caught:
        PLACE.workflow(name)

    assert "workflows/NAME" in (caught.value.next_step or "")


@pytest.mark.parametrize(
    ("name", "workflow", "expected"),
    [
        ("e", "w", EXECUTION),
        ("e", FOREIGN, f"{FOREIGN}/executions/e"),
        (EXECUTION, None, EXECUTION),
        (EXECUTION, "other", EXECUTION),
    ],
)
def test_execution_when_short_or_full(name: str, workflow: str | None, expected: str) -> None:
    """An id is completed by its workflow, and a full name needs none."""
    assert expected == PLACE.execution(name, workflow)


@pytest.mark.parametrize(("name", "workflow"), [("e", None), ("a/b", "w"), (WORKFLOW, "w")])
def test_execution_when_incomplete(name: str, workflow: str | None) -> None:
    """An id without a workflow, or something else, is refused."""
    with pytest.raises(InvalidInputError):
        PLACE.execution(name, workflow)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (CALLBACK, {}),
        (f"/v1/{CALLBACK}", {}),
        (f"http://127.0.0.1:8780/v1/{CALLBACK}", {}),
        (
            f"https://example.org/v1/{CALLBACK}?a=1&b=2&a=&c=x%20y",
            {"a": ["1", ""], "b": ["2"], "c": ["x y"]},
        ),
    ],
)
def test_callback_target_when_url_or_name(text: str, query: dict[str, list[str]]) -> None:
    """A callback URL and the endpoint's name mean the same, and a query is kept."""
    target = callback_target(text)

    assert (CALLBACK, query) == (target.name, target.query)


@pytest.mark.parametrize(
    "text", ["", "c", EXECUTION, "http://127.0.0.1/", "http://[", f"http://h/v2/{CALLBACK}"]
)
def test_callback_target_when_something_else(text: str) -> None:
    """What is no callback URL is refused before anything is sent."""
    with pytest.raises(InvalidInputError):
        callback_target(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALLBACK, CALLBACK),
        (f"http://127.0.0.1:8780/v1/{CALLBACK}?a=b", CALLBACK),
        ("projects/local", "projects/local"),
        (FOREIGN, FOREIGN),
    ],
)
def test_token_resource_when_it_is_one(text: str, expected: str) -> None:
    """A callback goes by its URL too, and all else by its full name."""
    assert expected == token_resource(text)


@pytest.mark.parametrize(
    "text", ["", "w", "projects/", "projects/a/", "http://a/b", "projects/a b"]
)
def test_token_resource_when_it_is_none(text: str) -> None:
    """A short name does not say which project, and other URLs name nothing."""
    with pytest.raises(InvalidInputError):
        token_resource(text)
