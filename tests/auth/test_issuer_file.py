"""The file of external issuers: what it may say, and how mistakes in it are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.issuer_file import LONGEST_LIFETIME, read_issuers
from ringback_server.model.principals import Grant
from tests.certificates import self_signed

DOCUMENT = Path(__file__).parents[2] / "docs" / "external-issuers.md"
OWN = "https://flows.example.org"

_GOOD = """\
issuers:
- name: one
  issuer: https://login.example.org/
  audiences: [ringback, https://ringback.test]
  algorithms: [ES256]
  jwks_uri: https://login.example.org/keys?p=1
  subject: realm/user
  max_lifetime: 600
  required_claims: {typ: Bearer, level: [2, 3], on: yes}
  rules:
  - match: {repository: octo/*, "kubernetes.io/pod/name": [a, b]}
    role: roles/workflows.invoker
    resource: projects/local/locations/here/workflows/orders
  - match: {"https://example.org/admin": true}
    role: projects/local/roles/mine
    resource: projects/local
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a test writes the file."""
    return tmp_path / "issuers.yaml"


def _read(path: Path, text: str) -> tuple[ExternalIssuer, ...]:
    path.write_text(text)
    return read_issuers(path, own=(OWN, "urn:ringback:one"))


def test_issuers_when_each_key_is_given(path: Path) -> None:
    """An entry is what the file says, its issuer to the letter."""
    (issuer,) = _read(path, _GOOD)

    assert "one" == issuer.name
    assert "https://login.example.org/" == issuer.url
    assert "https://login.example.org/.well-known/openid-configuration" == issuer.discovery_url
    assert frozenset({"ringback", "https://ringback.test"}) == issuer.audiences
    assert frozenset({"ES256"}) == issuer.algorithms
    assert "https://login.example.org/keys?p=1" == issuer.jwks_uri
    assert ("realm", "user") == issuer.subject.names
    assert 600 == issuer.max_lifetime
    assert [("typ",), ("level",), ("on",)] == [it.path.names for it in issuer.required]
    wanted = [[pattern.wanted for pattern in it.patterns] for it in issuer.required]
    assert [["Bearer"], [2, 3], ["yes"]] == wanted
    assert [
        Grant(
            role="roles/workflows.invoker",
            resource="projects/local/locations/here/workflows/orders",
        ),
        Grant(role="projects/local/roles/mine", resource="projects/local"),
    ] == [rule.grant for rule in issuer.rules]
    names = [[it.path.names for it in rule.conditions] for rule in issuer.rules]
    assert [
        [("repository",), ("kubernetes.io", "pod", "name")],
        [("https://example.org/admin",)],
    ] == names


def test_issuers_when_only_what_is_needed_is_given(path: Path) -> None:
    """The rest has safe defaults: no rules, a day at most, all good algorithms."""
    (issuer,) = _read(path, "issuers: [{name: a, issuer: 'http://localhost:1', audiences: [x]}]")

    assert frozenset({"RS256", "ES256", "EdDSA"}) == issuer.algorithms
    assert ("sub",) == issuer.subject.names
    assert 86_400 == issuer.max_lifetime
    assert ((), ()) == (issuer.rules, issuer.required)


def _with(line: str, instead: str) -> str:
    assert line in _GOOD
    return _GOOD.replace(line, instead)


MISTAKES = {
    "empty": ("", "the file is empty"),
    "no yaml": ("issuers: [a", "invalid YAML: "),
    "a tab": ("issuers:\n\t- x", "line 2: invalid YAML: "),
    "deep": ("[" * 5_000, "invalid YAML"),
    "a list": ("[]", "line 1: expected a map"),
    "no list": ("issuers: {}", "line 1: issuers: expected a list"),
    "no issuers": ("issuers: []", "line 1: issuers: expected a list with at least one item"),
    "nothing": ("{}", "line 1: expected the key issuers"),
    "unknown key": (
        _with("  audiences", "  audience"),
        "line 4: issuers[0].audience: there is no such key; did you mean audiences?",
    ),
    "twice": (_with("  subject: realm/user", "  name: two"), "line 7: issuers[0].name: this key"),
    "no audiences": (
        _with("  audiences: [ringback, https://ringback.test]\n", ""),
        "line 2: issuers[0]: audiences is missing",
    ),
    "empty audiences": (
        _with("[ringback, https://ringback.test]", "[]"),
        "line 4: issuers[0].audiences: expected a list with at least one item",
    ),
    "an empty audience": (_with("[ringback,", "['',"), "audiences[0]: expected text"),
    "a name": (_with("name: one", "name: One"), "line 2: issuers[0].name: expected up to 32"),
    "a reserved name": (_with("name: one", "name: sha256"), "line 2: issuers[0].name: expected"),
    "http": (_with("https://login.example.org/\n", "http://login.example.org\n"), "expected https"),
    "a query": (_with("example.org/\n", "example.org/?a\n"), "without a query"),
    "a fragment": (_with("example.org/\n", "example.org/#a\n"), "without user and fragment"),
    "a user": (_with("login.example.org/\n", "u:p@login.example.org\n"), "without user"),
    "no host": (_with("https://login.example.org/\n", "https:///x\n"), "expected a URL"),
    "a port": (_with("login.example.org/\n", "login.example.org:99999\n"), "expected a URL"),
    "a file": (_with("https://login.example.org/keys?p=1", "file:///x"), "jwks_uri: expected"),
    "ourselves": (_with("https://login.example.org/\n", f"{OWN}\n"), "this server itself"),
    "ourselves again": (_with("https://login.example.org/\n", f"{OWN}/\n"), "this server itself"),
    "ourselves by urn": (_with("https://login.example.org/\n", "urn:ringback:one\n"), "expected"),
    "none": (_with("[ES256]", "[none]"), "algorithms[0]: expected one of RS256, ES256, EdDSA"),
    "hmac": (_with("[ES256]", "[ES256, HS256]"), "algorithms[1]: expected one of"),
    "a lifetime": (
        _with("max_lifetime: 600", f"max_lifetime: {LONGEST_LIFETIME + 1}"),
        "line 8: issuers[0].max_lifetime: expected seconds",
    ),
    "a name by users": (_with("subject: realm/user", "subject: preferred_username"), "use sub"),
    "an unproven address": (_with("subject: realm/user", "subject: email"), "email_verified: true"),
    "an empty path": (
        _with("subject: realm/user", "subject: a..b"),
        "expected the name of a claim",
    ),
    "an empty match": (
        _with('{"https://example.org/admin": true}', "{}"),
        "line 14: issuers[0].rules[1].match: expected at least one claim",
    ),
    "stars": (
        _with("octo/*", '"**"'),
        "line 11: issuers[0].rules[0].match.repository: '**' would accept anything",
    ),
    "nothing wanted": (_with("octo/*", ""), "match.repository: expected text"),
    "a map wanted": (_with("octo/*", "{a: b}"), "match.repository: expected text"),
    "an unknown role": (
        _with("roles/workflows.invoker", "roles/workflows.invokr"),
        "line 12: issuers[0].rules[0].role: expected projects/PROJECT/roles/ROLE, or one of",
    ),
    "a placeholder": (
        _with("projects/local/locations/here/workflows/orders", '"projects/{project}"'),
        "line 13: issuers[0].rules[0].resource: expected a resource name",
    ),
    "a slash": (_with("/workflows/orders", "/workflows/"), "resource: expected a resource name"),
    "no role": (_with("    role: projects/local/roles/mine\n", ""), "rules[1]: role is missing"),
    "a role everywhere": (
        _with("    resource: projects/local\n", '    resource: "*"\n'),
        "line 16: issuers[0].rules[1].resource: projects/local/roles/mine can be given on",
    ),
    "a role of another project": (
        _with("    resource: projects/local\n", "    resource: projects/local-2\n"),
        "rules[1].resource: projects/local/roles/mine can be given on projects/local and",
    ),
    "a lost file": (_with("subject: realm/user", "ca_file: lost.pem"), "ca_file: cannot read"),
    "no certificate": (_with("subject: realm/user", "ca_file: issuers.yaml"), "ca_file: "),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_issuers_are_refused_when_the_file_has_a_mistake(path: Path, mistake: str) -> None:
    """One line names the file, and line and key of what is wrong."""
    text, said = MISTAKES[mistake]
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        _read(path, text)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


_GITHUB = "https://token.actions.githubusercontent.com"
_GOOGLE = "https://accounts.google.com"


def _rule_for(issuer: str, match: str) -> str:
    rule = f"{{match: {{{match}}}, role: roles/workflows.viewer, resource: projects/local}}"
    return f"issuers: [{{name: a, issuer: '{issuer}', audiences: [x], rules: [{rule}]}}]"


@pytest.mark.parametrize(
    ("issuer", "match"),
    [
        (_GITHUB, "repository_owner: octo"),
        (_GITHUB, "repository_owner_id: '65', ref: refs/heads/main, environment: production"),
        (_GITHUB, "ref: refs/heads/main"),
        (_GITHUB, "repository: octo/*"),
        (_GITHUB, "repository: [octo/orders, octo/*]"),
        (_GITHUB, "repository: '*/orders'"),
        (_GITHUB, "sub: repo:octo/**"),
        (_GITHUB, "sub: 'repo:octo/*:ref:refs/heads/main'"),
        (_GITHUB, "job_workflow_ref: octo/shared/.github/workflows/deploy.yml@refs/heads/main"),
        ("https://gitlab.com", "namespace_path: octo"),
        ("https://gitlab.com", "sub: project_path:octo/**"),
        (_GOOGLE, "email_verified: true"),
        (_GOOGLE, "hd: example.org"),
        (_GOOGLE, "email: '*@example.org'"),
    ],
)
def test_rule_is_refused_when_everybody_could_meet_it(path: Path, issuer: str, match: str) -> None:
    """A rule for an issuer that serves everybody must say whose tokens it means."""
    with pytest.raises(ValueError, match=r"rules\[0\]: everybody can get tokens of"):
        _read(path, _rule_for(issuer, match))


