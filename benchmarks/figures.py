"""What was measured, what was wanted, and how both are written down."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

_HUNDRED = 100
#: how a number of each unit is written
_FORMATS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "/s": lambda value: f"{value:,.0f} /s",
        "%": lambda value: f"{value * _HUNDRED:.0f} %",
        "x": lambda value: f"{value:.3g} x",
        "ms": lambda value: f"{value:,.3g} ms" if value < _HUNDRED else f"{value:,.0f} ms",
        "us": lambda value: f"{value:,.3g} µs",
        "s": lambda value: f"{value:.2f} s",
        "MB": lambda value: f"{value:,.0f} MB",
        "B": lambda value: f"{value:,.0f} B",
    }
)


def shown(value: float, unit: str) -> str:
    """Write a number in its unit; a share, in `%`, is 1 when it is all."""
    return _FORMATS[unit](value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A target, and what came of it; `got` is None when that could not be measured."""

    what: str
    got: float | None
    bound: float
    unit: str
    #: whether more is better
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target was reached."""
        if self.got is None:
            return None
        return self.got >= self.bound if self.at_least else self.got <= self.bound

    @property
    def wanted(self) -> str:
        """The target as text."""
        return f"{'>=' if self.at_least else '<='} {shown(self.bound, self.unit)}"

    @property
    def gap(self) -> str:
        """How far from the target it is, as a factor; empty where it was met or not measured."""
        if self.met is not False or not self.got:
            return ""
        far = self.bound / self.got if self.at_least else self.got / self.bound
        return f"{far:.2f} x off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a row."""

    row: str
    what: str
    value: float
    unit: str
    #: what was measured beside it in the same run, or why it was not
    beside: Mapping[str, float | str] = field(default_factory=dict[str, "float | str"])
    checks: Sequence[Check] = ()
    #: the figure as a share of a yardstick's in the same rounds; more is better
    ratio: float | None = None
    #: how many executions waited meanwhile
    waiting: int | None = None
    #: each round's value
    rounds: Sequence[float] = ()


def as_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON, its checks with their verdicts."""
    return {**asdict(figure), "checks": [{**asdict(c), "met": c.met} for c in figure.checks]}


def from_json(stored: Mapping[str, Any]) -> Figure:
    """Read a figure again."""
    checks = tuple(
        Check(**{key: value for key, value in check.items() if key != "met"})
        for check in stored["checks"]
    )
    known: dict[str, Any] = {**stored, "checks": checks, "rounds": tuple(stored["rounds"])}
    return Figure(**known)


def share(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the quotients of rounds that ran one after the other."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def lines(figure: Figure) -> list[str]:
    """Write a figure for a terminal, a line for itself and one for each target."""
    beside = ", ".join(
        f"{name} {value if isinstance(value, str) else shown(value, figure.unit)}"
        for name, value in figure.beside.items()
    )
    among = "" if figure.waiting is None else f", {figure.waiting:,} waiting"
    head = f"{figure.row}: {figure.what}{among}"
    written = [f"{head:66} {shown(figure.value, figure.unit):>12}   {beside}".rstrip()]
    for check in figure.checks:
        got = "not measured" if check.got is None else shown(check.got, check.unit)
        verdict = {True: "✓", False: f"✗ {check.gap}", None: "-"}[check.met]
        written.append(f"    {check.what:62} {got:>12}   wanted {check.wanted:14} {verdict}")
    return written
