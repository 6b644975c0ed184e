"""What a release promised in protos/ is kept: `make check` refuses what would break its clients."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("check_protos.sh", "export_protos.py", "install_buf.sh", "release_protos.sh")
ARGUMENT = "string argument = 5;"

pytestmark = pytest.mark.skipif(
    not (ROOT / ".node/node_modules/.bin/buf").exists(),
    reason="needs npm, and buf: scripts/install_buf.sh",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of what the checks read."""
    shutil.copytree(ROOT / "protos/ringback", tmp_path / "protos/ringback")
    shutil.copy(ROOT / "protos/released.binpb", tmp_path / "protos")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    (tmp_path / "scripts").mkdir()
    for script in SCRIPTS:
        shutil.copy(ROOT / "scripts" / script, tmp_path / "scripts")
    (tmp_path / ".node").symlink_to(ROOT / ".node")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(project: Path, script: str) -> tuple[int, str]:
    """Return the exit status of a script, and what it printed."""
    finished = subprocess.run(
        [project / "scripts" / script], check=False, capture_output=True, text=True
    )
    return finished.returncode, finished.stdout + finished.stderr


def change(project: Path, old: str, new: str) -> None:
    """Replace a line of the executions' protos."""
    path = project / "protos/ringback/v1/executions.proto"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_protos_as_they_are(project: Path) -> None:
    """The protos are in good style and keep what the last release promised."""
    assert (0, "") == run(project, "check_protos.sh")


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        ("reserved 5;", 'Previously present field "5" with name "argument"'),
        ("string argument = 55;", 'Previously present field "5" with name "argument"'),
        ("bytes argument = 5;", 'changed type from "string" to "bytes"'),
        ("string arguments = 5;", 'changed name from "argument" to "arguments"'),
    ],
)
def test_field_when_clients_would_break(project: Path, new: str, complaint: str) -> None:
    """A field of the last release can be neither removed, renumbered, retyped nor renamed."""
    change(project, ARGUMENT, new)

    status, said = run(project, "check_protos.sh")

    assert status != 0
    assert complaint in said
    assert "protos/ringback/v1/executions.proto" in said


def test_method_when_removed(project: Path) -> None:
    """A method of the last release stays."""
    wait = "  rpc WaitExecution(WaitExecutionRequest) returns (Execution);\n"
    change(project, wait, "")

    status, said = run(project, "check_protos.sh")

    assert status != 0
    assert 'Previously present RPC "WaitExecution"' in said


def test_field_when_added_and_released(project: Path) -> None:
    """What is new breaks nobody, and is promised from the next release on."""
    change(project, ARGUMENT, f"{ARGUMENT}\n  string remark = 999;")
    assert (0, "") == run(project, "check_protos.sh")
    assert (0, "") == run(project, "release_protos.sh")

    change(project, "\n  string remark = 999;", "")

    status, said = run(project, "check_protos.sh")
    assert status != 0
    assert 'Previously present field "999" with name "remark"' in said


def test_name_when_in_bad_style(project: Path) -> None:
    """Names are checked too, but for those that Google chose."""
    change(project, ARGUMENT, f"{ARGUMENT}\n  string aRemark = 999;")

    status, said = run(project, "check_protos.sh")

    assert status != 0
    assert 'Field name "aRemark" should be lower_snake_case' in said
