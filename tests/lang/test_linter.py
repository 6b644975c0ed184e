"""What the linter says of definitions that deploy, and of those that do not."""

from __future__ import annotations

import time

import pytest

from ringback_server.lang.findings import (
    ALIAS,
    CONNECTOR_ARGUMENT,
    HIDDEN,
    HTTP_AUTH,
    INVALID,
    MISSING_PARENT,
    NO_EXPRESSION,
    PARALLEL_IN_TRY,
    PRIVATE_SERVICE,
    RESERVED,
    RETRY_DEFAULTS,
    RULES,
    SINGLE_QUOTES,
    UNKNOWN_CONNECTOR,
    UNREACHABLE,
    UNREAD,
    Finding,
    Rule,
)
from ringback_server.lang.linter import lint
from ringback_server.lang.step_warnings import step_warnings
from tests.lang.described import GET, MAKE, METHODS, Described
from tests.lang.reading import parsed

POLICY = "max_retries: 1, backoff: {initial_delay: 1, max_delay: 2, multiplier: 2}"
LOOP = "for: {value: v, in: [1], steps: [{t: {raise: x}}]}"
BRANCHES = "branches: [{one: {steps: [{t: {raise: x}}]}}, {two: {steps: [{u: {raise: x}}]}}]"


def places(found: tuple[Finding, ...]) -> list[tuple[Rule, int, int]]:
    """Return the rules that are broken, and where."""
    return [(one.rule, one.position.line, one.position.column) for one in found]


#: an argument that will do, and one that only a run can tell
THING, LATER = "projects/p/things/t", "'${sys.get_env(\"A\")}'"
RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"

#: calls of connectors, with the rules that they break, and where in the line
CONNECTORS: list[tuple[str, list[tuple[Rule, int]]]] = [
    (f"{GET.name}, args: {{name: {THING}, query: {{}}, connector_params: {{}}}}", []),
    (f"{GET.name}s, args: {{name: {THING}}}", [(UNKNOWN_CONNECTOR, 13)]),
    (f"{GET.name}, args: {{nam: n}}", [(CONNECTOR_ARGUMENT, 13), (CONNECTOR_ARGUMENT, 62)]),
    (f"{GET.name}, args: {{name: {THING}, body: {{}}}}", [(CONNECTOR_ARGUMENT, 89)]),
    (f"{GET.name}, args: {{name: null}}", [(CONNECTOR_ARGUMENT, 13)]),
    (f"{GET.name}, args: {{name: {LATER}, query: {{a: {LATER}, b: [{LATER}]}}}}", []),
    (f"{GET.name}, args: {{name: things/t}}", [(CONNECTOR_ARGUMENT, 62)]),
    (f"{GET.name}, args: {{name: {{a: {LATER}}}}}", [(CONNECTOR_ARGUMENT, 62)]),
    (f"{GET.name}, args: {{query: 5, name: {THING}}}", [(CONNECTOR_ARGUMENT, 62)]),
    (f"{MAKE.name}, args: {{body: text, name: {THING}}}", [(CONNECTOR_ARGUMENT, 63)]),
    (f"{MAKE.name}, args: {{body: {LATER}, name: {THING}}}", []),
]
#: arguments that are maps, with what is said of them
PARAMS: list[tuple[str, str, str | None]] = [
    (RUN, "connector_params: {timeout: 5, scopes: [a]}", None),
    (RUN, f"connector_params: {{timeout: {LATER}, polling_policy: {LATER}}}", None),
    (RUN, f"connector_params: {LATER}", None),
    (RUN, "connector_params: {timout: 5}", "'connector_params' has no 'timout'; did you mean"),
    (RUN, f"connector_params: {{timout: {LATER}}}", None),
    (RUN, "connector_params: {timeout: -1}", "'timeout' must be above 0 and at most 31536000"),
    (RUN, "connector_params: {skip_polling: 1}", "skip_polling must be a boolean, not integer"),
    (RUN, "connector_params: {polling_policy: {delay: 1}}", "'connector_params.polling_policy' h"),
    ("http.get", "auth: {type: OIDC}", None),
    ("http.get", "auth: null", None),
    ("http.get", f"auth: {LATER}", None),
    ("http.get", f"auth: {{type: {LATER}}}", None),
    ("http.post", "auth: {type: OAuth}", "'auth' must be a map whose 'type' is"),
    ("http.get", "auth: {typ: OIDC}", "'auth' must be a map whose 'type' is"),
    ("http.get", "auth: OIDC", "'auth' must be a map, not string"),
    ("http.get", "private_service_name: null", None),
    ("http.get", f"private_service_name: {LATER}", "'private_service_name' cannot be used"),
]

