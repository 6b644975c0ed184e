"""What is wrong with a file of stubs is said with its place, and with what to write instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringback_server.local.cases import CaseFile
from ringback_server.local.documents import BadFileError, document_of, read_document
from ringback_server.local.runs import run_definition
from ringback_server.local.schema import record_of
from ringback_server.local.stubs import Surroundings
from tests.local.definitions import APPROVAL

SAYS_NOTHING = (
    "a stub says which calls it answers: by 'step', 'call', 'url', 'method', 'args' or 'body'; "
    'write call: "*" for all'
)
NO_FAILURE = (
    "'oops' is none of 'auth', 'connection refused', 'connection reset', 'timeout', 'tls', "
    "'too large', 'unknown host'"
)
ANSWERED = "stubs answer http.…, googleapis.…, gke.… and experimental.executions.…"
PUBLISH = "googleapis.pubsub.v1.projects.topics.publish"
NO_METHOD = (
    "googleapis.pubsub.v1 has no method 'projects.topics.publishh'; did you mean "
    "'projects.topics.publish'?"
)
STUBS = "stubs:\n  - url: http://a\n"


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("stub: []", "1:1", "unknown key 'stub'; did you mean 'stubs'?"),
        ("x: 1", "1:1", "unknown key 'x'; there are now, env, stubs, callbacks"),
        ("- 1", "1:1", "this must be a map, not a list"),
        ("stubs: {}", "1:8", "this must be a list, not a map"),
        ("stubs:\n  - 1", "2:5", "this must be a map, not a whole number"),
        (f"{STUBS}    answr: {{}}", "3:5", "unknown key 'answr'; did you mean 'answer'?"),
        (STUBS, "2:5", "a stub has 'answer', or 'sequence' with several answers"),
        (f"{STUBS}    sequence: []", "3:5", "'sequence' has at least one answer"),
        (
            "stubs:\n  - answer: {}",
            "2:5",
            SAYS_NOTHING,
        ),
        (
            f'{STUBS}    answer:\n      status: "200"',
            "4:15",
            "this must be a whole number, not a text",
        ),
        (f"{STUBS}    answer: {{status: 20}}", "3:22", "this must be a whole number >= 100"),
        (
            f"{STUBS}    answer: {{text: 5}}",
            "3:20",
            "this must be a text, not a whole number; write it in quotes",
        ),
        (f"{STUBS}    answer: {{base64: '?'}}", "3:13", "'base64' holds no base64"),
        (
            f"{STUBS}    answer: {{body: 1, text: x}}",
            "3:13",
            "there is one body, not both 'body' and 'text'",
        ),
        (
            f"{STUBS}    answer: {{return: 1, status: 200}}",
            "3:13",
            "an answer is one thing, not both return and a response",
        ),
        (
            f"{STUBS}    sequence:\n      - {{}}\n      - {{fail: oops}}",
            "5:16",
            NO_FAILURE,
        ),
        (f"{STUBS}    answer: {{delay: -1}}", "3:21", "this must be a number >= 0.0"),
        (
            "env:\n  A: 1",
            "2:3",
            "this must be a text, not a whole number; write it in quotes",
        ),
        ("now: -1", "1:1", "'now' is no time in Unix seconds: write it like 2026-01-31T09:00:00Z"),
        ("now: yesterday", "1:1", "'now' is no time: write it like 2026-01-31T09:00:00Z"),
        (
            "now: 2026-01-01T00:00:00",
            "1:1",
            "'now' has no time zone: write it like 2026-01-31T09:00:00Z",
        ),
        (
            "callbacks:\n  - {awaiting: a, step: b}",
            "2:5",
            "'awaiting' names the endpoint: leave out 'step' and 'endpoint'",
        ),
        (
            "stubs: [",
            "1:9",
            "invalid YAML: while parsing a flow node: did not find expected node content",
        ),
        ("env: {A: a, A: b}", "1:13", "duplicate key 'A'"),
        (
            "stubs: [{call: http.gett, answer: {}}]",
            "1:10",
            "there is no function 'http.gett'; did you mean 'http.get'?",
        ),
        (
            "stubs: [{call: sys.log, answer: {}}]",
            "1:10",
            f"'sys.log' is computed, no stub is asked: {ANSWERED}",
        ),
        (
            "stubs: [{call: order, answer: {}}]",
            "1:10",
            f"there is no function 'order': {ANSWERED}",
        ),
        (
            f"stubs: [{{call: {PUBLISH}h, answer: {{}}}}]",
            "1:10",
            NO_METHOD,
        ),
        (
            f"stubs: [{{call: {PUBLISH}, url: x, answer: {{}}}}]",
            "1:62",
            f"a call of {PUBLISH} has no 'url', it has 'args'",
        ),
        (
            "stubs: [{call: googleapis.*, body: {}, answer: {}}]",
            "1:30",
            "a call of googleapis.* has no 'body': write args: {body: …}",
        ),
        (
            "stubs: [{call: http.*, args: {}, answer: {}}]",
            "1:24",
            "a call of http.* is told by 'url', 'method' and 'body', not by 'args'",
        ),
        (
            "stubs: [{args: {}, url: x, answer: {}}]",
            "1:20",
            "'url' is of requests and 'args' of others: no call has both",
        ),
        (
            "stubs: [{method: POTS, answer: {}}]",
            "1:10",
            "there is no method 'POTS'; did you mean 'POST'?",
        ),
        (
            "stubs: [{call: http.get, method: POST, answer: {}}]",
            "1:26",
            "http.get sends GET, not POST",
        ),
        (
            "callbacks: [{method: FETCH}]",
            "1:14",
            "there is no method 'FETCH'; there are GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH",
        ),
    ],
)
def test_stubs_when_they_do_not_fit(text: str, place: str, problem: str) -> None:
    """Line and column count from 1; nothing is a traceback."""
    with pytest.raises(BadFileError) as caught:
        record_of(document_of(text, "s.yaml"), Surroundings)

    found = caught.value
    assert (place, problem) == (f"{found.line}:{found.column}", found.problem)
    assert f"s.yaml:{place}: {problem}" == str(found)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("definition: a.yaml", "1:1", "'cases' is missing"),
        ("", "1:1", "there is nothing in this file: 'cases' is missing"),
        ("cases: []", "1:8", "this must be a list of length >= 1"),
        ("cases: [{}]", "1:9", "'name' is missing"),
        (
            "cases:\n  - name: a\n    expect: {result: 1, error: x}",
            "3:13",
            "a run ends with a result or with an error, not with both",
        ),
        (
            "cases:\n  - name: a\n    expect:\n      calls: [{methd: GET}]",
            "4:16",
            "unknown key 'methd'; did you mean 'method'?",
        ),
        (
            "cases:\n  - name: a\n    expect: {logs: [1]}",
            "3:21",
            "this must be a text or a map, not a whole number; write it in quotes",
        ),
        (
            "cases: [{name: a, expect: {calls: [{auth: OAuth}]}}]",
            "1:43",
            "'OAuth' is none of '*', 'OAuth2', 'OIDC'; did you mean 'OAuth2'?",
        ),
        (
            "cases: [{name: a, expect: {calls: [{call: http.gt}]}}]",
            "1:37",
            "there is no function 'http.gt'; did you mean 'http.get'?",
        ),
        (
            f"cases: [{{name: a, expect: {{calls: [{{call: {PUBLISH}, auth: OIDC}}]}}}}]",
            "1:89",
            f"a call of {PUBLISH} has no 'auth', it has 'args'",
        ),
        (
            "cases: [{name: a, expect: {logs: [{severity: WARN}]}}]",
            "1:36",
            "there is no severity 'WARN'; did you mean 'WARNING'?",
        ),
    ],
)
def test_cases_when_they_do_not_fit(text: str, place: str, problem: str) -> None:
    """So it is with test files."""
    with pytest.raises(BadFileError) as caught:
        record_of(document_of(text, "t.yaml"), CaseFile)

    assert f"t.yaml:{place}: {problem}" == str(caught.value)


def test_cases_when_several_things_do_not_fit() -> None:
    """All of them are said, in the order of the source; of a record, one beside unknown keys."""
    text = """
