"""The key `login` in the file of external issuers: who logs in through an issuer, and as whom."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Final

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern
from ringback_server.auth.claims import printable
from ringback_server.auth.condition_fields import conditions
from ringback_server.auth.person_logins import DEFAULT_SCOPES, PersonLogin, PersonRule
from ringback_server.auth.shared_issuers import names_somebody, telling_claims
from ringback_server.auth.yaml_fields import Value
from ringback_server.errors import StartError
from ringback_server.model.account_emails import account_project
from ringback_server.private_files import read_private

_KEYS: Final = ("client_id", "client_secret_file", "scopes", "accounts")
#: what people may be able to enter themselves
CHOSEN: Final = frozenset({"email", "preferred_username", "name", "nickname"})
#: shows that the address is theirs
PROOF: Final = Condition(ClaimPath(("email_verified",)), (Pattern.of(wanted=True),))


def person_login(value: Value, folder: Path, url: str, audiences: Container[str]) -> PersonLogin:
    """Read the key; `url` and `audiences` are the issuer's. Raises FieldError."""
    fields = value.fields(_KEYS)
    for key in ("client_id", "accounts"):
        if key not in fields:
            raise value.wrong(f"{key} is missing")
    client_id = fields["client_id"].read(_printable)
    if client_id in audiences:
        raise fields["client_id"].wrong(
            "this is one of the entry's audiences: ID tokens of people would open what is for "
            "access tokens; take another audience"
        )
    secret = fields.get("client_secret_file")
    scopes = fields.get("scopes")
    return PersonLogin(
        client_id=client_id,
        client_secret=_secret(secret, folder) if secret else None,
        scopes=_scopes(scopes) if scopes else DEFAULT_SCOPES,
        rules=tuple(_rule(entry, url) for entry in fields["accounts"].items()),
    )


def _rule(entry: Value, url: str) -> PersonRule:
    fields = entry.fields(("match", "account"))
    for key in ("match", "account"):
        if key not in fields:
            raise entry.wrong(f"{key} is missing")
    match = conditions(fields["match"])
    for condition in match:
        names = condition.path.names
        if names[-1] in CHOSEN and (names != ("email",) or PROOF not in match):
            raise fields["match"].wrong(
                f"{condition.path} can be anything that a user enters: match sub or a group, or "
                "email with email_verified: true"
            )
    if not names_somebody(url, match):
        raise entry.wrong(
            f"everybody can log in at {url}: match who it is, to the letter, by one of "
            f"{telling_claims(url)}"
        )
    return PersonRule(conditions=match, account=fields["account"].read(_account))


def _scopes(value: Value) -> tuple[str, ...]:
    scopes = tuple(item.read(_scope) for item in value.items())
    if "openid" not in scopes:
        raise value.wrong("openid is missing: without it there is no ID token")
    return scopes


def _secret(value: Value, folder: Path) -> str:
    """Return the secret in a file, which may be named relative to the file of issuers."""
    try:
        text = read_private(folder / value.text(), "secret").decode().strip()
    except StartError as error:
        raise value.wrong(str(error)) from None
    except UnicodeError:
        raise value.wrong("the file does not hold a secret in UTF-8") from None
    if not text:
        raise value.wrong("the file is empty")
    return text


def _account(text: str) -> str:
    if account_project(text) is None or not printable(text) or " " in text:
        raise ValueError(
            f"expected a service account, NAME@PROJECT.iam.gserviceaccount.com, got {text!r}"
        )
    return text


def _scope(text: str) -> str:
    if not printable(text) or " " in text:
        raise ValueError(f"expected one scope without spaces, got {text!r}")
    return text


def _printable(text: str) -> str:
    if not printable(text):
        raise ValueError(f"expected printable ASCII text, got {text!r}")
    return text