@pytest.mark.parametrize(
    ("issuer", "match"),
    [
        (_GITHUB, "repository: octo/orders"),
        (_GITHUB, "repository: [octo/orders, octo/bills], repository_owner: octo"),
        (_GITHUB, "repository_id: '1296269'"),
        (_GITHUB, "sub: 'repo:octo/orders:environment:production'"),
        (_GITHUB, "sub: 'repo:octo/orders:ref:refs/tags/v*'"),
        ("https://gitlab.com", "sub: 'project_path:octo/orders:ref_type:branch:ref:main'"),
        (_GOOGLE, "sub: '117'"),
        ("https://login.example.org", "repository_owner: octo"),
    ],
)
def test_rule_is_taken_when_it_says_whose_tokens_it_means(
    path: Path, issuer: str, match: str
) -> None:
    """A repository, an account or a subject that is written out will do."""
    assert 1 == len(_read(path, _rule_for(issuer, match))[0].rules)


def test_issuers_are_refused_when_two_cannot_be_told_apart(path: Path) -> None:
    """Two entries have two names and two issuers, and not only by a slash."""
    entry = "{{name: {}, issuer: {}, audiences: [x]}}"
    one = entry.format("a", "https://a.test")
    for other, said in (
        (entry.format("a", "https://b.test"), "another issuer called a"),
        (entry.format("b", "https://a.test"), "is the issuer a too"),
        (entry.format("b", "https://a.test/"), "is the issuer a too"),
    ):
        with pytest.raises(ValueError, match=said):
            _read(path, f"issuers: [{one}, {other}]")


