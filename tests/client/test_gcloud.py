"""docs/from-gcloud.md and the command line's own parser say the same of gcloud's flags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from ringback.v1.executions_pb2 import Execution
from ringback.v1.workflows_pb2 import ListWorkflowsResponse
from ringback_client.cli.app import app, run
from ringback_client.cli.gcloud import IGNORED, REFUSED, REFUSED_OF, arrange
from ringback_client.errors import InvalidInputError
from tests.client.stand_in import StandIn

PAGE = (Path(__file__).parents[2] / "docs" / "from-gcloud.md").read_text()
_SECTION = re.compile(r"^##+ (?P<title>.*)\n(?P<text>(?:(?!##).*\n)*)", re.MULTILINE)
_ROW = re.compile(r"^\| `(--[a-z-]+)` \| (same|differs|ignored|not here)\b", re.MULTILINE)

Row = tuple[tuple[str, ...], str, str]


def rows() -> list[Row]:
    """Return each row of the page: the words after gcloud, none for every command; flag; status."""
    found: list[Row] = []
    for section in _SECTION.finditer(PAGE):
        words = re.fullmatch(r"`gcloud (.*)`", section["title"])
        command = tuple(words[1].split()) if words else ()
        found += [(command, flag, status) for flag, status in _ROW.findall(section["text"])]
    return found


def options_of(command: tuple[str, ...]) -> set[str]:
    """Return the flags that one of our commands has, or `ringback` itself if none is named."""
    found = typer.main.get_command(app)
    with found.make_context("ringback", [], resilient_parsing=True) as context:
        for word in command:
            found = vars(found)["commands"][word]
        return {name for param in found.get_params(context) for name in param.opts}


def test_rows_when_flags_are_taken() -> None:
    """A flag that the page calls same or different is one of the command's, or of all."""
    everywhere = options_of(())
    missing = [
        (command, flag)
        for command, flag, status in rows()
        if status in {"same", "differs"}
        and flag not in options_of(tuple(arrange(command)))
        and not (command and flag in everywhere)
        and not (not command and flag in {"--project", "--format"})
    ]

    assert len(rows()) > 60
    assert [] == missing


def test_rows_when_flags_are_refused() -> None:
    """A flag that the page says is not here is refused, with what to do instead."""
    refused = {(command, flag) for command, flag, status in rows() if status == "not here"}
    known = {((), flag) for flag in REFUSED} | {
        (command, flag) for command, flags in REFUSED_OF.items() for flag in flags
    }

    assert known == {(tuple(arrange(command)), flag) for command, flag in refused}
    for command, flag in refused:
        with pytest.raises(InvalidInputError, match=flag) as raised:
            arrange([*(command or ("list",)), flag])
        assert raised.value.next_step


def test_rows_when_flags_are_ignored() -> None:
    """A flag that the page says is ignored leaves nothing on the line."""
    ignored = {flag for _, flag, status in rows() if status == "ignored"}

    assert set(IGNORED) == ignored
    for flag, has_value in IGNORED.items():
        words = [flag, "x"] if has_value else [flag]
        assert ["run", "w"] == arrange([*words, "run", "w"])
        assert ["run", "w"] == arrange(["workflows", "run", f"{flag}=true", "w"])


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        ("beta workflows run w --data 1", "run w --data 1"),
        ("alpha logging read x", "logs read x"),
        ("--project p --format=json workflows list", "list --project p --format=json"),
        ("list --verbosity error --quiet", "--verbosity error --quiet list"),
        ("run w --impersonate-service-account a", "--impersonate-service-account a run w"),
        ("auth print-access-token --impersonate-service-account a",) * 2,
        ("run workflows", "run workflows"),
        ("run w -- --quiet", "run w -- --quiet"),
    ],
)
def test_arrange_when_words_are_gcloud_s(words: str, ours: str) -> None:
    """Words come in the order that commands take them in."""
    assert ours.split() == arrange(words.split())


@pytest.mark.usefixtures("server", "directory")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--uri"], 'Print names, with --format="value(name)".'),
        (["workflows", "deploy", "w", "--tags=a=b"], "use --labels"),
        (["--account", "a", "list"], "RINGBACK_CREDENTIALS"),
        (["list", "--user-output-enabled=false"], "/dev/null"),
        (["list", "--access-token-file"], "--access-token-file needs a value."),
        (["list", "--verbosity=loud"], "loud"),
    ],
)
def test_run_when_a_flag_is_not_taken(
    arguments: list[str], said: str, stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a usage error that says what to do, and nothing reaches the server."""
    assert 2 == run(arguments)
    assert said in capsys.readouterr().err
    assert [] == stand_in.asked


@pytest.mark.usefixtures("server")
def test_tokens_when_they_are_in_a_file(
    directory: Path, stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token of the file is what is sent; without one, that is told."""
    stand_in.answer("ListWorkflows", ListWorkflowsResponse())
    (directory / "token").write_text("abc.def\n")
    (directory / "none").write_text("\n")
    sent = run(["list", "--access-token-file=token"])
    refused = [run(["list", f"--access-token-file={name}"]) for name in ("none", "missing")]
    said = capsys.readouterr().err

    assert (0, [1, 1], {"Bearer abc.def"}) == (sent, refused, stand_in.authorizations)
    assert "none holds no access token." in said
    assert "No access token can be read from missing." in said


@pytest.mark.usefixtures("server", "directory")
def test_verbosity_when_it_is_low(stand_in: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Only data and errors are left, as with --quiet."""
    stand_in.answer("CreateExecution", Execution(name="e"))
    run(["execute", "w", "--verbosity=error"])
    quiet = capsys.readouterr()
    run(["execute", "w", "--verbosity=info"])

    assert ("e\n", "") == quiet
    assert "Using the server" in capsys.readouterr().err
