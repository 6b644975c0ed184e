"""The file of external issuers, `--issuers`: read as a whole, or refused with line and key."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ringback_server.auth.access import under
from ringback_server.auth.claim_rules import ClaimPath, Condition, Rule
from ringback_server.auth.claims import printable
from ringback_server.auth.condition_fields import conditions
from ringback_server.auth.external_issuers import (
    ALGORITHMS,
    DEFAULT_MAX_LIFETIME,
    ExternalIssuer,
    issuer_url,
    keys_url,
)
from ringback_server.auth.login_fields import CHOSEN, PROOF, person_login
from ringback_server.auth.permissions import ROLES
from ringback_server.auth.shared_issuers import names_somebody, telling_claims
from ringback_server.auth.yaml_fields import FieldError, Value
from ringback_server.model.principals import Grant

#: the longest `max_lifetime`: 31 days
LONGEST_LIFETIME: Final = 31 * 86_400

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
#: what token ids of other kinds begin with
_RESERVED: Final = frozenset({"sha256"})
_CUSTOM_ROLE = re.compile(r"projects/[a-z0-9-]+/roles/[A-Za-z0-9_.]+")
_ID = r"[A-Za-z0-9._~:@-]+"
_RESOURCE = re.compile(
    rf"\*|projects/{_ID}"
    rf"(/serviceAccounts/{_ID}"
    rf"|/locations/{_ID}(/workflows/{_ID}(/executions/{_ID}(/callbacks/{_ID})?)?)?)?"
)
_KEYS: Final = (
    "name", "issuer", "audiences", "algorithms", "jwks_uri", "subject", "ca_file",
    "required_claims", "rules", "max_lifetime", "login",
)  # fmt: skip


def read_issuers(path: Path, *, own: Iterable[str] = ()) -> tuple[ExternalIssuer, ...]:
    """Read a file of issuers; `own` is what this server's own tokens have as `iss`.

    Raises ValueError with one line that begins with the file's name.
    """
    try:
        root = Value.parse(path.read_text(encoding="utf-8"))
        return _issuers(root, path.parent, own)
    except FieldError as error:
        raise ValueError(f"{path}: {error}") from None
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeError:
        raise ValueError(f"{path}: expected text in UTF-8") from None


def _issuers(root: Value, folder: Path, own: Iterable[str]) -> tuple[ExternalIssuer, ...]:
    fields = root.fields(("issuers",))
    if "issuers" not in fields:
        raise root.wrong("expected the key issuers, with a list")
    taken = {_bare(url): "this server itself" for url in own}
    names = set[str]()
    issuers: list[ExternalIssuer] = []
    for entry in fields["issuers"].items():
        issuer = _issuer(entry, folder)
        if issuer.name in names:
            raise entry.wrong(f"there is another issuer called {issuer.name}")
        if other := taken.get(_bare(issuer.url)):
            raise entry.wrong(f"{issuer.url} is {other}: tokens could not be told apart")
        names.add(issuer.name)
        taken[_bare(issuer.url)] = f"the issuer {issuer.name} too"
        issuers.append(issuer)
    return tuple(issuers)


def _bare(url: str) -> str:
    """Return what two URLs have in common that people take for the same."""
    return url.rstrip("/").lower()


def _issuer(entry: Value, folder: Path) -> ExternalIssuer:
    fields = entry.fields(_KEYS)
    for key in ("name", "issuer", "audiences"):
        if key not in fields:
            raise entry.wrong(f"{key} is missing")
    required = conditions(fields["required_claims"]) if "required_claims" in fields else ()
    subject = (
        fields["subject"].read(ClaimPath.parse) if "subject" in fields else ClaimPath(("sub",))
    )
    _check_subject(fields.get("subject"), subject, required)
    url = fields["issuer"].read(issuer_url)
    keys, login = fields.get("jwks_uri"), fields.get("login")
    audiences = frozenset(item.read(_audience) for item in fields["audiences"].items())
    return ExternalIssuer(
        name=fields["name"].read(_name),
        url=url,
        audiences=audiences,
        algorithms=_algorithms(fields.get("algorithms")),
        jwks_uri=keys.read(keys_url) if keys else None,
        subject=subject,
        authorities=_authorities(fields.get("ca_file"), folder),
        required=required,
        rules=_rules(fields.get("rules"), url, required),
        max_lifetime=(
            fields["max_lifetime"].read(_lifetime)
            if "max_lifetime" in fields
            else DEFAULT_MAX_LIFETIME
        ),
        login=person_login(login, folder, url, audiences) if login else None,
    )


def _algorithms(value: Value | None) -> frozenset[str]:
    return frozenset(ALGORITHMS if value is None else (i.read(_algorithm) for i in value.items()))


def _check_subject(value: Value | None, path: ClaimPath, required: tuple[Condition, ...]) -> None:
    """Refuse to name callers by what they choose themselves."""
    if value is None or path.names[-1] not in CHOSEN:
        return
    if path.names != ("email",) or PROOF not in required:
        raise value.wrong(
            f"{path} can be anything that a user enters: use sub, or email with "
            "email_verified: true among required_claims"
        )


def _rules(value: Value | None, url: str, required: tuple[Condition, ...]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for entry in value.items() if value else ():
        rule = _rule(entry)
        if not names_somebody(url, (*required, *rule.conditions)):
            raise entry.wrong(
                f"everybody can get tokens of {url}: match whose they are, to the letter, by one "
                f"of {telling_claims(url)}"
            )
        rules.append(rule)
    return tuple(rules)


def _rule(entry: Value) -> Rule:
    fields = entry.fields(("match", "role", "resource"))
    for key in ("match", "role", "resource"):
        if key not in fields:
            raise entry.wrong(f"{key} is missing")
    grant = Grant(role=fields["role"].read(_role), resource=fields["resource"].read(_resource))
    project, custom, _ = grant.role.partition("/roles/")
    if custom and not under(grant.resource, project):
        # Whoever changes roles there would say what may be done elsewhere.
        raise fields["resource"].wrong(
            f"{grant.role} can be given on {project} and what is below it alone"
        )
    return Rule(conditions(fields["match"]), grant)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or text in _RESERVED:
        raise ValueError(
            f"expected up to 32 of a-z, 0-9 and -, a letter first, and not sha256, got {text!r}"
        )
    return text


def _audience(text: str) -> str:
    if not printable(text):
        raise ValueError(f"expected printable ASCII text, got {text!r}")
    return text


def _algorithm(text: str) -> str:
    if text not in ALGORITHMS:
        raise ValueError(f"expected one of {', '.join(ALGORITHMS)}, got {text!r}")
    return text


def _role(text: str) -> str:
    if text not in ROLES and not _CUSTOM_ROLE.fullmatch(text):
        raise ValueError(
            f"expected projects/PROJECT/roles/ROLE, or one of {', '.join(sorted(ROLES))}, "
            f"got {text!r}"
        )
    return text


def _resource(text: str) -> str:
    if not _RESOURCE.fullmatch(text):
        raise ValueError(
            "expected a resource name such as projects/PROJECT/locations/LOCATION/workflows/"
            f"WORKFLOW, each part of it written out, got {text!r}"
        )
    return text


def _lifetime(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_LIFETIME:
        raise ValueError(f"expected seconds from 1 to {LONGEST_LIFETIME}, got {text!r}")
    return int(text)


def _authorities(value: Value | None, folder: Path) -> bytes | None:
    """Return the certificates of a file, which may be named relative to the file of issuers."""
    if value is None:
        return None
    path = folder / value.text()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise value.wrong(f"cannot read {path}: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=content.decode("ascii")
        )
    except (ValueError, ssl.SSLError):
        raise value.wrong(f"{path} does not hold certificates in PEM") from None
    return content[content.index(b"-----BEGIN") :]
