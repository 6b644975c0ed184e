"""The key `login` in the file of external issuers, and how mistakes in it are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringback_server.auth.issuer_file import read_issuers
from ringback_server.auth.person_logins import PersonLogin

_ENTRY = """\
issuers:
- name: staff
  issuer: {issuer}
  audiences: [https://ringback.test]
  login:
    client_id: ringback
    client_secret_file: secret
    scopes: [openid, groups]
    accounts:
    - match: {{groups: [ops, dev]}}
      account: editor@local.iam.gserviceaccount.com
    - match: {{email: ada@example.org, email_verified: true}}
      account: viewer@local.iam.gserviceaccount.com
"""
_GOOD = _ENTRY.format(issuer="https://login.example.org")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a secret."""
    _secret(tmp_path, "s3cret\n")
    return tmp_path


def _secret(folder: Path, text: str, mode: int = 0o600) -> None:
    file = folder / "secret"
    file.write_text(text)
    file.chmod(mode)


def _read(folder: Path, text: str = _GOOD) -> PersonLogin | None:
    path = folder / "issuers.yaml"
    path.write_text(text)
    (issuer,) = read_issuers(path)
    return issuer.login


def test_login_when_each_key_is_given(folder: Path) -> None:
    """It is what the file says; the secret is in a file beside it, and is not shown."""
    login = _read(folder)

    assert login is not None
    assert ("ringback", "s3cret") == (login.client_id, login.client_secret)
    assert ("openid", "groups") == login.scopes
    assert ["editor", "viewer"] == [rule.account.partition("@")[0] for rule in login.rules]
    assert "s3cret" not in repr(login)


def test_login_when_only_what_is_needed_is_given(folder: Path) -> None:
    """A client without a secret asks for openid and email; an entry may have no login."""
    short = _GOOD.replace("    client_secret_file: secret\n", "")
    login = _read(folder, short.replace("    scopes: [openid, groups]\n", ""))

    assert login is not None
    assert (None, ("openid", "email")) == (login.client_secret, login.scopes)
    assert _read(folder, _GOOD.partition("  login:")[0]) is None


MISTAKES = {
    "client_id: ringback": {
        "client: ringback": "line 6: issuers[0].login.client: there is no such key",
        "client_id: https://ringback.test": "line 6: issuers[0].login.client_id: this is one of",
        "client_id: ''": "line 6: issuers[0].login.client_id: expected text",
    },
    "secret\n": {"nothing\n": "client_secret_file: secret: "},
    "[openid, groups]": {
        "[groups]": "line 8: issuers[0].login.scopes: openid is missing",
        "[openid, 'a b']": "scopes[1]: expected one scope without spaces",
    },
    "{groups: [ops, dev]}": {
        "{}": "accounts[0].match: expected at least one claim",
        "{groups: '*'}": "would accept anything",
        "{preferred_username: ada}": "preferred_username can be anything that a user enters",
        "{email: ada@example.org}": "email with email_verified: true",
        "{email: ada@example.org, email_verified: 'true'}": "email can be anything",
    },
    "      account: editor@local.iam.gserviceaccount.com\n": {
        "": "line 10: issuers[0].login.accounts[0]: account is missing",
        "      account: ada@example.org\n": "expected a service account, NAME@PROJECT",
        "      role: roles/owner\n": "accounts[0].role: there is no such key",
    },
}


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [(line, *one) for line, changes in MISTAKES.items() for one in changes.items()],
)
def test_login_is_refused_when_the_entry_has_a_mistake(
    folder: Path, line: str, instead: str, complaint: str
) -> None:
    """The message has the line, the key and what to do."""
    assert line in _GOOD
    with pytest.raises(ValueError, match="issuers") as caught:
        _read(folder, _GOOD.replace(line, instead, 1))

    assert complaint in str(caught.value)


def test_login_is_refused_when_it_lacks_a_key(folder: Path) -> None:
    """Without rules nobody could log in."""
    with pytest.raises(ValueError, match="login: accounts is missing"):
        _read(folder, _GOOD.partition("    accounts:")[0])


def test_login_is_refused_when_everybody_has_an_account_there(folder: Path) -> None:
    """Of an issuer that is everybody's, a rule names a person."""
    with pytest.raises(ValueError, match=r"accounts\[0\]: everybody can log in at"):
        _read(folder, _ENTRY.format(issuer="https://accounts.google.com"))


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [("s", 0o644, "chmod 600"), (" \n", 0o600, "the file is empty"), ("", 0o600, "is empty")],
)
def test_login_is_refused_when_its_secret_will_not_do(
    folder: Path, text: str, mode: int, complaint: str
) -> None:
    """A secret that others can read is none."""
    _secret(folder, text, mode)

    with pytest.raises(ValueError, match=complaint):
        _read(folder)
