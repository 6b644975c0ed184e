"""Library functions against Python's own, and the bounds of what they build."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringback_server.lang.errors import WorkflowError
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.machine import Machine
from ringback_server.lang.stdlib import FUNCTIONS
from tests.lang.calling import call, host_of, tags_of
from tests.lang.playing import context, inputs, program_of

LIMITS = RunLimits()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONG = "x" * LIMITS.string_bytes
#: more than a quarter of what variables may hold
LARGE = [0] * 20_000

algorithms = st.sampled_from(["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"])
zones = st.sampled_from(["UTC", "Europe/Paris", "America/St_Johns", "Asia/Kolkata", "Etc/GMT+12"])
#: from when offsets are whole minutes
moments = st.datetimes(
    datetime(1975, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    datetime(2200, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    timezones=st.just(UTC),
)
texts = st.text("ab,é😀")


@given(data=st.binary(), padding=st.booleans())
def test_base64_when_compared_with_python(data: bytes, *, padding: bool) -> None:
    """Encoding gives what Python's does, and decoding undoes it, with padding and without."""
    text = base64.b64encode(data).decode()
    text = text if padding else text.replace("=", "")

    assert text == call("base64.encode", data, padding)
    assert data == call("base64.decode", text, padding)


@given(st.binary(), st.binary(), algorithms)
def test_hash_when_compared_with_python(key: bytes, data: bytes, algorithm: str) -> None:
    """Checksums and HMACs are those of Python."""
    assert hashlib.new(algorithm, data).digest() == call("hash.compute_checksum", data, algorithm)
    assert hmac.digest(key, data, algorithm) == call("hash.compute_hmac", key, data, algorithm)


@given(st.text())
def test_url_when_compared_with_python(text: str) -> None:
    """Both encodings are Python's, and decoding undoes them."""
    assert quote(text, safe="") == call("text.url_encode", text)
    assert quote_plus(text) == call("text.url_encode_plus", text)
    assert text == call("text.url_decode", quote_plus(text))
    assert text == call("text.url_decode", quote(text, safe=""))


@given(st.text("a+%0123456789ABCDEFabcdefé"))
def test_url_decode_when_compared_with_python(text: str) -> None:
    """Any text decodes as with Python, unless an escape is broken or gives no UTF-8."""
    broken = re.search("%(?![0-9A-Fa-f]{2})", text)
    expected = unquote_plus(text, errors="surrogateescape")

    if broken or re.search("[\ud800-\udfff]", expected):
        assert tags_of("text.url_decode", text) == ["ValueError"]
    else:
        assert expected == call("text.url_decode", text)


@given(moments, zones)
def test_time_when_compared_with_python(moment: datetime, zone: str) -> None:
    """Formatting is Python's isoformat, and parsing undoes it to the microsecond."""
    local = moment.astimezone(ZoneInfo(zone)).isoformat(timespec="microseconds")
    seconds = (moment - EPOCH) / timedelta(seconds=1)

    text = call("time.format", seconds, zone)

    assert local.replace("+00:00", "Z") == text
    assert seconds == call("time.parse", text)
    assert isinstance(call("time.parse", text), float)


@given(texts, texts, texts)
def test_text_when_compared_with_python(source: str, part: str, other: str) -> None:
    """Finding, replacing and splitting do what Python's strings and expressions do."""
    pattern = re.escape(part)

    assert [found.start() for found in re.finditer(pattern, source)] == call(
        "text.find_all", source, part
    )
    assert source.replace(part, other) == call("text.replace_all", source, part, other)
    if part:
        assert source.split(part) == call("text.split", source, part)
        assert source.replace(part, other) == call("text.replace_all_regex", source, pattern, other)


@given(st.text(), st.integers(-5, 40), st.integers(-5, 40))
def test_substring_when_out_of_range(source: str, start: int, end: int) -> None:
    """The ends are moved into the text, and nothing lies between ends in the wrong order."""
    expected = "".join(char for place, char in enumerate(source) if start <= place < end)

    assert expected == call("text.substring", source, start, end)