CLEAN = [
    pytest.param("- s: {return: '${\"a\" + \"it''s\"}'}\n", id="double quotes"),
    pytest.param('- s: {return: "it\'s $1"}\n', id="texts"),
    pytest.param(
        "- a: {assign: [{m: {}}, {m.b: {}}, {m.b.c: 1}]}\n- s: {return: '${m}'}", id="maps"
    ),
    pytest.param(
        "- a: {assign: [{m: {b: {c: {}}}}, {m.b.c.d: 1}]}\n- s: {return: '${m}'}", id="literal maps"
    ),
    pytest.param("- a: {assign: [{m.b.c: 1}, {m: {b: {}}}]}\n- s: {return: '${m}'}", id="order"),
    pytest.param(
        "- a: {assign: [{k: x}, {m: {'${k}': {}}}, {m.b.c: 1}]}\n- s: {return: '${m}'}",
        id="keys that are computed",
    ),
    pytest.param(
        "- a: {assign: [{k: x}, {m: {}}, {'m[k]': {}}, {m.b.c: 1}]}\n- s: {return: '${m}'}",
        id="places that are computed",
    ),
    pytest.param(
        "main: {params: [m], steps: [{a: {assign: [{m.b.c: 1}]}}, {s: {return: '${m}'}}]}",
        id="a parameter",
    ),
    pytest.param(
        "- a: {call: sys.now, result: m}\n- b: {assign: [{m.b.c: 1}]}\n- s: {return: '${m}'}",
        id="a result",
    ),
    pytest.param(
        "- a: {assign: [{m: '${default(null, 1)}'}, {m.b.c: 1}]}\n- s: {return: '${m}'}",
        id="a value that is computed",
    ),
    pytest.param(
        "- a: {try: {raise: x}, except: {as: e, steps: [{t: {assign: [{e.b.c: 1}, {x: '${e}'}]}}, "
        "{u: {return: '${x}'}}]}}\n",
        id="an error",
    ),
    pytest.param("- a: {assign: [{_unused: 1}]}\n", id="an underscore"),
    pytest.param(
        "- a: {assign: [{k: x}, {m: {}}, {'m[k]': 1}]}\n- s: {return: '${m}'}", id="read as a key"
    ),
    pytest.param("- a: {next: c}\n- b: {return: 1}\n- c: {next: b}\n", id="jumps"),
    pytest.param(
        "- a: {switch: [{condition: '${1 > 2}', next: end}]}\n- b: {return: 1}\n", id="no default"
    ),
    pytest.param(
        "- a: {switch: [{condition: true, assign: [{_x: 1}]}, {condition: true, next: end}]}\n"
        "- b: {return: 1}\n",
        id="a default that goes on",
    ),
    pytest.param(
        "- a: {try: {return: 1}, except: {as: e, steps: [{v: {next: w}}]}}\n- w: {return: 1}\n",
        id="out of a handler",
    ),
    pytest.param("- a: {try: {raise: x}, retry: '${http.default_retry}'}\n", id="a policy"),
    pytest.param(
        f"- a: {{try: {{raise: x}}, retry: {{predicate: '${{retry.always}}', {POLICY}}}}}\n",
        id="all fields",
    ),
    pytest.param(
        "- a: {try: {raise: x}, retry: {predicate: '${retry.always}', max_retries: 1, "
        "backoff: '${retry.default_backoff}'}}\n",
        id="a back-off",
    ),
]


