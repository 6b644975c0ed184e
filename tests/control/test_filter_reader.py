"""The language of filters: what is read as what, and what is refused how."""

from __future__ import annotations

import pytest

from ringback_server.control.filter_reader import read_condition
from ringback_server.control.list_fields import CALLBACKS, EXECUTIONS, OPERATIONS, WORKFLOWS
from ringback_server.errors import InvalidArgumentError
from ringback_server.model.filters import (
    All,
    Any,
    Comparison,
    Condition,
    Field,
    Not,
    Pattern,
    comparisons,
)


def shown(condition: Condition | None) -> str:
    """Write a condition in one way, with every pair of parentheses."""
    match condition:
        case Comparison():
            key = "" if condition.key is None else f"[{condition.key}]"
            value = condition.value
            text = "*".join(value.parts) if isinstance(value, Pattern) else repr(value)
            return f"{condition.field.name}{key} {condition.operator} {text}"
        case All(terms):
            return f"({' AND '.join(map(shown, terms))})"
        case Any(terms):
            return f"({' OR '.join(map(shown, terms))})"
        case Not(term):
            return f"NOT {shown(term)}"
        case None:
            return ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  \n ", ""),
        ('state="FAILED"', "state = 'FAILED'"),
        ("state=failed", "state = 'FAILED'"),
        ("state : FAILED", "state : 'FAILED'"),
        ("state='FAILED'", "state = 'FAILED'"),
        ("workflow_revision_id=a", "workflowRevisionId = 'a'"),
        ('startTime>"2023-08-01"', "startTime > 1690848000000000"),
        ('start_time >= "2023-08-01T02:00:00.5+02:00"', "startTime >= 1690848000500000"),
        ("createTime<2023-08-01T00:00:00Z", "createTime < 1690848000000000"),
        ('createTime="2023-08-01T00:00:00.123456789Z"', "createTime = 1690848000123456"),
        ("createTime<1969-12-31T23:59:59Z", "createTime < -1000000"),
        ("duration>3.5s", "duration > 3500000"),
        ("duration<=0.0000019s", "duration <= 1"),
        ("endTime:*", "endTime : None"),
        ("NOT endTime:*", "NOT endTime : None"),
        ("-endTime:*", "NOT endTime : None"),
        ("-(state=FAILED)", "NOT state = 'FAILED'"),
        ("NOT(state=FAILED)", "NOT state = 'FAILED'"),
        ("label.env=prod", "labels[env] = 'prod'"),
        ('labels."a.b" != "x y"', "labels[a.b] != 'x y'"),
        ("labels.a-b=c", "labels[a-b] = 'c'"),
        ("labels:env", "labels[env] : None"),
        ("labels.env:*", "labels[env] : None"),
        ("labels:*", "labels : None"),
        ("label.env=pr*", "labels[env] = pr*"),
        ("label.env=*", "labels[env] = *"),
        ("label.NOT=x", "labels[NOT] = 'x'"),
        ("stepName=check", "stepName = 'check'"),
        ("stepName:check*", "stepName : check*"),
        (r'stepName="a\*b"', "stepName = 'a*b'"),
        (r'stepName="a\"b\\"', r"""stepName = 'a"b\\'"""),
        (r"stepName=a\b", r"stepName = 'a\\b'"),
        ("disable_concurrency_quota_overflow_buffering=TRUE",
         "disableConcurrencyQuotaOverflowBuffering = True"),
        # AIP-160: OR binds tighter than AND, and than standing side by side.
        ("state=ACTIVE AND state=FAILED OR state=QUEUED",
         "(state = 'ACTIVE' AND (state = 'FAILED' OR state = 'QUEUED'))"),
        ("state=ACTIVE state=FAILED OR state=QUEUED AND endTime:*",
         "(state = 'ACTIVE' AND (state = 'FAILED' OR state = 'QUEUED') AND endTime : None)"),
        ("(state=ACTIVE AND endTime:*) OR -state=QUEUED",
         "((state = 'ACTIVE' AND endTime : None) OR NOT state = 'QUEUED')"),
        ("( ( state=ACTIVE ) )", "state = 'ACTIVE'"),
    ],
)  # fmt: skip
def test_read_condition_of_executions(text: str, expected: str) -> None:
    """A filter is read as AIP-160 has it."""
    assert expected == shown(read_condition(text, EXECUTIONS))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stat=FAILED", ("character 1:", "stat=", "fields are state, executionId")),
        ("state=ACTIVE AND x.y<3", ("character 18:", "x.y<")),
        ("state=GONE", ("character 7:", "'GONE'", "QUEUED, ACTIVE, SUCCEEDED")),
        ("state<ACTIVE", ("character 1:", "state<", "state takes = != :")),
        ("stepName>a", ("stepName>", "= != :")),
        ("startTime>yesterday", ("character 11:", "'yesterday'", "2026-01-01T00:00:00Z")),
        ("duration>5", ("'5'", "3.5s")),
        ("duration>-", ("'-'", "3.5s")),
        ("disableConcurrencyQuotaOverflowBuffering=1", ("'1'", "true or false")),
        ("executionId<a*", ("executionId<", "wildcard")),
        ("label=x", ("labels", 'labels.KEY="value"')),
        ("label<x", ("label<", "= != :")),
        ("FAILED", ("character 1:", "FAILED is no comparison", "state=")),
        ("state=ACTIVE and state=FAILED", ("character 14:", "write AND")),
        ("state=ACTIVE &&", ("character 14:", "&&")),
        ("state=", ("character 7:", "a value is missing after state=")),
        ("state=ACTIVE AND", ("missing at the end",)),
        ("state=ACTIVE OR ", ("missing at the end",)),
        ("NOT", ("missing at the end",)),
        ("AND state=ACTIVE", ("character 1:", "AND is no comparison")),
        ("state=ACTIVE OR OR state=FAILED", ("character 17:", "OR is no comparison")),
        ("(state=ACTIVE", ("character 1:", '")" is missing')),
        ("state=ACTIVE)", ("character 13:", '")" closes nothing')),
        ("()", ("character 2:", "no comparison")),
        ('state="ACTIVE', ("character 7:", "a quote is not closed")),
        ('state="ACTIVE"x', ("character 15:", "quotes")),
        ("state=ACTIVE,FAILED", ("character 13:", "','")),
        ("hasPrefix(state, a)", ("hasPrefix(state,",)),
        ("state=~ACT", ("state=~",)),
        ("(" * 21 + "state=ACTIVE" + ")" * 21, ("character 21:", "deeper than 20")),
        ("state=ACTIVE " * 200, ("2000",)),
    ],
)
def test_read_condition_of_what_is_not_understood(text: str, named: tuple[str, ...]) -> None:
    """What is not understood is refused: what it is, where, and what would be."""
    with pytest.raises(InvalidArgumentError) as caught:
        read_condition(text, EXECUTIONS)

    assert [True] * len(named) == [each in caught.value.message for each in named], caught.value
    assert [("filter", caught.value.message)] == [
        (violation.field, violation.description) for violation in caught.value.violations
    ]


@pytest.mark.parametrize("fields", [EXECUTIONS, WORKFLOWS, CALLBACKS, OPERATIONS])
def test_names_of_the_fields_of_a_list(fields: tuple[Field, ...]) -> None:
    """No two fields of a list go by the same name."""
    names = [name for field in fields for name in set(field.names)]

    assert sorted(set(names)) == sorted(names)


def test_read_condition_of_operations() -> None:
    """Fields of metadata go by their own names too."""
    text = "metadata.verb=create target=w createTime>2026-01-01 metadata.end_time:*"
    names = [each.field.name for each in comparisons(read_condition(text, OPERATIONS))]

    assert [
        "metadata.verb",
        "metadata.target",
        "metadata.createTime",
        "metadata.endTime",
    ] == names


def test_read_condition_of_callbacks() -> None:
    """Numbers are whole, and a name is compared as it is."""
    condition = read_condition("waiters>=1 AND name=*", CALLBACKS)

    assert "(waiters >= 1 AND name = '*')" == shown(condition)
    with pytest.raises(InvalidArgumentError, match="a whole number"):
        read_condition("waiters>1.5", CALLBACKS)
