"""Tokens that two readers could read in two ways, or that are in the wrong place."""

from __future__ import annotations

import json
import logging
from contextlib import suppress

import pytest

from ringback_server.auth.refusals import Refusal
from ringback_server.errors import PermissionDeniedError, UnauthenticatedError
from tests.auth.forge import base64url, forge
from tests.auth.instances import ADMIN, VIEWER, Instance
from tests.rpc.calls import PARENT, REQUESTS, code_of
from tests.security.callers import Callers
from tests.security.stage import Stage
from tests.services import ADMIN as STAGE_ADMIN

LIST = "ringback.v1.Workflows.ListWorkflows"
PERMISSION = "workflows.workflows.delete"


def signed(instance: Instance, header: bytes | None = None, claims: bytes | None = None) -> str:
    """Sign bytes in place of header or claims of a good access token."""
    return forge(
        instance.access_header() if header is None else header,
        instance.access_claims() if claims is None else claims,
        instance.signing_pem,
    )


def test_token_is_refused_when_it_is_nested(instance: Instance) -> None:
    """A genuine token inside another, or in an encrypted one's five segments, is none."""
    token = instance.access_token()
    head, payload, signature = token.split(".")
    inner = [
        signed(instance, claims=token.encode()),
        signed(instance, claims=json.dumps(token).encode()),
        forge(
            instance.access_header(cty="JWT"),
            token.encode(),
            instance.signing_pem,
        ),
    ]
    five = [f"{head}.{payload}.{signature}.{payload}.{signature}", f"{head}....", f"{head}..a.b.c"]
    header = base64url(json.dumps({"alg": "dir", "enc": "A128GCM", "typ": "at+jwt"}).encode())
    five += [f"{header}..{payload}.{payload}.{signature}"]

    assert {Refusal.MALFORMED, Refusal.HEADER} == {instance.refusal(each) for each in inner}
    assert {Refusal.MALFORMED} == {instance.refusal(each) for each in five}


def twice(document: dict[str, object], name: str, escaped: str, value: str) -> list[bytes]:
    """Return JSON with a member twice, once by an escape, in both orders."""
    plain = json.dumps(document)
    second = f'"{escaped}": {json.dumps(value)}'
    assert f'"{name}"' in plain
    return [f"{{{second}, {plain[1:]}".encode(), f"{plain[:-1]}, {second}}}".encode()]


def test_token_is_refused_when_its_json_is_read_in_two_ways(instance: Instance) -> None:
    """Repeated names, also by escapes, other encodings, comments and rests are no strict JSON."""
    header, claims = instance.access_header(), instance.access_claims()
    plain = json.dumps(claims)
    other = [
        *twice(claims, "sub", "\\u0073ub", VIEWER),
        *twice(claims, "sub", "sub", VIEWER),
        *twice(claims, "exp", "e\\u0078p", "9"),
        b"\xef\xbb\xbf" + plain.encode(),
        plain.encode("utf-16"),
        plain.encode("utf-32"),
        plain.replace(ADMIN, f"{ADMIN}\\").encode(),
        f"{plain[:-1]},}}".encode(),
        f"/* */{plain}".encode(),
        plain.replace('"', "'").encode(),
        plain.encode() + b"\0",
        plain.encode().replace(b"admin", b"adm\xc0\xafin"),
        plain.replace(f'"{ADMIN}"', '"\x01"').encode(),
        f'{plain[:-1]}, "x": -Infinity}}'.encode(),
    ]
    headers = [
        *twice(header, "alg", "\\u0061lg", "none"),
        *twice(header, "kid", "k\\u0069d", "other"),
        b"\xef\xbb\xbf" + json.dumps(header).encode(),
    ]

    assert {Refusal.MALFORMED} == {
        *(instance.refusal(signed(instance, claims=each)) for each in other),
        *(instance.refusal(signed(instance, header=each)) for each in headers),
    }


def test_token_is_read_or_refused_when_its_claims_are_deep(instance: Instance) -> None:
    """Depth is refused, or ignored as any unknown claim is: it never ends the process."""
    claims = json.dumps(instance.access_claims())[:-1]
    for opening, closing in (("[", "]"), ('{"a":', "}"), ("[", "")):
        depth = 4000 // len(opening + closing)
        deep = f'{claims}, "x": {opening * depth}1{closing * depth}}}'
        with suppress(UnauthenticatedError):
            principal = instance.authenticator.authenticate(signed(instance, claims=deep.encode()))
            assert ADMIN == principal.email


