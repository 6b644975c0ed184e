"""The verbs on accounts and their keys, and what becomes of tokens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ringback_server.control import account_keys, accounts, policies
from ringback_server.control.account_keys import KINDS
from ringback_server.control.paging import PageRequest
from ringback_server.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnauthenticatedError,
)
from ringback_server.model.names import AccountKeyName, ProjectName, ServiceAccountName
from ringback_server.model.resources import Binding
from tests.services import ADMIN, INVOKER, Service

PROJECT = ProjectName("local")
EMAIL = "partner@local.iam.gserviceaccount.com"
NAME = ServiceAccountName("local", EMAIL)
AUDIENCE = "https://workflowexecutions.googleapis.com/"


@pytest.fixture
def account(service: Service) -> ServiceAccountName:
    """Return an account that was created."""
    accounts.create(service.caller(), PROJECT, "partner")
    return NAME


def counts(service: Service, token: str) -> bool:
    """Tell whether a token opens anything."""
    try:
        service.admission.admit(f"Bearer {token}")
    except UnauthenticatedError:
        return False
    return True


def signed(file: dict[str, str], algorithm: str) -> str:
    """Sign a token as whoever has a key file does."""
    now = int(time.time())
    claims = {"iss": EMAIL, "sub": EMAIL, "aud": AUDIENCE, "iat": now, "exp": now + 600}
    header = {"kid": file["private_key_id"]}
    return jwt.encode(claims, file["private_key"], algorithm=algorithm, headers=header)


@pytest.mark.parametrize(
    "account_id", ["short", "Upper-case", "1digits", "ends-", "a" * 31, "a_b_c_d"]
)
def test_create_when_the_id_is_bad(service: Service, account_id: str) -> None:
    """Ids are as Google's."""
    with pytest.raises(InvalidArgumentError, match="account_id must be"):
        accounts.create(service.caller(), PROJECT, account_id)


def test_create_when_it_is_there_or_has_no_project(
    service: Service, account: ServiceAccountName
) -> None:
    """An address is taken once, and needs a project."""
    with pytest.raises(AlreadyExistsError):
        accounts.create(service.caller(), PROJECT, "partner")
    with pytest.raises(InvalidArgumentError):
        accounts.create(service.caller(), ProjectName("-"), "partner")
    with pytest.raises(InvalidArgumentError, match="100 bytes"):
        accounts.create(service.caller(), PROJECT, "another", display_name="ü" * 51)
    assert EMAIL == accounts.get(service.caller(), account).email


def test_account_when_it_is_asked_for_elsewhere(
    service: Service, account: ServiceAccountName
) -> None:
    """It is of one project, and unknown in others as what is not there."""
    told = list[str]()
    for email in (EMAIL, "absent@local.iam.gserviceaccount.com"):
        with pytest.raises(NotFoundError) as caught:
            accounts.get(service.caller(), ServiceAccountName("other", email))
        told.append(caught.value.message.replace(email, ""))

    assert told[0] == told[1]
    assert EMAIL == accounts.get(service.caller(), ServiceAccountName("-", account.email)).email


def test_list_when_there_are_pages(service: Service) -> None:
    """Pages of a project have each of its accounts once; `-` is all projects."""
    for project in ("one", "two"):
        accounts.create(service.caller(), ProjectName(project), "account")
    first = accounts.list_(service.caller(), PROJECT, PageRequest(size=3))
    last = accounts.list_(service.caller(), PROJECT, PageRequest(size=3, token=first.next_token))
    everything = accounts.list_(service.caller(), ProjectName("-"), PageRequest())

    assert (3, 1) == (len(first.items), len(last.items))
    assert 6 == len(everything.items)
    (one,) = accounts.list_(service.caller(), ProjectName("one"), PageRequest()).items
    assert "account@one.iam.gserviceaccount.com" == one.email


def test_tokens_when_the_account_is_disabled_and_deleted(
    service: Service, account: ServiceAccountName
) -> None:
    """They stop at once, and stay so for an account that gets the address later."""
    caller = service.caller()
    token = service.token(EMAIL)
    before = counts(service, token)
    accounts.disable(caller, account)
    disabled = counts(service, token)
    accounts.enable(caller, account)
    enabled = counts(service, token)
    accounts.delete(caller, account)
    deleted = counts(service, token)
    accounts.create(caller, PROJECT, "partner")

    assert [True, False, True, False, False] == [
        before,
        disabled,
        enabled,
        deleted,
        counts(service, token),
    ]
    assert counts(service, service.token(EMAIL))


def test_roles_when_the_account_is_made_anew(service: Service, account: ServiceAccountName) -> None:
    """Its roles are not those of the one before."""
    caller = service.caller()
    policies.replace(
        caller, PROJECT, [Binding(email=EMAIL, role="roles/workflows.viewer", resource="")]
    )
    accounts.delete(caller, account)
    accounts.create(caller, PROJECT, "partner")

    assert [] == policies.test(service.caller(EMAIL), PROJECT, ["workflows.workflows.list"])
    assert () == policies.get(caller, PROJECT).bindings


def test_administrator_when_it_is_the_only_owner(service: Service) -> None:
    """Nobody deletes or disables the last one, itself included."""
    name = ServiceAccountName("local", ADMIN)
    for attempt in (accounts.delete, accounts.disable):
        with pytest.raises(FailedPreconditionError, match="without an owner"):
            attempt(service.caller(), name)


