"""Who signed a request, as vendors' own libraries and documents sign them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringback_server.auth.webhooks.senders import WINDOW
from ringback_server.model.names import WorkflowName
from ringback_server.model.signatures import Algorithm, Encoding, HmacRules
from tests.auth.webhooks.making import WORKFLOW, identify, message, senders, signature
from tests.clocks import FakeClock
from tests.signing import (
    OTHERS,
    SECRETS,
    SIGN,
    Headers,
    asymmetric,
    github,
    mac,
    public_secret,
    slack,
    standard_webhooks,
    stripe,
)

BODY = b'{"id": "evt_1", "event_id": "Ev1", "approved": true}'
TIMED = sorted(set(SIGN) - {"GITHUB"})

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F"
    b"96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
#: what vendors' documents, and the tests of Standard Webhooks, say is right
DOCUMENTED: list[tuple[str, float, Headers, bytes]] = [
    (
        "GITHUB",
        0.0,
        {
            "X-Hub-Signature-256": "sha256="
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        },
        b"Hello, World!",
    ),
    (
        "SLACK",
        1531420618.0,
        {
            "X-Slack-Signature": "v0="
            "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
            "X-Slack-Request-Timestamp": "1531420618",
        },
        SLACK_BODY,
    ),
    (
        "STANDARD_WEBHOOKS",
        1614265330.0,
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    ),
]


@pytest.mark.parametrize(("scheme", "now", "headers", "body"), DOCUMENTED, ids=lambda x: str(x)[:9])
def test_signature_when_it_is_documented(
    scheme: str, now: float, headers: Headers, body: bytes
) -> None:
    """What vendors' documents give as an example is taken."""
    found = identify(FakeClock(now), signature(scheme, SECRETS[scheme]), headers, body)

    assert found is not None


@pytest.mark.parametrize("scheme", SIGN)
def test_signature_when_it_is_right(scheme: str) -> None:
    """The principal may send callbacks to that workflow, and do nothing else."""
    clock = FakeClock()
    headers = SIGN[scheme](SECRETS[scheme], BODY, clock.now())
    found = identify(clock, signature(scheme, SECRETS[scheme]), headers, BODY)

    assert found is not None
    assert f"signature://{WORKFLOW}/it" == found.principal.email
    assert frozenset({"workflows.callbacks.send"}) == found.principal.permissions
    assert str(WORKFLOW) == found.principal.resource
    assert hashlib.sha256(SECRETS[scheme].encode()).hexdigest()[:12] == found.principal.token_id


@pytest.mark.parametrize("scheme", SIGN)
def test_signature_when_something_is_wrong(scheme: str) -> None:
    """Another secret, another body, a header less or twice, or another workflow: nobody."""
    clock = FakeClock()
    known = signature(scheme, SECRETS[scheme])
    right = SIGN[scheme](SECRETS[scheme], BODY, clock.now())
    other = SIGN[scheme](OTHERS[scheme], BODY, clock.now())
    less = [{key: right[key] for key in right if key != missing} for missing in right]
    twice = [[*right.items(), (name, value)] for name, value in right.items()]

    assert identify(clock, known, right, BODY) is not None
    assert [None] * (3 + len(less)) == [
        identify(clock, known, headers, body)
        for headers, body in [
            (other, BODY),
            (right, BODY + b" "),
            (right, b""),
            *((headers, BODY) for headers in less),
        ]
    ]
    assert [None] * len(twice) == [identify(clock, known, headers, BODY) for headers in twice]
    elsewhere = WorkflowName("local", "us-central1", "other")
    assert senders(clock, known).identify(elsewhere, message(right, BODY)) is None
    assert senders(clock, known).identify(None, message(right, BODY)) is None


@pytest.mark.parametrize("scheme", TIMED)
def test_signature_when_its_time_is_far(scheme: str) -> None:
    """A signed time counts up to 300 s before and after now, and not a second more."""
    clock = FakeClock()
    known = signature(scheme, SECRETS[scheme])

    def taken(seconds: float) -> bool:
        headers = SIGN[scheme](SECRETS[scheme], BODY, clock.now() + seconds)
        return identify(clock, known, headers, BODY) is not None

    assert [True, True] == [taken(-WINDOW), taken(WINDOW)]
    assert [False, False] == [taken(-WINDOW - 1), taken(WINDOW + 1)]


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("text", ["", "-1", "1e9", "1800000000.0", " 1800000000", "\uff19", "0x6b"])
def test_signature_when_its_time_is_none(scheme: str, text: str) -> None:
    """A time that is not decimal seconds is none, whatever is signed."""
    clock = FakeClock()
    now = str(int(clock.now()))
    headers = {
        name: value.replace(now, text)
        for name, value in SIGN[scheme](SECRETS[scheme], BODY, clock.now()).items()
    }

    assert identify(clock, signature(scheme, SECRETS[scheme]), headers, BODY) is None