def test_token_is_refused_when_its_subject_is_switched(instance: Instance) -> None:
    """Header and signature of one token do not go with the claims of another."""
    mine = instance.access_token(sub=VIEWER).split(".")
    theirs = instance.access_token(sub=ADMIN).split(".")
    account = instance.account_token().split(".")
    for head, claims, signature in (
        (mine[0], theirs[1], mine[2]),
        (theirs[0], mine[1], theirs[2]),
        (mine[0], account[1], mine[2]),
        (account[0], mine[1], account[2]),
    ):
        assert Refusal.SIGNATURE is instance.refusal(f"{head}.{claims}.{signature}")


def test_token_gets_nothing_when_it_claims_to_be_someone_else_too(instance: Instance) -> None:
    """Claims about identity beside `sub` are not looked at: the account has what it has."""
    token = instance.access_token(
        sub=VIEWER,
        permissions=None,
        email=ADMIN,
        roles=["roles/owner", "roles/workflows.admin"],
        groups=["admins"],
        act={"sub": ADMIN},
        azp=ADMIN,
        client_id=ADMIN,
        username=ADMIN,
    )
    principal = instance.authenticator.authenticate(token)

    assert VIEWER == principal.email
    with pytest.raises(PermissionDeniedError):
        instance.access.check(principal, PERMISSION, f"{PARENT}/workflows/w")


def test_token_is_refused_when_another_header_has_a_second(stage: Stage, callers: Callers) -> None:
    """Of two headers a proxy may read one and the server the other: with two, neither counts."""
    good, bad = callers.right(), "Bearer not.a.token"
    for pair in ((good, bad), (bad, good), (good, good)):
        headers = [("Authorization", value) for value in pair]
        answer = stage.http.get(f"/v1/{PARENT}/workflows", headers=headers)
        metadata = tuple(("authorization", value) for value in pair)

        assert (401, "TOKEN_INVALID") == (
            answer.status_code,
            answer.json()["error"]["details"][0]["reason"],
        )
        assert "UNAUTHENTICATED" == code_of(stage.channel, LIST, REQUESTS[LIST], metadata).name


def test_token_is_refused_when_it_is_anywhere_else(stage: Stage) -> None:
    """In a query, a form, a cookie or another header a token is none (RFC 6750, 2.2 and 2.3)."""
    token = stage.issuer.access_token(STAGE_ADMIN).token
    path = f"/v1/{PARENT}/workflows"
    answers = [
        stage.http.get(path, params={"access_token": token}),
        stage.http.get(path, headers={"Cookie": f"access_token={token}; token={token}"}),
        stage.http.get(path, headers={"Proxy-Authorization": f"Bearer {token}"}),
        stage.http.get(path, headers={"X-Authorization": f"Bearer {token}", "X-Api-Key": token}),
        stage.http.get(path, headers={"X-Goog-Iap-Jwt-Assertion": token}),
        stage.http.get(path, headers={"X-Forwarded-Access-Token": token}),
        stage.http.post(path, data={"access_token": token}),
        stage.http.get(path, headers={"Authorization": token}),
        stage.http.get(path, headers={"Authorization": f"Bearer\t{token}"}),
        stage.http.get(path, headers={"Authorization": f"Bearer:{token}"}),
        stage.http.get(path, headers={"Authorization": f"Token {token}"}),
    ]

    assert [401] * len(answers) == [answer.status_code for answer in answers]
    assert {"TOKEN_MISSING"} == {
        answer.json()["error"]["details"][0]["reason"] for answer in answers
    }


def test_token_is_told_to_nobody_when_it_is_refused(
    stage: Stage, callers: Callers, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither answers nor logs, of any level, hold any part of a token that was refused."""
    sent = [each.authorization for each in callers.strangers if each.authorization]
    with caplog.at_level(logging.DEBUG):
        told = [
            stage.http.get(f"/v1/{PARENT}/workflows", headers={"Authorization": each}).text
            for each in sent
        ]
        for each in sent:
            code_of(stage.channel, LIST, REQUESTS[LIST], (("authorization", each),))

    whole = "\n".join([*told, caplog.text])
    parts = {part for each in sent for part in each.split(" ")[1].split(".") if len(part) > 10}
    assert parts
    assert set() == {part for part in parts if part in whole}