@pytest.mark.parametrize("text", CLEAN)
def test_definition_when_there_is_nothing_to_say(text: str) -> None:
    """What is usual, and what cannot be known, is not warned about."""
    assert () == lint(text)


WARNED = [
    ("- s: {return: \"${'a' + 'b'}\"}\n", [(SINGLE_QUOTES, 1, 18), (SINGLE_QUOTES, 1, 24)]),
    (
        "- a: {assign: [{m: {}}, {\"m['k']\": 1}]}\n- s: {return: '${m}'}\n",
        [(SINGLE_QUOTES, 1, 29)],
    ),
    ("- s:\n    return: ${1 # 2}\n", [(NO_EXPRESSION, 2, 13)]),
    ("- s: {return: 'hello ${x}'}\n", [(NO_EXPRESSION, 1, 15)]),
    ("- s: {return: '${x} '}\n", [(NO_EXPRESSION, 1, 15)]),
    ("- s: {return: [&a [1], *a]}\n", [(ALIAS, 1, 16)]),
    (
        "- a: {assign: [{m: {}}, {m.b.c: 1}, {m.b.d: 1}]}\n- s: {return: '${m}'}\n",
        [(MISSING_PARENT, 1, 26)],
    ),
    ("- a: {assign: [{m.b: 1}]}\n- s: {return: '${m}'}\n", [(MISSING_PARENT, 1, 17)]),
    (
        "- a: {assign: [{m: {b: {}}}, {'m[\"c\"][0]': 1}]}\n- s: {return: '${m}'}\n",
        [(MISSING_PARENT, 1, 32)],
    ),
    ("- a: {assign: [{x: 1}, {x: 2}]}\n", [(UNREAD, 1, 17)]),
    ("- a: {call: sys.now, result: x}\n", [(UNREAD, 1, 30)]),
    ("- a: {return: 1}\n- b: {return: 2}\n- c: {return: 3}\n", [(UNREACHABLE, 2, 3)]),
    ("- a: {next: end}\n- b: {return: 2}\n", [(UNREACHABLE, 2, 3)]),
    (
        "- a: {switch: [{condition: true, next: end}]}\n- b: {return: 2}\n",
        [(UNREACHABLE, 2, 3)],
    ),
    (
        (
            "- a: {switch: [{condition: '${1 > 2}', raise: x}, {condition: True, return: 1}]}\n"
            "- b: {return: 2}\n"
        ),
        [(UNREACHABLE, 2, 3)],
    ),
    ("- a: {steps: [{b: {raise: x}}, {c: {return: 1}}]}\n", [(UNREACHABLE, 1, 33)]),
    (
        (
            "- a: {try: {return: 1}, except: {as: e, steps: [{t: {raise: '${e}'}}]}}\n"
            "- b: {return: 2}\n"
        ),
        [(UNREACHABLE, 2, 3)],
    ),
    ("- a: {try: {raise: x}, retry: {max_retries: 1}}\n", [(RETRY_DEFAULTS, 1, 24)]),
    (
        (
            "- a: {assign: [{e: 1}]}\n- b: {try: {return: '${e}'}, except: {as: e, steps: "
            "[{t: {raise: '${e}'}}]}}\n"
        ),
        [(HIDDEN, 2, 30)],
    ),
    ("- a: {next: end}\n- end: {return: 1}\n", [(UNREACHABLE, 2, 3), (RESERVED, 2, 3)]),
    ("- a: {nxt: b}\n- b: {return: \"${'x'}\"}\n", [(INVALID, 1, 7), (SINGLE_QUOTES, 2, 18)]),
    ("- a: [\n", [(INVALID, 2, 1)]),
    ("- a: {call: http.get, args: {url: 'https://a.test', auth: {}}}\n", [(HTTP_AUTH, 1, 53)]),
    (
        "- a: {call: http.get, args: {url: 'https://a.test', private_service_name: s}}\n",
        [(PRIVATE_SERVICE, 1, 53)],
    ),
]


