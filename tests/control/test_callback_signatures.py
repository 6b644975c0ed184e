"""The verbs on callback signatures: who may change them, and that secrets stay inside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from ringback_server.auth.webhooks.secrets import fingerprint_of
from ringback_server.auth.webhooks.senders import opened
from ringback_server.control import callback_signatures, workflows
from ringback_server.control.callback_signatures import GivenSecret, SignatureSpec
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
)
from ringback_server.model.names import CallbackSignatureName, WorkflowName
from ringback_server.model.resources import Binding
from ringback_server.model.signatures import CallbackSignature, HmacRules, Scheme
from ringback_server.store.callback_signatures import MAX_SIGNATURES
from tests.auth.webhooks.making import message
from tests.replacing import replace
from tests.services import INVOKER, NOBODY, PARENT, SEALER, VIEWER, WAITS, Service
from tests.signing import OTHERS, SECRETS, SIGN

WORKFLOW = WorkflowName("local", "us-central1", "w")
ELSEWHERE = WorkflowName("another", "us-central1", "w")
OLD, NEW = SECRETS["GITHUB"], OTHERS["GITHUB"]
BODY = b'{"id": "evt_1"}'

Verb = Callable[[Caller, WorkflowName], object]


def _spec(
    *secrets: str, scheme: Scheme = Scheme.GITHUB, rules: HmacRules | None = None
) -> SignatureSpec:
    given = [GivenSecret(value=secret) for secret in secrets]
    return SignatureSpec(scheme=scheme, secrets=given, rules=rules)


def _create(
    service: Service, id_: str = "it", spec: SignatureSpec | None = None
) -> CallbackSignature:
    return callback_signatures.create(service.caller(), WORKFLOW, id_, spec or _spec(OLD))


def _name(id_: str = "it", workflow: WorkflowName = WORKFLOW) -> CallbackSignatureName:
    return CallbackSignatureName(workflow.project, workflow.location, workflow.workflow, id_)


def _ids(service: Service) -> list[str]:
    page = callback_signatures.list_(service.caller(), WORKFLOW, PageRequest())
    return [one.name.signature for one in page.items]


def _counts(service: Service, secret: str, scheme: str = "GITHUB") -> bool:
    """Tell whether a message signed with a secret counts for the workflow right now."""
    headers = SIGN[scheme](secret, BODY, service.backend.clock.now())
    found = service.backend.senders.identify(WORKFLOW, message(headers, BODY))
    return found is not None


def _deploy(service: Service, id_: str = "w") -> None:
    workflows.create(service.caller(), PARENT, id_, WorkflowSpec(source=WAITS))


#: each verb, at the signature `it` or for a new one
VERBS: Sequence[Verb] = (
    lambda caller, parent: callback_signatures.create(caller, parent, "new", _spec(OLD)),
    lambda caller, parent: callback_signatures.get(caller, _name(workflow=parent)),
    lambda caller, parent: callback_signatures.list_(caller, parent, PageRequest()),
    lambda caller, parent: callback_signatures.update(
        caller, _name(workflow=parent), disabled=True
    ),
    lambda caller, parent: callback_signatures.delete(caller, _name(workflow=parent)),
)


def test_signature_when_it_is_made_and_read(service: Service) -> None:
    """What was made is found alone and in the list; it counts at once, and not when deleted."""
    _deploy(service)
    assert not _counts(service, OLD)
    made = _create(service)
    caller = service.caller()

    assert made == callback_signatures.get(caller, made.name)
    assert (made,) == callback_signatures.list_(caller, WORKFLOW, PageRequest()).items
    assert _counts(service, OLD)
    callback_signatures.delete(caller, made.name)
    assert ([], False) == (_ids(service), _counts(service, OLD))
    with pytest.raises(NotFoundError):
        callback_signatures.get(caller, made.name)
    with pytest.raises(NotFoundError):
        callback_signatures.delete(caller, made.name)


def test_secret_when_a_signature_is_returned(service: Service) -> None:
    """It is nowhere in what any verb returns, but for its fingerprint; it is stored sealed."""
    _deploy(service)
    made = _create(service)
    caller = service.caller()
    updated = callback_signatures.update(
        caller,
        made.name,
        secrets=[GivenSecret(value=NEW), GivenSecret(fingerprint=fingerprint_of(OLD))],
    )
    listed = callback_signatures.list_(caller, WORKFLOW, PageRequest())
    shown = [f"{one!r} {asdict(one)}" for one in (made, updated, *listed.items)]

    assert [] == [text for text in shown if OLD in text or NEW in text]
    assert {fingerprint_of(OLD), fingerprint_of(NEW)} == {s.fingerprint for s in updated.secrets}
    assert {OLD, NEW} == {opened(SEALER, made.name, secret) for secret in updated.secrets}
    assert OLD not in repr(GivenSecret(value=OLD))


def test_update_when_a_secret_replaces_another(service: Service) -> None:
    """Both count until the old one is removed, and from then on the new one alone."""
    _deploy(service)
    name, caller = _create(service).name, service.caller()
    keep = GivenSecret(fingerprint=fingerprint_of(OLD))
    found = [(_counts(service, OLD), _counts(service, NEW))]
    callback_signatures.update(caller, name, secrets=[GivenSecret(value=NEW), keep])
    found.append((_counts(service, OLD), _counts(service, NEW)))
    callback_signatures.update(caller, name, secrets=[GivenSecret(fingerprint=fingerprint_of(NEW))])
    found.append((_counts(service, OLD), _counts(service, NEW)))

    assert [(True, False), (True, True), (False, True)] == found
    with pytest.raises(FailedPreconditionError, match="no secret with the fingerprint"):
        callback_signatures.update(caller, name, secrets=[keep])
    assert _counts(service, NEW)


def test_update_when_a_signature_is_disabled(service: Service) -> None:
    """It counts for nothing until it is enabled, and keeps its secrets."""
    _deploy(service)
    made, caller = _create(service), service.caller()
    found = list[bool]()
    for disabled in (True, False):
        changed = callback_signatures.update(caller, made.name, disabled=disabled)
        assert made.secrets == changed.secrets
        found.append(_counts(service, OLD))

    assert [False, True] == found


def test_update_when_rules_change(service: Service) -> None:
    """Only what is signed by the new rules counts."""
    _deploy(service)
    rules = HmacRules(header="X-Acme-Signature", prefix="sha256=", signed_content="")
    spec = _spec(SECRETS["HMAC"], scheme=Scheme.HMAC, rules=rules)
    made = _create(service, spec=spec)
    before = _counts(service, SECRETS["HMAC"], "HMAC")
    timed = replace(rules, timestamp_header="X-Acme-Time")
    changed = callback_signatures.update(service.caller(), made.name, rules=timed)

    assert made.rules is not None
    assert changed.rules is not None
    assert ("{body}", "{timestamp}.{body}") == (
        made.rules.signed_content,
        changed.rules.signed_content,
    )
    assert "x-acme-time" == changed.rules.timestamp_header
    assert (False, True) == (before, _counts(service, SECRETS["HMAC"], "HMAC"))


@pytest.mark.parametrize(
    ("id_", "spec", "complaint"),
    [
        ("It", _spec(OLD), "lower-case"),
        ("", _spec(OLD), "lower-case"),
        ("it-", _spec(OLD), "lower-case"),
        ("x" * 64, _spec(OLD), "lower-case"),
        ("it", _spec(), "one secret or"),
        ("it", _spec(OLD, NEW, OLD + "x"), "one secret or"),
        ("it", _spec(OLD, OLD), "given twice"),
        ("it", _spec("too short"), "printable characters"),
        ("it", _spec("x" * 513), "printable characters"),
        ("it", _spec(f"{OLD}\n"), "printable characters"),
        ("it", _spec(OLD, scheme=Scheme.STRIPE), "whsec_"),
        ("it", _spec(OLD, scheme=Scheme.STANDARD_WEBHOOKS), "whsec_"),
        ("it", _spec(OLD, scheme=Scheme.HMAC), "hmac is for"),
        ("it", _spec(OLD, rules=HmacRules(header="x-s")), "hmac is for"),
        ("it", _spec(OLD, scheme=Scheme.HMAC, rules=HmacRules(header="Authorization")), "header"),
        ("it", _spec(OLD, scheme=Scheme.HMAC, rules=HmacRules(header="")), "header"),
        (
            "it",
            _spec(OLD, scheme=Scheme.HMAC, rules=HmacRules(header="x-s", id_header="x-s")),
            "of their own",
        ),
        (
            "it",
            _spec(OLD, scheme=Scheme.HMAC, rules=HmacRules(header="x-s", timestamp_header="x-t")),
            "timestamp",
        ),
        (
            "it",
            _spec(OLD, scheme=Scheme.HMAC, rules=HmacRules(header="x-s", prefix="ä")),
            "prefix",
        ),
        (
            "it",
            SignatureSpec(scheme=Scheme.GITHUB, secrets=[GivenSecret(fingerprint="0" * 12)]),
            "needs the value",
        ),
        ("it", SignatureSpec(scheme=Scheme.GITHUB, secrets=[GivenSecret()]), "has a value"),
    ],
)
def test_create_when_a_field_is_bad(
    service: Service, id_: str, spec: SignatureSpec, complaint: str
) -> None:
    """It is refused with what is wrong, never with a secret, and nothing is made."""
    _deploy(service)
    with pytest.raises(InvalidArgumentError, match=complaint) as caught:
        _create(service, id_, spec)

    assert not any(s.value and s.value in str(caught.value) for s in spec.secrets)
    assert [] == _ids(service)


def test_create_when_there_are_too_many(service: Service) -> None:
    """A workflow has so many at most, each id once; what is in the way is kept as it is."""
    _deploy(service)
    first = _create(service, "s0")
    with pytest.raises(AlreadyExistsError):
        _create(service, "s0", _spec(NEW))
    assert first == callback_signatures.get(service.caller(), first.name)
    for number in range(1, MAX_SIGNATURES):
        _create(service, f"s{number}")
    with pytest.raises(QuotaExceededError, match="delete one"):
        _create(service, "one-more")

    assert [f"s{number}" for number in range(MAX_SIGNATURES)] == _ids(service)
    callback_signatures.delete(service.caller(), first.name)
    _create(service, "one-more")


def test_list_when_there_are_pages(service: Service) -> None:
    """Pages have each signature once, by id, and those of other workflows never."""
    _deploy(service)
    _deploy(service, "other")
    for id_ in ("c", "a", "b"):
        _create(service, id_)
    other = WorkflowName("local", "us-central1", "other")
    callback_signatures.create(service.caller(), other, "d", _spec(OLD))
    caller = service.caller()
    first = callback_signatures.list_(caller, WORKFLOW, PageRequest(size=2))
    last = callback_signatures.list_(caller, WORKFLOW, PageRequest(size=2, token=first.next_token))

    assert ["a", "b", "c"] == [one.name.signature for one in (*first.items, *last.items)]
    assert "" == last.next_token
    with pytest.raises(InvalidArgumentError):
        callback_signatures.list_(caller, other, PageRequest(token=first.next_token))


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("email", [NOBODY, INVOKER, VIEWER])
def test_verb_when_the_caller_may_not(service: Service, email: str, verb: Verb) -> None:
    """Whoever does not write the workflow does nothing here, at what is there and what is not."""
    _deploy(service)
    made = _create(service)
    for parent in (WORKFLOW, replace(WORKFLOW, workflow="none")):
        with pytest.raises(PermissionDeniedError):
            verb(service.caller(email), parent)

    assert made == callback_signatures.get(service.caller(), made.name)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_when_there_is_no_such_workflow(service: Service, verb: Verb) -> None:
    """A workflow of another project, or one that is not there, is unknown."""
    _deploy(service)
    _create(service)
    for parent in (ELSEWHERE, replace(WORKFLOW, workflow="none")):
        with pytest.raises(NotFoundError):
            verb(service.caller(), parent)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_when_the_caller_edits_one_workflow(service: Service, verb: Verb) -> None:
    """An editor of one workflow may, there; and no other workflow is any of its business."""
    _deploy(service)
    _deploy(service, "other")
    _create(service)
    editor = Binding(email=NOBODY, role="roles/workflows.editor", resource=str(WORKFLOW))
    service.backend.store.credentials.add_binding(editor)

    verb(service.caller(NOBODY), WORKFLOW)
    with pytest.raises(PermissionDeniedError):
        verb(service.caller(NOBODY), replace(WORKFLOW, workflow="other"))


def test_signatures_when_their_workflow_is_deleted(service: Service, tmp_path: Path) -> None:
    """They go with it, and so do their secrets: a workflow of the same name takes none."""
    _deploy(service)
    _create(service)
    workflows.delete(service.caller(), WORKFLOW)

    assert not _counts(service, OLD)
    assert frozenset() == service.backend.store.callback_signatures.kinds()
    with closing(sqlite3.connect(tmp_path / "ringback.db")) as database:
        assert [] == database.execute("SELECT * FROM callback_secret").fetchall()
    with pytest.raises(NotFoundError):
        callback_signatures.list_(service.caller(), WORKFLOW, PageRequest())
    _deploy(service)
    assert ([], False) == (_ids(service), _counts(service, OLD))
