"""Policy files: what is read, and what is said of what is wrong, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringback_client.cli.policy_file import read_policy
from ringback_client.cli.policy_nodes import PolicyFileError
from ringback_client.names import Place

PLACE = Place(project="local")
WORKFLOW = "projects/local/locations/us-central1/workflows/w"


def problems(directory: Path, text: str) -> list[str]:
    """Return what is wrong with a policy file, without the file's name."""
    path = directory / "policy.yaml"
    path.write_text(text)
    with pytest.raises(PolicyFileError) as caught:
        read_policy(path, PLACE)
    return [line.removeprefix(f"{path}:") for line in caught.value.message.splitlines()]


def test_policy_when_names_are_short(tmp_path: Path) -> None:
    """Names are completed as everywhere, and what is not said is left as it is."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "serviceAccounts: [{id: orders}]\n"
        "bindings:\n"
        "- {resource: w, role: sender, members: [orders, a@b.iam.gserviceaccount.com]}\n"
        "- {role: roles/workflows.viewer, members: [orders], expires: 2027-01-01T01:00:00+01:00}\n"
    )
    found = read_policy(path, PLACE)
    assert found.accounts is not None
    assert found.bindings is not None
    first, second, third = found.bindings

    assert found.roles is None
    assert ("orders@local.iam.gserviceaccount.com", None) == (
        found.accounts[0].email,
        found.accounts[0].display_name,
    )
    assert (WORKFLOW, "projects/local/roles/sender") == (first.resource, first.role)
    assert "serviceAccount:a@b.iam.gserviceaccount.com" == second.member
    assert "projects/local" == third.resource
    assert datetime(2027, 1, 1, tzinfo=UTC) == third.expires


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: the file is empty"),
        ("a: [", "1: "),
        ("- a\n", "1: the document: must be a mapping with the keys project, "),
        ("project: local\nrole: []\n", "2: role: there is no such key: take project, "),
        ("roles: []\nroles: []\n", "2: roles: is given twice"),
        ("roles: {}\n", "1: roles: must be a list"),
        ("roles:\n- id: a\n", "2: roles[0]: permissions is missing"),
        ("roles:\n- {id: a, permissions: [1]}\n", "2: roles[0].permissions[0]: must be text"),
        ("roles:\n- {id: a, permissions: [], stage: X}\n", "2: roles[0].stage: must be one of"),
        ("serviceAccounts:\n- id: ''\n", "2: serviceAccounts[0].id: must not be empty"),
        ("serviceAccounts:\n- id: a@b.c\n", "2: serviceAccounts[0].id: a@b.c is not of the"),
        ("serviceAccounts:\n- {id: a, disabled: 1}\n", "2: serviceAccounts[0].disabled: must be"),
        ("serviceAccounts: [{id: a}, {id: a}]\n", "1: serviceAccounts[1]: a@local.iam"),
        (
            "serviceAccounts:\n- id: a\n  publicKeys: [no.pem]\n",
            "3: serviceAccounts[0].publicKeys[0]: no.pem cannot be read: No such file",
        ),
        (
            "serviceAccounts:\n- id: a\n  publicKeys: [policy.yaml]\n",
            "3: serviceAccounts[0].publicKeys[0]: policy.yaml holds neither a public key",
        ),
        ("bindings:\n- role: a\n", "2: bindings[0]: members is missing"),
        (
            "bindings:\n- {role: a, members: [b], expires: 2027-01-01}\n",
            "2: bindings[0].expires: must be a time with its zone",
        ),
        (
            "bindings:\n- {resource: 'a b', role: a, members: [b]}\n",
            "2: bindings[0].resource: 'a b' is not the name",
        ),
        ("bindings:\n- {role: a, members: [b, b]}\n", "2: bindings[0]: serviceAccount:b@local"),
    ],
)
def test_policy_when_something_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    """Line and key are named."""
    (found,) = problems(tmp_path, text)

    assert found.startswith(expected)


def test_policy_when_much_is_wrong(tmp_path: Path) -> None:
    """All of it is told at once, in the order in which it stands there."""
    text = "serviceAccounts:\n- name: a\nroles:\n- id: b\nbindings:\n- members: [c]\n"

    assert ["2", "2", "4", "6"] == [line.partition(":")[0] for line in problems(tmp_path, text)]