@pytest.mark.parametrize("kind", KINDS)
def test_key_when_created_disabled_and_deleted(
    service: Service, account: ServiceAccountName, kind: str
) -> None:
    """What it signs counts while it is enabled and there, whatever kind it is."""
    caller = service.caller()
    key, content = account_keys.create(caller, account, KINDS[kind])
    file = json.loads(content)
    name = AccountKeyName("local", EMAIL, key.kid)
    token = signed(file, KINDS[kind].algorithm)
    found = [counts(service, token)]
    account_keys.disable(caller, name)
    found.append(counts(service, token))
    account_keys.enable(caller, name)
    found.append(counts(service, token))
    account_keys.delete(caller, name)
    found.append(counts(service, token))

    assert [True, False, True, False] == found
    assert ("service_account", EMAIL, key.kid) == (
        file["type"],
        file["client_email"],
        file["private_key_id"],
    )
    assert file["token_uri"] == f"{service.backend.engine.callback_base_url}/token"


def test_key_when_it_is_of_another_account(service: Service, account: ServiceAccountName) -> None:
    """It is reached by the name of its account alone."""
    caller = service.caller()
    key, _ = account_keys.create(caller, account, KINDS["KEY_ALG_EC_P256"])
    for email, project in ((INVOKER, "local"), (EMAIL, "other")):
        for verb in (
            account_keys.get,
            account_keys.delete,
            account_keys.disable,
            account_keys.enable,
        ):
            with pytest.raises(NotFoundError):
                verb(caller, AccountKeyName(project, email, key.kid))

    assert [key] == account_keys.list_(caller, account)


def certificate(
    private: ec.EllipticCurvePrivateKey,
    *,
    days: float = 1.0,
    since: float = -1.0,
) -> bytes:
    """Return a certificate in PEM that begins and ends so many days from now."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "partner")])
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
    )
    return unsigned.sign(private, SHA256()).public_bytes(Encoding.PEM)


def public(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    """Return a public key in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_upload_when_the_certificate_is_fit(service: Service, account: ServiceAccountName) -> None:
    """The key counts until its certificate ends."""
    private = ec.generate_private_key(ec.SECP256R1())
    sent = certificate(private)
    key = account_keys.upload(service.caller(), account, b"\n" + sent + b"\n")
    ends = x509.load_pem_x509_certificate(sent).not_valid_after_utc.timestamp()

    assert (sent.decode(), ends, True) == (key.certificate, key.expire_time, key.uploaded)
    assert key == account_keys.get(service.caller(), AccountKeyName("local", EMAIL, key.kid))
    with pytest.raises(AlreadyExistsError):
        account_keys.upload(service.caller(), account, public(private.public_key()))


@pytest.mark.parametrize("fault", range(10))
def test_upload_when_the_key_is_not_fit(
    service: Service, account: ServiceAccountName, fault: int
) -> None:
    """Keys that are weak, of other kinds, not valid now, or not keys, are refused with why."""
    good = ec.generate_private_key(ec.SECP256R1())
    short = rsa.RSAPublicNumbers(e=65537, n=2**1023 + 1).public_key()
    weak = rsa.RSAPublicNumbers(e=3, n=2**2047 + 1).public_key()
    faults: tuple[tuple[Callable[[], bytes], str], ...] = (
        (lambda: b"", "PEM"),
        (lambda: b"ssh-rsa AAAA", "PEM"),
        (lambda: b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "cannot be read"),
        (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        (lambda: public(short), "no RSA key of"),
        (lambda: public(weak), "exponent"),
        (lambda: public(ec.generate_private_key(ec.SECP384R1()).public_key()), "no P-256 key"),
        (lambda: certificate(good, days=-0.5), "expired"),
        (lambda: certificate(good, since=0.5), "not valid yet"),
        (lambda: b"-----BEGIN PUBLIC KEY-----\n" + b"A" * 17_000, "at most"),
    )
    data, complaint = faults[fault]

    with pytest.raises(InvalidArgumentError, match=complaint):
        account_keys.upload(service.caller(), account, data())


def test_keys_when_there_are_as_many_as_may_be(
    service: Service, account: ServiceAccountName
) -> None:
    """One more is refused, until one is deleted."""
    caller = service.caller()
    keys = [account_keys.create(caller, account, KINDS["KEY_ALG_ED25519"])[0] for _ in range(20)]
    with pytest.raises(FailedPreconditionError, match="delete one"):
        account_keys.create(caller, account, KINDS["KEY_ALG_ED25519"])
    account_keys.delete(caller, AccountKeyName("local", EMAIL, keys[0].kid))

    account_keys.create(caller, account, KINDS["KEY_ALG_ED25519"])


def test_key_when_there_is_no_room_for_it(
    service: Service, account: ServiceAccountName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not even made, which for some takes a second of everybody's time."""
    caller = service.caller()
    for _ in range(20):
        account_keys.create(caller, account, KINDS["KEY_ALG_ED25519"])
    made: list[object] = []

    def note(*kinds: object, **_options: object) -> None:
        made.extend(kinds)

    monkeypatch.setattr(account_keys, "new_key", note)

    with pytest.raises(FailedPreconditionError, match="has 20 keys"):
        account_keys.create(caller, account, KINDS["KEY_ALG_RSA_4096"])
    assert [] == made
