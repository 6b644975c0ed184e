"""Path templates."""

from __future__ import annotations

import pytest

from ringback_server.gateway.path_template import PathTemplate, split_path


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
        ("/v1/{name=a/*}:go", "/v1/a/:go", None),
        ("/v1/{name=a/*}", "/v1/a/1:go", None),
        ("/v1/{name=a/*}", "/v1/a/1:gone", {"name": "a/1:gone"}),
        ("/v1/{name=a/*}", "/v1/a/1:go:x", {"name": "a/1:go:x"}),
        ("/v1/{name=a/*}:go", "/v1/a/1:2:go", {"name": "a/1:2"}),
        ("/v1/{name=a/*}/b", "/v1/a/example.com:p/b", {"name": "a/example.com:p"}),
        ("/v1/{name=a/*}/b", "/v1/a/1:go/b", {"name": "a/1:go"}),
        ("/v1/{x.name=a/*}", "/v1/a/1", {"x.name": "a/1"}),
        ("/v1/{id}", "/v1/one", {"id": "one"}),
        ("/v1/{id}", "/v1/one/two", None),
        ("/v1/{id=*}:go", "/v1/one:go", {"id": "one"}),
        ("/v1/{a}/x/{b}", "/v1/1/x/2", {"a": "1", "b": "2"}),
        ("/v1/{a}/{b=**}:go", "/v1/1/x/2:go", {"a": "1", "b": "x/2"}),
        ("/v1/{name=f/**}", "/v1/f/a/b/c", {"name": "f/a/b/c"}),
        ("/v1/{name=f/**}", "/v1/f", {"name": "f"}),
        ("/v1/{name=f/**}", "/v1/fa/b", None),
        ("/v1/f/{name=**}", "/v1/f/a/b/c", {"name": "a/b/c"}),
        ("/v1/f/{name=**}", "/v1/f", {"name": ""}),
        ("/v1/f/**", "/v1/f", {}),
        ("/v1/f/**", "/v1/f/a/b", {}),
        ("/v1/{name=locations}", "/v1/locations", {"name": "locations"}),
        ("/v1/*/x", "/v1/any/x", {}),
        ("/v1/*/x", "/v1/any/other/x", None),
        ("/v1/x.y", "/v1/xzy", None),
        ("/v1/x y", "/v1/x%20y", {}),
        ("/v1/books", "/v1/%62ooks", {}),
        ("/v1/{name=a/*}", "/v1/a/b%20c", {"name": "a/b c"}),
        ("/v1/{name=a/*}", "/v1/a/b%2Fc", {"name": "a/b%2Fc"}),
        ("/v1/{name=a/*}", "/v1/a/b%2fc", {"name": "a/b%2fc"}),
        ("/v1/{name=a/*}", "/v1/a/b%252Fc", {"name": "a/b%2Fc"}),
        ("/v1/{name=**}", "/v1/a/b%2Fc", {"name": "a/b%2Fc"}),
        ("/v1/{id}", "/v1/b%2Fc", {"id": "b/c"}),
        ("/v1/{id=*}", "/v1/b%2fc%3A", {"id": "b/c:"}),
        ("/v1/{name=a/*}", "/v1/a/b%3Ac", {"name": "a/b:c"}),
        ("/v1/{name=a/*}", "/v1/a/b%3Ago", {"name": "a/b:go"}),
        ("/v1/{name=a/*}", "/v1/a/%C3%A4+", {"name": "a/ä+"}),
    ],
)
def test_match_of_a_path(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A template binds its fields, segment by segment, or does not match at all."""
    assert expected == PathTemplate.parse(template).match(*split_path(path, {"go"}))


@pytest.mark.parametrize(
    "template",
    [
        "",
        "/",
        "v1/x",
        "/v1/",
        "/v1//x",
        "/v1/{name",
        "/v1/name}",
        "/v1/{a={b}}",
        "/v1/{}",
        "/v1/{=a}",
        "/v1/{a..b}",
        "/v1/{1a}",
        "/v1/{a=/b}",
        "/v1/{a=b/}",
        "/v1/{a=**/b}",
        "/v1/**/b",
        "/v1/{a=**}/b",
        "/v1/a*",
        "/v1/{a}{b}",
        "/v1/{a}x",
        "/v1/{a}/{a}",
        "/v1/a:go/b",
        "/v1/a:",
    ],
)
def test_parse_of_a_bad_template(template: str) -> None:
    """A template outside the grammar is refused."""
    with pytest.raises(ValueError, match=r"path template|is not|bound twice"):
        PathTemplate.parse(template)


def test_order_of_templates() -> None:
    """Of templates that match the same path, the more exact one is sorted before the other."""
    templates = ["/v1/**", "/v1/{a}/{b}", "/v1/{a}/x", "/v1/x/{b=**}", "/v1/x/{b}", "/v1/x/y"]
    ordered = sorted(templates, key=lambda template: PathTemplate.parse(template).order)

    assert list(reversed(ordered)) == [
        "/v1/**",
        "/v1/{a}/{b}",
        "/v1/{a}/x",
        "/v1/x/{b=**}",
        "/v1/x/{b}",
        "/v1/x/y",
    ]
