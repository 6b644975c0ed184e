"""The limit of open files."""

from __future__ import annotations

import resource
from resource import RLIM_INFINITY, RLIMIT_NOFILE

import pytest

from ringback_server import open_files


@pytest.mark.parametrize(
    ("limits", "raised"),
    [
        ((1_024, 4_096), 4_096),
        ((1_024, 1_000_000), 65_536),
        ((1_024, RLIM_INFINITY), 65_536),
        ((4_096, 4_096), None),
        ((100_000, 1_000_000), None),
        ((RLIM_INFINITY, RLIM_INFINITY), None),
    ],
)
def test_limit_when_the_system_allows_more(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], raised: int | None
) -> None:
    """It is raised as far as the system lets it, up to what is enough, and never lowered."""
    asked: list[tuple[int, int]] = []

    def told(_which: int) -> tuple[int, int]:
        return limits

    def ask(_which: int, wanted: tuple[int, int]) -> None:
        asked.append(wanted)

    monkeypatch.setattr(open_files, "getrlimit", told)
    monkeypatch.setattr(open_files, "setrlimit", ask)

    open_files.raise_limit()

    assert asked == ([] if raised is None else [(raised, limits[1])])
    assert open_files.limit() == (65_536 if limits[0] == RLIM_INFINITY else limits[0])


def test_limit_when_the_system_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server then starts with what it has."""

    def refuse(_which: int, _wanted: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(open_files, "setrlimit", refuse)

    open_files.raise_limit()

    assert resource.getrlimit(RLIMIT_NOFILE)[0] == open_files.limit()
