"""Texts -> nodes: YAML, JSON, and what is refused as a whole."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from ringback_server.lang.limits import Limits
from ringback_server.lang.problems import DefinitionError
from tests.lang.reading import Plain, plain, read_nodes

YAML_TEXTS: list[tuple[str, Plain]] = [
    ("a: 1\nb: [x, 'y', \"z\"]\n", {"a": 1, "b": ["x", "y", "z"]}),
    ("${k}: v\n", {"${k}": "v"}),
    ('"${k}": v\n', {"${k}": "v"}),
    ("on: yes\n", {"on": "yes"}),
    ("a: >-\n  b\n  c\n", {"a": "b c"}),
    ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
    ('a: "1"\nb: !!str 1\nc: ! 2\n', {"a": "1", "b": "1", "c": "2"}),
    ("a: !!float 1\nb: !!int '2'\nc: !!map {}\n", {"a": 1.0, "b": 2, "c": {}}),
    ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    ("%YAML 1.2\n---\na: b\n...\n", {"a": "b"}),
    ("\ufeffa: b\n", {"a": "b"}),
    ("a:\r\n  b: 1\r\n", {"a": {"b": 1}}),
    ("{a: 1, b: [true]}", {"a": 1, "b": [True]}),
    ("[a, b,]", ["a", "b"]),
    ("# nothing\n", None),
    ("", None),
]
JSON_TEXTS: list[tuple[str, Plain]] = [
    (r'["caf\u00e9 \ud83d\ude00"]', ["café 😀"]),
    (r'["\"\\\/\b\f\n\r\t"]', ['"\\/\b\f\n\r\t']),
    ('{"a":{"b":[]},"c":[{}]}', {"a": {"b": []}, "c": [{}]}),
    ("[1, -1, 1.0, 1e2, 0.5E-1]", [1, -1, 1.0, 100.0, 0.05]),
    ("[true, false, null]", [True, False, None]),
    ('\n { "a" :\n1 }\n', {"a": 1}),
    ('["yes", "1"]', ["yes", "1"]),
    ("[]", []),
    ("{}", {}),
]


@pytest.mark.parametrize(("text", "expected"), [*YAML_TEXTS, *JSON_TEXTS])
def test_text_when_read(text: str, expected: Plain) -> None:
    """YAML and JSON give the same kind of nodes."""
    assert expected == plain(read_nodes(text))


TAB = "while scanning for the next token: found character that cannot start any token"
REFUSED = [
    ("a: [1\n", 2, 1, "invalid YAML: while parsing a flow sequence: did not find"),
    ("a: b: c\n", 1, 5, "invalid YAML: mapping values are not allowed in this context"),
    ("a:\n\t- b\n", 2, 1, f"invalid YAML: {TAB}; lines are indented with spaces, not with tabs"),
    ('[{"a": 1}', 1, 10, "invalid JSON: expected ',' or ']'"),
    ('[{"a": 1]', 1, 9, "invalid JSON: expected ',' or '}'"),
    ('{"a": tru', 1, 10, "invalid YAML: "),
    ('["a", "b\n"', 2, 2, "invalid YAML: "),
    ('[1]\n"a"', 2, 1, "invalid JSON: unexpected text behind the end"),
    (r'["\ud83d"]', 1, 5, "invalid YAML: "),
    ("a: 1\n---\nb: 2\n", 2, 1, "the source holds more than one YAML document"),
    ("a: *b\n", 1, 4, "there is no anchor '&b' for this alias"),
    ("a: &b [*b]\n", 1, 8, "the alias '*b' stands within what it means"),
    ("a: !!python/name:os.system ''\n", 1, 4, "the YAML tag '!!python/name:os.system' is not"),
    ("a: !x {}\n", 1, 4, "the YAML tag '!x' is not supported"),
    ("a: !!binary aaaa\n", 1, 4, "the YAML tag '!!binary' is not supported"),
    ("a: !!timestamp 2001-01-01\n", 1, 4, "the YAML tag '!!timestamp' is not supported"),
    ("a: !!set {x}\n", 1, 4, "the YAML tag '!!set' is not supported"),
    ("a: !!int x\n", 1, 4, "'x' is not what its tag says"),
    ("a: x\0\n", 1, 5, "the source must not hold the character U+0000"),
    ("a\n: \x1b\n", 2, 3, "the source must not hold the character U+001B"),
    ("a: \ud800\n", 1, 4, "the source must not hold half of a surrogate pair"),
    ("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a'"),
    ('{"a": 1, "a": 2}', 1, 10, "duplicate key 'a'"),
    ("a:\n  1: b\n", 2, 3, 'the key of a map must be a string; write "1"'),
    ("true: b\n", 1, 1, 'the key of a map must be a string; write "true"'),
    ("? [a]\n: b\n", 1, 3, "the key of a map must be a string"),
    ("a: 9223372036854775808\n", 1, 4, "the integer does not fit into 64 bits"),
    ('{"a": -9223372036854775809}', 1, 7, "the integer does not fit into 64 bits"),
    ('{"a": 1e999}', 1, 7, "the number is too large for a double"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED)
def test_text_when_refused(text: str, line: int, column: int, message: str) -> None:
    """What cannot be read is refused with one problem, where it is."""
    with pytest.raises(DefinitionError) as caught:
        read_nodes(text)

    (problem,) = caught.value.problems
    assert (line, column) == (problem.line, problem.column)
    assert problem.message.startswith(message)


HOSTILE = [
    ("a 1 MB source", "- a: {return: 1}\n" * 65_000, "the source is larger than 131072 bytes"),
    ("bytes, not characters", "# " + "é" * 70_000, "the source is larger than 131072 bytes"),
    (
        "an alias bomb",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{name}: &{name} [{','.join([f'*{inner}'] * 10)}]\n"
            for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "its aliases, written out, exceed 131072 bytes",
    ),
    (
        "deep aliases",
        "a: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
        "maps and lists are nested more than 100 deep",
    ),
    ("deep lists", "[" * 130_000, "maps and lists are nested more than 100 deep"),
    ("deep JSON", '{"a":' * 26_000, "maps and lists are nested more than 100 deep"),
    ("deep blocks", "- " * 65_000, "maps and lists are nested more than 100 deep"),
    ("deep keys", "? " * 65_000, "maps and lists are nested more than 100 deep"),
    ("deep maps", "{a: " * 32_000, "maps and lists are nested more than 100 deep"),
]


@pytest.mark.parametrize(
    ("text", "message"), [pytest.param(*row[1:], id=row[0]) for row in HOSTILE]
)
def test_hostile_text_when_read(text: str, message: str) -> None:
    """What is made to cost time or memory costs neither."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(DefinitionError) as caught:
            read_nodes(text)
        took = time.process_time() - began
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert [message] == [problem.message for problem in caught.value.problems]
    assert took < 2  # a busy machine
    assert peak < 5_000_000


def test_nesting_when_at_the_limit() -> None:
    """The limit itself is allowed."""
    assert plain(read_nodes("[" * 100 + "]" * 100)) is not None


def test_limits_when_given() -> None:
    """Limits are parameters."""
    with pytest.raises(DefinitionError) as caught:
        read_nodes("[[[]]]", Limits(nesting=2))

    assert "failed to build: maps and lists are nested more than 2 deep (line 1, column 3)" == str(
        caught.value
    )


def test_wide_text_when_read() -> None:
    """As many nodes as a source can hold are read within a second."""
    began = time.process_time()
    root = read_nodes("[" + "a," * 65_000 + "]")

    assert root is not None
    assert time.process_time() - began < 2
