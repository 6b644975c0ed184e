"""Path templates."""

from __future__ import annotations

import pytest

from ringback_server.gateway.path_template import PathTemplate


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("/v1/{name=a/*/b/*}", "/v1/a/1/b/2", {"name": "a/1/b/2"}),
        ("/v1/{name=a/*/b/*}", "/v1/a/1/b/2/", None),
        ("/v1/{name=a/*/b/*}", "/v1/a/1/b/", None),
        ("/v1/{name=a/*/b/*}", "/v1/a/1/b/2/c", None),
        ("/v1/{name=a/*/b/*}", "/v1//1/b/2", None),
        ("/v1/{name=a/*/b/*}", "/v2/a/1/b/2", None),
        ("/v1/{name=a/*}/b", "/v1/a/1/b", {"name": "a/1"}),
        ("/v1/{name=a/*}:go", "/v1/a/1:go", {"name": "a/1"}),
        ("/v1/{name=a/*}:go", "/v1/a/1", None),
        ("/v1/{name=a/*}", "/v1/a/1:go", None),
        ("/v1/{name=a/*}/b", "/v1/a/example.com:p/b", {"name": "a/example.com:p"}),
        ("/v1/{x.name=a/*}", "/v1/a/1", {"x.name": "a/1"}),
        ("/v1/{id}", "/v1/one", {"id": "one"}),
        ("/v1/{id}", "/v1/one/two", None),
        ("/v1/{a}/x/{b}", "/v1/1/x/2", {"a": "1", "b": "2"}),
        ("/v1/{name=f/**}", "/v1/f/a/b/c", {"name": "f/a/b/c"}),
        ("/v1/*/x", "/v1/any/x", {}),
        ("/v1/x.y", "/v1/xzy", None),
        ("/v1/{name=a/*}", "/v1/a/b%20c", {"name": "a/b c"}),
        ("/v1/{name=a/*}", "/v1/a/b%2Fc", {"name": "a/b%2Fc"}),
        ("/v1/{name=a/*}", "/v1/a/b%3Ac", {"name": "a/b:c"}),
    ],
)
def test_match_of_a_path(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A template binds its fields, segment by segment, or does not match at all."""
    assert expected == PathTemplate.parse(template).match(path)