@pytest.mark.parametrize(("text", "expected"), WARNED)
def test_definition_when_something_surprises(
    text: str, expected: list[tuple[Rule, int, int]]
) -> None:
    """What surprises, or what Google's service would refuse, is said where it is."""
    assert sorted(expected, key=str) == sorted(places(lint(text)), key=str)


LOOPS: list[tuple[str, list[Rule]]] = [
    (f"- a: {{try: {{parallel: {{{BRANCHES}}}}}}}\n", [PARALLEL_IN_TRY]),
    (f"- a: {{parallel: {{{BRANCHES}}}}}\n", []),
    (f"- v: {{assign: [{{v: 1}}]}}\n- a: {{{LOOP}}}\n", [HIDDEN]),
    (f"- v: {{assign: [{{v: 1}}]}}\n- a: {{parallel: {{{LOOP}}}}}\n", [HIDDEN]),
    (f"- a: {{{LOOP}}}\n- b: {{return: 1}}\n", []),
    (
        "- a: {for: {value: v, in: [1], steps: [{t: {next: break}}, {u: {raise: x}}]}}\n",
        [UNREACHABLE],
    ),
]


@pytest.mark.parametrize(("text", "expected"), LOOPS)
def test_loop_when_something_surprises(text: str, expected: list[Rule]) -> None:
    """Loops and parallel steps are looked at and into."""
    found = step_warnings(parsed(text).routines["main"])

    assert expected == [finding.rule for finding in found]


@pytest.mark.parametrize(("call", "expected"), CONNECTORS)
def test_connector_when_something_surprises(call: str, expected: list[tuple[Rule, int]]) -> None:
    """Names that no service has are told, and arguments that are missing or that none takes."""
    found = lint(f"- a: {{call: {call}}}\n", connectors=Described(METHODS))

    assert expected == [(one.rule, one.position.column) for one in found]


@pytest.mark.parametrize(("function", "argument", "said"), PARAMS)
def test_argument_when_it_is_a_map(function: str, argument: str, said: str | None) -> None:
    """Maps that say how a call is made are looked at, as far as they hold what is known."""
    needed = "workflow_id: w" if function == RUN else "url: 'https://a.test'"
    found = lint(f"- a: {{call: {function}, args: {{{needed}, {argument}}}}}\n")

    assert [True] * (said is not None) == [one.message.startswith(said or "?") for one in found]


def test_error_when_found() -> None:
    """An error says how long the text is that it is about, and in which step."""
    (finding,) = lint("- a: {return: '${unknown}'}\n")

    assert (7, "a") == (finding.position.length, finding.step)


def test_rules_when_the_cases_are_read() -> None:
    """Every rule is broken by some case."""
    broken = {rule for _, places in WARNED for rule, _, _ in places}

    broken |= {rule for _, rules in LOOPS for rule in rules}
    assert set(RULES) == broken | {rule for _, found in CONNECTORS for rule, _ in found}


def test_large_definition_when_linted() -> None:
    """Many steps and many findings take a second at most."""
    text = "- first: {assign: [{m.b.c: 1}]}\n" + "".join(
        f"- s{n}: {{assign: [{{m.b.c{n}: 1}}, {{x{n}: 1}}]}}\n" for n in range(2500)
    )
    began = time.process_time()
    found = lint(text)
    took = time.process_time() - began

    assert {UNREAD, MISSING_PARENT} == {finding.rule for finding in found}
    # the test leaves room for a busy machine
    assert took < 2