def test_issuers_are_refused_when_there_is_no_file(path: Path) -> None:
    """The message says which file."""
    with pytest.raises(ValueError, match=f"cannot read {path}"):
        read_issuers(path)


def test_issuers_are_refused_when_the_file_is_no_text(path: Path) -> None:
    """Bytes that are no UTF-8 are no YAML."""
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="UTF-8"):
        read_issuers(path)


def test_address_names_callers_when_it_is_verified(path: Path) -> None:
    """With the proof required of all tokens, an address may be the subject."""
    text = _with("subject: realm/user", "subject: email")
    text = text.replace("{typ: Bearer,", "{email_verified: true, typ: Bearer,")

    assert ("email",) == _read(path, text)[0].subject.names


def test_authorities_are_read_when_named_beside_the_file(path: Path) -> None:
    """A file of certificates is named relative to the file of issuers."""
    certificate, _ = self_signed(path.parent)
    text = _with("subject: realm/user", f"ca_file: {certificate.name}")

    assert certificate.read_bytes() == _read(path, text)[0].authorities


def test_examples_of_the_page_are_good_entries(path: Path) -> None:
    """Each example can be used as it is, and gives a role on one workflow only."""
    certificate, _ = self_signed(path.parent)
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    issuers = [
        issuer
        for block in blocks
        for issuer in _read(path, re.sub(r"ca_file: .*", f"ca_file: {certificate}", block))
    ]

    assert ["ci", "keycloak", "auth0", "github", "cluster", "google", "staff"] == [
        issuer.name for issuer in issuers
    ]
    resources = {rule.grant.resource for issuer in issuers for rule in issuer.rules}
    assert {"projects/local/locations/us-central1/workflows/orders"} == resources
