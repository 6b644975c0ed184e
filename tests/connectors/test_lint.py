"""What `ringback lint` says of connectors, when it knows Google's services."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.connectors.catalog import Linted
from ringback_server.lang.limits import Limits
from ringback_server.lang.linter import lint
from ringback_server.lint.command import run

EXAMPLES = Path(__file__).parents[2] / "examples" / "connectors"
SOURCE = """
- one: {call: googleapis.pubsub.v1.projects.topics.publsh, args: {topic: t}}
- two: {call: googleapis.pubsub.v1.projects.topics.publish, args: {topics: t}}
- three: {call: gke.request}
- four:
    call: googleapis.storage.v1.objects.get
    args: {bucket: s, name: p}
"""


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(EXAMPLES.glob("*.yaml")) if not path.name.endswith(".test.yaml")],
    ids=lambda path: path.stem,
)
def test_example_when_linted(path: Path) -> None:
    """The examples call what there is, with arguments that it takes."""
    assert () == lint(path.read_text("utf-8"), Limits(), Linted())


def test_command_when_connectors_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is a warning, with what is near."""
    path = tmp_path / "d.yaml"
    path.write_text(SOURCE)
    status = run([str(path)])
    found = {line.partition("in step ")[2] for line in capsys.readouterr().out.splitlines()}
    need, none = "the connector needs an argument", "the connector has no argument"

    assert 0 == status
    assert found >= {
        f"two: {need} 'topic' [connector-argument]",
        f"two: {none} 'topics'; did you mean 'topic'? [connector-argument]",
        f"four: {need} 'object' [connector-argument]",
    }
    assert ["one", "three"] == sorted(
        one.partition(":")[0] for one in found if "[unknown-connector]" in one
    )


def test_connector_when_a_model_of_vertex_ai_is_called() -> None:
    """Google's sample passes; two regions and a name like no other of the action are told."""
    model = "projects/p/locations/us-central1/publishers/google/models/gemini"
    call = "googleapis.aiplatform.v1.projects.locations.endpoints.generateContent"
    found = [
        [
            finding.message
            for finding in lint(f"- a: {{call: {call}, args: {{{args}}}}}", Limits(), Linted())
        ]
        for args in (
            f"model: {model}, region: us-central1, body: {{}}",
            f"model: {model}, region: us-central1, location: eu",
            f"model: {model}, region: mars",
            "model: gemini, region: us-central1",
        )
    ]

    assert [
        [],
        ["location and region must not name two regions"],
        ["region must be the name of a region"],
        ["model is 'gemini', but such names are like projects/*/locations/*/endpoints/*"],
    ] == found


@pytest.mark.parametrize(("text", "said"), [(SOURCE, 1), ("- a: {call: gke.request}\n", 0)])
def test_command_when_the_documents_are_not_installed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    said: int,
) -> None:
    """That connectors were not checked is said once, beside the report, if there are any."""
    monkeypatch.setattr("ringback_server.connectors.documents._PACKAGE", "no_such_package")
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text(text)
    run([str(path) for path in paths])
    found = capsys.readouterr()

    install = "pip install 'ringback[connectors]', or '.[connectors]' in a clone"
    assert [f"ringback lint: connectors were not checked: {install}"] * said == (
        found.err.splitlines()
    )
    assert "gke.request is not supported" in found.out
    assert "pubsub" not in found.out
