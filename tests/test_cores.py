"""The choice of processor cores."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from ringback_server.cores import keep_to


def test_keep_when_the_system_forbids_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a process may not choose its cores, that is told, and nothing fails."""

    def refuse(_pid: int, _cores: Iterable[int]) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with caplog.at_level("INFO"):
        keep_to(1)

    assert "Operation not permitted" in caplog.text


def test_keep_to_more_cores_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many cores as there are is all that can be had, each once."""
    chosen: list[list[int]] = []

    def choose(_pid: int, cores: Iterable[int]) -> None:
        chosen.append([*cores])

    monkeypatch.setattr(os, "sched_setaffinity", choose)
    keep_to(1_000)

    assert [sorted(os.sched_getaffinity(0))] == [sorted(cores) for cores in chosen]