def test_uuid_when_an_advance_is_repeated() -> None:
    """An advance gives the same identifiers for the same seed, distinct ones within it."""
    source = json.dumps([{"done": {"return": ["${uuid.generate()}", "${uuid.generate()}"]}}])

    def play(seed: bytes) -> list[str]:
        machine = Machine.start(program_of(source), None, context())
        given = inputs()
        outcome = machine.advance(
            type(given)(now=given.now, seed=seed, events=(), budget=given.budget)
        )
        return list(json.loads(outcome.result or ""))

    one, other = play(bytes(16)), play(bytes([*range(16)]))

    assert one == play(bytes(16))
    assert len({*one, *other}) == 4
    assert all(UUID(text).version == 4 for text in one + other)


LAYOUT = {"prefix": "p" * 1000, "indent": "i" * 1000}
BOUNDED: dict[str, Callable[[], Any]] = {
    "replace": lambda: call("text.replace_all", "x" * 100_000, "", LONG),
    "replace_longer": lambda: call("text.replace_all", LONG, "x", "xy"),
    "replace_wide": lambda: call("text.replace_all", "x" * 100_000, "x", "€"),
    "replace_regex": lambda: call("text.replace_all_regex", "x" * 100_000, "", LONG),
    "replace_regex_wide": lambda: call("text.replace_all_regex", "x" * 100_000, "x", "€"),
    "find": lambda: call("text.find_all", LONG, "x"),
    "find_gaps": lambda: call("text.find_all", LONG, ""),
    "find_regex": lambda: call("text.find_all_regex", LONG, "x"),
    "split": lambda: call("text.split", LONG, "x"),
    "upper": lambda: call("text.to_upper", "ŉ" * 120_000),
    "url": lambda: call("text.url_encode", " " * 100_000),
    "base64": lambda: call("base64.encode", LONG.encode()),
    "charset": lambda: call("text.encode", LONG, "UTF-32"),
    "json_indent": lambda: call("json.encode", LARGE, LAYOUT),
    "json_string_indent": lambda: call("json.encode_to_string", LARGE, LAYOUT),
    "json_long": lambda: call("json.encode_to_string", ["\0" * 60_000]),
    "json_decode": lambda: call("json.decode", "[" + "[]," * 80_000 + "0]"),
    "shared": lambda: call("json.encode", [LARGE] * 5),
    "concat": lambda: call("list.concat", LARGE, [LARGE] * 3),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_result_when_larger_than_a_variable_may_be(name: str) -> None:
    """What no variable could hold is a ResourceLimitError."""
    with pytest.raises(WorkflowError, match="ResourceLimitError") as caught:
        BOUNDED[name]()

    assert caught.value.catchable is False


def test_json_when_indented_deeply() -> None:
    """White space is bounded also when it comes from nesting."""
    value: object = 0
    for _ in range(100):
        value = [value, 0]

    assert tags_of("json.encode_to_string", value, {"indent": " " * 50}) == ["ResourceLimitError"]
    assert "\n" in str(call("json.encode_to_string", value, {"indent": " " * 10}))


@pytest.mark.parametrize("layout", [True, {"prefix": "> "}, {"indent": "\n"}, {"indent": ""}])
@given(
    value=st.recursive(
        st.integers(0, 9), lambda part: st.lists(part) | st.dictionaries(st.text("a"), part)
    )
)
def test_json_when_indented(layout: object, value: object) -> None:
    """Indented text differs from text on one line in white space and prefixes alone."""
    text = str(call("json.encode_to_string", value, layout))

    if isinstance(layout, bool):
        assert value == call("json.decode", text)
    assert str(call("json.encode_to_string", value)) == re.sub(r"[\n >]", "", text)


def test_work_when_many_items_are_found() -> None:
    """Long work counts against the slice of the advance."""
    host = host_of()

    FUNCTIONS["text.split"].value(host, ["x," * 10_000, ","])

    assert host.stop < -1_000
