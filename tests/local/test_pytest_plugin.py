"""The pytest plugin, in the pytest of a user."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ringback_server.local.runs import RunWorkflow
from tests.e2e.process import environment
from tests.local.definitions import APPROVAL, APPROVED, LOOK, ORDER, STORE

TESTS = """
import pytest
from ringback_server.local.results import StuckError

def test_approval(run_workflow):
    result = run_workflow("approval.yaml", {"id": "7"}, stubs="stubs.yaml")
    assert result.result == {"approved": True, "name": "doc"}

def test_without_stubs(run_workflow):
    with pytest.raises(StuckError, match="no stub answers http.get"):
        run_workflow("approval.yaml", {"id": "7"})
"""
CASES = {
    "stubs": [LOOK, STORE],
    "cases": [
        {"name": "nobody answers", "argument": ORDER, "expect": {"error": "TimeoutError: *"}},
        {"name": "wrong", "argument": ORDER, "expect": {"duration": 3}},
    ],
}


def pytested(folder: Path, *options: str) -> str:
    """Run pytest in a folder, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "-rA", *options],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a project with a definition, stubs and tests."""
    (tmp_path / "approval.yaml").write_text(APPROVAL)
    stubs = {"stubs": [LOOK, STORE], "callbacks": [APPROVED]}
    (tmp_path / "stubs.yaml").write_text(json.dumps(stubs))
    (tmp_path / "approval.test.yaml").write_text(json.dumps(CASES))
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def test_fixture_when_a_project_uses_it(folder: Path) -> None:
    """Files are found beside the test, and test files are left alone."""
    assert "2 passed" in pytested(folder)


def test_files_when_the_settings_ask_for_them(folder: Path) -> None:
    """Each case is an item of its own."""
    said = pytested(folder, "-o", "ringback_files=*.test.yaml")

    assert "3 passed" in said
    assert "1 failed" in said
    assert "PASSED approval.test.yaml::nobody answers" in said
    assert "it failed: TimeoutError: no callback arrived within 3600 s" in said


def test_file_when_it_is_bad(folder: Path) -> None:
    """It is an error of the collection, with its place."""
    (folder / "approval.test.yaml").write_text("cases: {}")

    said = pytested(folder, "-o", "ringback_files=*.test.yaml")
    assert "approval.test.yaml:1:8: this must be a list, not a map" in said
    assert "Traceback" not in said


def test_modules_when_definitions_are_run() -> None:
    """Running definitions loads nothing that serves, stores or connects."""
    program = (
        "import sys\n"
        "from ringback_server.local import pytest_items, run_command, test_command\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('ringback_server.')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    modules, ours = (set(line.split()) for line in done.stdout.splitlines())

    assert set() == modules & {"grpc", "httpcore", "starlette", "uvicorn", "sqlite3", "google"}
    parts = {"auth", "connectors", "control", "errors", "lang", "local", "model"}
    assert parts == {name.split(".")[1] for name in ours}


def test_plugin_when_nothing_uses_it() -> None:
    """To load the plugin costs every pytest run next to nothing."""
    program = (
        "import sys, ringback_server.local.pytest_plugin\n"
        "print('ringback_server.lang' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert "False" == done.stdout.strip()


def test_fixture_when_it_is_typed(run_workflow: RunWorkflow) -> None:
    """The fixture is that of the plugin which is installed here."""
    result = run_workflow(APPROVAL, ORDER, stubs=[LOOK, STORE], callbacks=[APPROVED])

    assert result.succeeded


def test_fixture_when_a_stub_names_no_step(run_workflow: RunWorkflow) -> None:
    """What is misspelt is told with what is near, as in test files."""
    with pytest.raises(ValueError, match=r"stubs\[1\]: no step 'sotre' .*did you mean 'store'"):
        run_workflow(APPROVAL, ORDER, stubs=[LOOK, {"step": "sotre", "answer": {"return": 1}}])


def test_fixture_when_an_assertion_fails(folder: Path) -> None:
    """What pytest shows of a run that failed begins with the error."""
    stub = {"step": "look", "answer": {"status": 403, "text": "no " * 1_000}}
    (folder / "test_it.py").write_text(
        "def test_it(run_workflow):\n"
        f"    run = run_workflow('approval.yaml', {ORDER}, stubs=[{stub}])\n"
        "    assert run.result == 'x'\n"
    )

    said = (
        "where None = Result(error='HttpError: HTTP server responded with error code 403', state="
    )
    assert said in pytested(folder)


@pytest.mark.parametrize(
    ("raised", "headline"),
    [
        ('"no"', "no"),
        ('{message: "a\\nb", tags: [T, U]}', "T: a\nb"),
        ('{message: "T: a", tags: [T]}', "T: a"),
        ("{code: 7}", '{"code": 7}'),
    ],
)
def test_result_when_it_is_written(raised: str, headline: str, run_workflow: RunWorkflow) -> None:
    """It is one line, whatever was raised."""
    run = run_workflow(f"- s: {{raise: {raised}}}\n")

    assert f"Result(error={headline!r}, state='FAILED', duration=0, calls=[])" == repr(run)