@pytest.mark.parametrize("scheme", SIGN)
def test_signature_when_a_secret_replaces_another(scheme: str) -> None:
    """Both secrets count, each under its own fingerprint, and name the same message the same."""
    clock = FakeClock()
    known = signature(scheme, OTHERS[scheme], SECRETS[scheme])
    found = [
        identify(clock, known, SIGN[scheme](secrets[scheme], BODY, clock.now()), BODY)
        for secrets in (SECRETS, OTHERS)
    ]

    assert None not in found
    assert 2 == len({one.principal.token_id for one in found if one})
    assert 1 == len({one.message_key for one in found if one})


def test_signature_when_there_are_several() -> None:
    """One right signature among those of a header is enough; versions are not mixed up."""
    clock = FakeClock()
    now = clock.now()
    good = standard_webhooks(SECRETS["STANDARD_WEBHOOKS"], BODY, now)["webhook-signature"]
    bad = standard_webhooks(OTHERS["STANDARD_WEBHOOKS"], BODY, now)["webhook-signature"]
    headers = standard_webhooks(SECRETS["STANDARD_WEBHOOKS"], BODY, now)
    known = signature("STANDARD_WEBHOOKS", SECRETS["STANDARD_WEBHOOKS"])

    def taken(text: str) -> bool:
        return identify(clock, known, {**headers, "webhook-signature": text}, BODY) is not None

    assert [True, True, True] == [taken(f"{bad} {good}"), taken(f"{good} {bad}"), taken(good)]
    assert [False, False, False] == [
        taken(bad),
        taken(good.replace("v1,", "v1a,")),
        taken(good.replace("v1,", "v2,")),
    ]


def test_signature_when_stripe_sends_several() -> None:
    """One right `v1` is enough, and `v0` is for nothing."""
    clock = FakeClock()
    good = stripe(SECRETS["STRIPE"], BODY, clock.now())["Stripe-Signature"]
    time, _, right = good.partition(",")
    known = signature("STRIPE", SECRETS["STRIPE"])

    def taken(text: str) -> bool:
        return identify(clock, known, {"Stripe-Signature": text}, BODY) is not None

    assert taken(f"{time},v1={'0' * 64},{right},v0=1")
    assert not taken(f"{time},{right.replace('v1=', 'v0=')}")
    assert not taken(f"{time},{time},{right}")


def test_signature_when_a_key_pair_signs() -> None:
    """Ed25519 signatures count for a public key, also beside a secret, and for no other key."""
    clock = FakeClock()
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    known = signature("STANDARD_WEBHOOKS", public_secret(key), SECRETS["STANDARD_WEBHOOKS"])
    signed = asymmetric(key, BODY, clock.now())

    assert identify(clock, known, signed, BODY) is not None
    assert identify(clock, known, signed, BODY + b" ") is None
    assert identify(clock, known, asymmetric(other, BODY, clock.now()), BODY) is None
    forged = standard_webhooks(public_secret(key).removeprefix("whpk_"), BODY, clock.now())
    assert identify(clock, known, forged, BODY) is None


def test_message_when_its_vendor_names_it() -> None:
    """The key of a message is what its vendor calls it, if that is signed; or what is signed."""
    clock = FakeClock()
    found = {
        scheme: identify(
            clock,
            signature(scheme, SECRETS[scheme]),
            SIGN[scheme](SECRETS[scheme], BODY, clock.now()),
            BODY,
        )
        for scheme in SIGN
    }
    body_hash = f"it:sha256={hashlib.sha256(BODY).hexdigest()}"
    timed = f"{int(clock.now())}.".encode() + BODY

    assert {
        "STANDARD_WEBHOOKS": "it:msg_1",
        "GITHUB": body_hash,
        "STRIPE": "it:evt_1",
        "SLACK": "it:Ev1",
        "HMAC": f"it:sha256={hashlib.sha256(timed).hexdigest()}",
    } == {scheme: one.message_key for scheme, one in found.items() if one}


def test_message_when_unsigned_parts_change() -> None:
    """GitHub does not sign its delivery id, so another one makes no other message."""
    known = signature("GITHUB", SECRETS["GITHUB"])
    headers = github(SECRETS["GITHUB"], BODY, 0.0)
    found = [
        identify(FakeClock(), known, {**headers, "X-GitHub-Delivery": id_}, BODY)
        for id_ in ("1", "2")
    ]

    assert 1 == len({one.message_key for one in found if one})


@pytest.mark.parametrize("id_", ["a.1800000000", "", "x" * 300])
def test_message_when_its_id_is_odd(id_: str) -> None:
    """An id with a dot could end elsewhere and is refused; a long one is replaced by a hash."""
    clock = FakeClock()
    secret = SECRETS["STANDARD_WEBHOOKS"]
    headers = standard_webhooks(secret, BODY, clock.now(), id_)
    found = identify(clock, signature("STANDARD_WEBHOOKS", secret), headers, BODY)

    if len(id_) < 300:
        assert found is None
    else:
        assert found is not None
        assert len(found.message_key) < 100