stub: []
stubs:
  - {url: x, answr: {}}
  - {url: x, answer: {status: "200"}}
cases:
  - {nme: a}
  - {name: 5, expect: {logs: [{severity: x*, json: 1, txt: 2}], duration: soon}}
"""
    with pytest.raises(BadFileError) as caught:
        record_of(document_of(text, "t.yaml"), CaseFile)

    assert [
        "t.yaml:2:1: unknown key 'stub'; did you mean 'stubs'?",
        "t.yaml:4:14: unknown key 'answr'; did you mean 'answer'?",
        "t.yaml:5:31: this must be a whole number, not a text",
        "t.yaml:7:6: unknown key 'nme'; did you mean 'name'?",
        "t.yaml:8:12: this must be a text, not a whole number; write it in quotes",
        "t.yaml:8:55: unknown key 'txt'; did you mean 'text'?",
        "t.yaml:8:75: this must be a number, not a text",
    ] == str(caught.value).splitlines()


def test_file_when_it_cannot_be_read(tmp_path: Path) -> None:
    """What keeps a file from being read is said with its name, and where if that is known."""
    (tmp_path / "latin.yaml").write_bytes("ä\nnä".encode() + b"\xe9")
    for name, problem in (
        ("none.yaml", ": No such file or directory"),
        ("latin.yaml", ":2:3: the file is not UTF-8"),
        ("", ": Is a directory"),
    ):
        path = tmp_path / name
        with pytest.raises(BadFileError) as caught:
            read_document(path)

        assert f"{path}{problem}" == str(caught.value)


def test_yaml_when_it_is_read() -> None:
    """It means what it means in definitions: `on` and `no` are texts, times too."""
    text = "env: {A: no, B: on}\nnow: 2026-01-01T00:00:00Z\n"

    found = record_of(document_of(text, "s.yaml"), Surroundings)
    assert ({"A": "no", "B": "on"}, "2026-01-01T00:00:00Z") == (found.env, found.now)
    assert Surroundings() == record_of(document_of("", "s.yaml"), Surroundings)


@pytest.mark.parametrize(
    ("stub", "problem"),
    [
        (
            {"url": "x", "answer": {"status": "a"}},
            r"stubs\[0\]: answer.status: this must be a whole",
        ),
        ({"url": "x"}, r"stubs\[0\]: a stub has 'answer'"),
        ({"answr": 1}, r"stubs\[0\]: unknown key 'answr'; did you mean 'answer'"),
    ],
)
def test_stubs_when_python_gives_bad_ones(stub: dict[str, object], problem: str) -> None:
    """In Python, the way to what is wrong stands for its place."""
    with pytest.raises(ValueError, match=problem):
        run_definition(APPROVAL, stubs=[stub])


def test_stubs_when_python_gives_one_without_a_list() -> None:
    """It is said what is meant, not what its keys are."""
    stub: Any = {"step": "look", "answer": {}}
    with pytest.raises(ValueError, match=r"^stubs: this must be a list, not a map$"):
        run_definition(APPROVAL, stubs=stub)


def test_definition_when_it_is_wrong() -> None:
    """All that is wrong with it is said."""
    with pytest.raises(BadFileError) as caught:
        run_definition("main:\n  steps:\n  - a: {retrun: 1}\n  - b: {cal: x}\n")

    assert [
        "definition:3:9: unknown key 'retrun' in a step; did you mean 'return'?",
        "definition:4:9: unknown key 'cal' in a step; did you mean 'call'?",
    ] == str(caught.value).splitlines()


def test_connectors_when_they_are_wrong() -> None:
    """Names and arguments of Google's connectors are checked before anything runs."""
    source = f"""
main:
  steps:
    - a: {{call: {PUBLISH}h}}
    - b: {{call: {PUBLISH}, args: {{topi: x}}}}
    - c: {{call: gke.anything, args: {{x: 1}}}}
"""
    with pytest.raises(BadFileError) as caught:
        run_definition(source)

    assert [
        f"definition:4:17: {NO_METHOD}",
        "definition:5:17: the connector needs an argument 'topic'",
        "definition:5:70: the connector has no argument 'topi'; did you mean 'topic'?",
    ] == str(caught.value).splitlines()
