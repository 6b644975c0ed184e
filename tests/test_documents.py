"""What the documents say is there, is there."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from ringback_client.cli.app import app, run
from ringback_server.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
SAMPLES = sorted((ROOT / "examples").glob("*.yaml"))

GROUPS = (
    "executions",
    "callbacks",
    "callbacks signatures",
    "logs",
    "auth",
    "auth keys",
    "iam",
    "iam service-accounts",
    "iam service-accounts keys",
    "iam roles",
)


def commands(group: typer.Typer = app) -> list[list[str]]:
    """Return every command of a group and of the groups in it, as its words."""
    here = [
        command.name or (command.callback.__name__ if command.callback else "")
        for command in group.registered_commands
    ]
    below = [
        [inner.name or "", *words]
        for inner in group.registered_groups
        if inner.typer_instance
        for words in commands(inner.typer_instance)
    ]
    return [*([name.replace("_", "-")] for name in here), *below]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_when_local(document: Path) -> None:
    """A link to another file of the project leads to one."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text())

    assert [] == [target for target in targets if not (document.parent / target).exists()]


def test_architecture_when_it_names_paths() -> None:
    """Each path that ARCHITECTURE.md names exists."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    paths = [path for path in re.findall(r"`([\w./-]+)`", text) if "/" in path]

    assert len(paths) > 20
    assert [] == [path for path in paths if not (ROOT / path).exists()]


def test_architecture_when_it_names_classes() -> None:
    """Each class and call that ARCHITECTURE.md or its picture names is in the code."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    picture = (ROOT / "docs" / "engine.svg").read_text()
    named = re.findall(r"`([A-Z][a-z]\w+)`", text) + re.findall(
        r'class="name"[^>]*>(\w+)<', picture
    )
    code = "".join(path.read_text() for path in ROOT.glob("server/**/*.py"))
    protos = "".join(path.read_text() for path in ROOT.glob("protos/**/*.proto"))
    known = {*re.findall(r"^class (\w+)", code, re.MULTILINE), *re.findall(r"rpc (\w+)", protos)}

    assert len(set(named)) > 15
    assert [] == sorted({*named} - known - {"Makefile"})


def test_architecture_when_it_names_settings() -> None:
    """Each flag that ARCHITECTURE.md names is one of the server's."""
    named = re.findall(r"`--([a-z-]+)`", (ROOT / "ARCHITECTURE.md").read_text())

    assert named
    assert [] == [name for name in named if name.replace("-", "_") not in Settings.__slots__]


def test_readme_when_it_names_targets() -> None:
    """Each make target that README.md and CONTRIBUTING.md name is in the Makefile."""
    text = "".join((ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md"))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", text, re.MULTILINE))

    assert {"demo", "run"} <= named
    assert set() == named - targets


def test_readme_when_it_names_commands() -> None:
    """Each command that README.md tells to type is one of the command line's."""
    text = (ROOT / "README.md").read_text()
    typed = re.findall(r"(?:^ {4}|\$\()ringback ([a-z-]+)(?: ([a-z-]+))?", text, re.MULTILINE)
    known = commands()

    assert len(typed) >= 6
    for first, second in typed:
        assert [first] in known or [first, second] in known


def test_help_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` lists every command, and every command has its own."""
    for group in ([], *(group.split() for group in GROUPS)):
        assert run([*group, "--help"]) == 0
        output = capsys.readouterr().out
        listed = [words[-1] for words in commands() if words[:-1] == group]
        assert listed
        assert [] == [name for name in listed if not re.search(rf"│ {name} ", output)]
    for words in commands():
        if words != ["serve"]:
            assert run([*words, "--help"]) == 0
            assert f"ringback {' '.join(words)}" in capsys.readouterr().out


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_when_in_both_languages(sample: Path) -> None:
    """A sample in JSON is the sample in YAML."""
    in_json = json.loads(sample.with_suffix(".json").read_text())

    assert yaml.safe_load(sample.read_text()) == in_json
    assert sample.stem in (ROOT / "examples" / "README.md").read_text()


def test_dependencies_when_listed() -> None:
    """docs/dependencies.md has a reason for each package that is installed with Ringback."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\[>=<]", text)[0] for text in project["dependencies"]]
    text = (ROOT / "docs" / "dependencies.md").read_text()

    assert [] == [name for name in names if not re.search(rf"^\| {name}\b", text, re.MULTILINE)]