def test_headers_when_svix_names_them() -> None:
    """Svix signs by Standard Webhooks, under names of its own."""
    clock = FakeClock()
    secret = SECRETS["STANDARD_WEBHOOKS"]
    headers = {
        name.replace("webhook-", "svix-"): value
        for name, value in standard_webhooks(secret, BODY, clock.now()).items()
    }

    assert identify(clock, signature("STANDARD_WEBHOOKS", secret), headers, BODY) is not None


def test_hmac_when_rules_say_all() -> None:
    """SHA-512 in base64 over id, time, method, path and body, with a prefix."""
    clock = FakeClock()
    rules = HmacRules(
        header="x-sig",
        algorithm=Algorithm.SHA512,
        encoding=Encoding.BASE64,
        prefix="v9 ",
        timestamp_header="x-time",
        id_header="x-id",
        signed_content="{method} {path}\n{id}.{timestamp}.{body}!",
    )
    known = signature("HMAC", SECRETS["HMAC"], rules=rules)
    now = str(int(clock.now()))
    content = f"POST /v1/x?a=1\n7.{now}.".encode() + BODY + b"!"
    digest = base64.b64encode(bytes.fromhex(mac(SECRETS["HMAC"], content, "sha512"))).decode()
    headers = {"X-Sig": f"v9 {digest}", "X-Time": now, "X-Id": "7"}

    def key(target: str, **changed: str) -> str | None:
        sent = message({**headers, **changed}, BODY, target=target)
        found = senders(clock, known).identify(WORKFLOW, sent)
        return found.message_key if found else None

    assert "it:7" == key("/v1/x?a=1")
    assert [None, None, None, None] == [
        key("/v1/x?a=2"),
        key("/v1/x?a=1", **{"X-Id": "8"}),
        key("/v1/x?a=1", **{"X-Sig": digest}),
        key("/v1/x?a=1", **{"X-Sig": f"v9 {digest.rstrip('=')}"}),
    ]


def test_headers_when_a_workflow_has_several_signatures() -> None:
    """Each is tried; the signature headers of all are secret."""
    clock = FakeClock()
    known = [signature(scheme, SECRETS[scheme], id_=scheme.lower()) for scheme in SIGN]
    headers = slack(SECRETS["SLACK"], BODY, clock.now())
    found = senders(clock, *known).identify(WORKFLOW, message(headers, BODY))

    assert found is not None
    assert f"signature://{WORKFLOW}/slack" == found.principal.email
    assert {
        "webhook-signature",
        "svix-signature",
        "x-hub-signature-256",
        "stripe-signature",
        "x-slack-signature",
        "x-acme-signature",
    } == found.secret_headers


def test_requests_when_they_may_be_signed() -> None:
    """Only a header with a signature that some workflow takes makes a body worth reading."""
    known = senders(FakeClock(), signature("GITHUB", SECRETS["GITHUB"]))
    nobody = senders(FakeClock())

    assert known.may_be_signed([("host", "x"), ("x-hub-signature-256", "")])
    assert not known.may_be_signed([("host", "x"), ("stripe-signature", "")])
    assert not nobody.may_be_signed([("x-hub-signature-256", "")])


@pytest.mark.parametrize(
    ("scheme", "body", "extra", "answer"),
    [
        ("SLACK", b'{"type": "url_verification", "challenge": "abc"}', {}, {"challenge": "abc"}),
        ("SLACK", b'{"type": "url_verification"}', {}, None),
        ("SLACK", b'{"type": "event_callback", "challenge": "abc"}', {}, None),
        ("GITHUB", b'{"zen": "Keep it simple", "hook_id": 1}', {"X-GitHub-Event": "ping"}, {}),
        ("GITHUB", b'{"zen": "Keep it simple", "hook_id": 1}', {"X-GitHub-Event": "push"}, None),
        ("GITHUB", b'{"ref": "main"}', {"X-GitHub-Event": "ping"}, None),
        ("GITHUB", b"[" * 100_000, {"X-GitHub-Event": "ping"}, None),
    ],
)
def test_handshake_when_a_vendor_makes_itself_known(
    scheme: str, body: bytes, extra: Headers, answer: object
) -> None:
    """Slack gets its challenge back, GitHub an empty answer; nothing else is a handshake."""
    clock = FakeClock()
    headers = {**SIGN[scheme](SECRETS[scheme], body, clock.now()), **extra}
    found = identify(clock, signature(scheme, SECRETS[scheme]), headers, body)

    assert found is not None
    assert answer == found.handshake
