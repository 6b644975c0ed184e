"""`ringback callbacks signatures`: what it asks for, and what it prints."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from ringback.v1.callback_signatures_pb2 import (
    CallbackSecret,
    CallbackSignature,
    CreateCallbackSignatureRequest,
    DeleteCallbackSignatureRequest,
    GetCallbackSignatureRequest,
    HmacRules,
    ListCallbackSignaturesRequest,
    ListCallbackSignaturesResponse,
    UpdateCallbackSignatureRequest,
)
from ringback_client.cli.app import run
from tests.client.stand_in import StandIn

WORKFLOW = "projects/local/locations/us-central1/workflows/w"
NAME = f"{WORKFLOW}/callbackSignatures/github"
VALUE = "something that nobody guesses"
_NEW = CallbackSecret(value=VALUE)
_A, _B = CallbackSecret(fingerprint="aaaa"), CallbackSecret(fingerprint="bbbb")
GITHUB = CallbackSignature(name=NAME, scheme=CallbackSignature.GITHUB, secrets=[_A])
TWO = CallbackSignature(
    name=NAME,
    scheme=CallbackSignature.GITHUB,
    secrets=[_B, _A],
)

pytestmark = pytest.mark.usefixtures("server", "directory")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def secret_file(directory: Path) -> str:
    """Return a file with a secret, as `openssl` leaves it."""
    path = directory / "vendor.secret"
    path.write_text(f"{VALUE}\n")
    return str(path)


def _signatures(*arguments: str) -> int:
    return run(["callbacks", "signatures", *arguments])


def _changes(stand_in: StandIn) -> list[Message]:
    """Return all that was asked for that changes something."""
    return [request for method, request in stand_in.asked if method.startswith("Update")]


def test_create_when_a_scheme_is_named(
    stand_in: StandIn, secret_file: str, capsys: Captured
) -> None:
    """The secret is sent without the end of its line, and never printed."""
    stand_in.answer("CreateCallbackSignature", GITHUB)

    status = _signatures("create", "w", "--scheme", "github", "--secret-file", secret_file)

    output = capsys.readouterr()
    expected = CreateCallbackSignatureRequest(
        parent=WORKFLOW,
        callback_signature_id="github",
        callback_signature=CallbackSignature(scheme=CallbackSignature.GITHUB, secrets=[_NEW]),
    )
    assert (0, expected) == (status, stand_in.last("CreateCallbackSignature"))
    assert ["github", "github", "enabled", "aaaa"] == output.out.splitlines()[1].split()[:4]
    assert VALUE not in output.out + output.err


def test_create_when_an_hmac_is_described(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is said of it is sent; the secret may come from standard input."""
    stand_in.answer("CreateCallbackSignature", GITHUB)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{VALUE}\r\n"))

    status = _signatures(
        *("create", "w", "--id", "acme", "--scheme", "hmac", "--secret-file", "-"),
        *("--header", "X-Sig", "--algorithm", "sha512", "--encoding", "base64", "--prefix", "v="),
        *("--timestamp-header", "X-Time", "--id-header", "X-Id", "--disabled"),
        *("--signed-content", "{id}.{timestamp}.{body}"),
    )

    sent = stand_in.last("CreateCallbackSignature")
    assert isinstance(sent, CreateCallbackSignatureRequest)
    rules = HmacRules(
        header="X-Sig",
        algorithm=HmacRules.SHA512,
        encoding=HmacRules.BASE64,
        prefix="v=",
        timestamp_header="X-Time",
        id_header="X-Id",
        signed_content="{id}.{timestamp}.{body}",
    )
    made = CallbackSignature(
        scheme=CallbackSignature.HMAC,
        secrets=[_NEW],
        hmac=rules,
        disabled=True,
    )
    assert (0, "acme", made) == (status, sent.callback_signature_id, sent.callback_signature)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--scheme", "hmac"), "--header"),
        (("--scheme", "github", "--header", "X-Sig"), "--header"),
        (("--scheme", "paypal"), "--scheme"),
        (("--scheme", "github", "--secret-file", "nowhere"), "nowhere"),
        (("--scheme", "github", "--secret-file", "empty"), "no secret"),
    ],
)
def test_create_when_it_is_called_wrongly(
    stand_in: StandIn,
    directory: Path,
    secret_file: str,
    capsys: Captured,
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    """It says what is wrong and asks for nothing."""
    (directory / "empty").write_text("\n")

    status = _signatures("create", "w", "--secret-file", secret_file, *arguments)

    assert 2 == status
    assert complaint in capsys.readouterr().err
    assert [] == stand_in.asked


def test_list_when_there_are_pages(stand_in: StandIn, capsys: Captured) -> None:
    """All pages are one table; a workflow without any is said to need tokens."""
    acme = CallbackSignature(
        name=f"{WORKFLOW}/callbackSignatures/acme",
        scheme=CallbackSignature.STANDARD_WEBHOOKS,
        disabled=True,
        secrets=TWO.secrets,
    )
    place = "n"
    stand_in.answer(
        "ListCallbackSignatures",
        ListCallbackSignaturesResponse(callback_signatures=[acme], next_page_token=place),
        ListCallbackSignaturesResponse(callback_signatures=[GITHUB]),
        ListCallbackSignaturesResponse(),
    )

    assert 0 == _signatures("list", "w")
    first, second = (line.split() for line in capsys.readouterr().out.splitlines()[1:])
    assert ["acme", "standard-webhooks", "disabled", "bbbb,", "aaaa"] == first[:5]
    assert ["github", "github", "enabled", "aaaa"] == second[:4]
    last = stand_in.last("ListCallbackSignatures")
    assert ListCallbackSignaturesRequest(parent=WORKFLOW, page_token=place) == last
    assert 0 == _signatures("list", "w")
    assert "senders need a token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("there", "options", "secrets"),
    [
        (GITHUB, ("--add-secret-file",), [_NEW, _A]),
        (TWO, ("--remove-secret", "aaaa"), [_B]),
        (TWO, ("--remove-secret", "cccc"), [CallbackSecret(fingerprint="cccc")]),
        (GITHUB, ("--remove-secret", "aaaa"), []),
        (GITHUB, ("--remove-secret", "aaaa", "--add-secret-file"), [_NEW]),
        (
            TWO,
            ("--remove-secret", "aaaa", "--add-secret-file"),
            [_NEW, _B],
        ),
    ],
)
def test_update_when_secrets_change(
    stand_in: StandIn,
    secret_file: str,
    there: CallbackSignature,
    options: tuple[str, ...],
    secrets: list[CallbackSecret],
) -> None:
    """One request says which there are to be; one that is not there is not passed over."""
    stand_in.answer("GetCallbackSignature", there)
    stand_in.answer("UpdateCallbackSignature", there)
    files = (secret_file,) if options[-1].endswith("file") else ()

    status = _signatures("update", "w", "github", *options, *files)

    (sent,) = _changes(stand_in)
    assert isinstance(sent, UpdateCallbackSignatureRequest)
    wanted = CallbackSignature(name=NAME, secrets=secrets)
    assert (0, wanted, ["secrets"]) == (
        status,
        sent.callback_signature,
        list(sent.update_mask.paths),
    )


@pytest.mark.parametrize("option", ["--disable", "--enable"])
def test_update_when_it_is_disabled(stand_in: StandIn, option: str) -> None:
    """Only that is changed."""
    stand_in.answer("GetCallbackSignature", GITHUB)
    stand_in.answer("UpdateCallbackSignature", GITHUB)

    status = _signatures("update", "w", "github", option)

    (sent,) = _changes(stand_in)
    assert isinstance(sent, UpdateCallbackSignatureRequest)
    wanted = CallbackSignature(name=NAME, disabled=option == "--disable")
    assert (0, wanted, ["disabled"]) == (
        status,
        sent.callback_signature,
        list(sent.update_mask.paths),
    )


def test_update_when_nothing_is_to_change(stand_in: StandIn, capsys: Captured) -> None:
    """It says what there is to change."""
    assert 2 == _signatures("update", "w", "github")
    assert "--add-secret-file" in capsys.readouterr().err
    assert [] == stand_in.asked


def test_describe_and_delete_when_there_is_one(stand_in: StandIn, capsys: Captured) -> None:
    """One prints all that may be known of it, the other says that it is gone."""
    stand_in.answer("GetCallbackSignature", GITHUB)
    stand_in.answer("DeleteCallbackSignature", Empty())

    assert 0 == _signatures("describe", "w", "github")
    shown = capsys.readouterr().out
    assert 0 == _signatures("delete", "w", "github")
    output = capsys.readouterr()

    assert "fingerprint: aaaa" in shown
    assert "Deleted github." in output.out + output.err
    assert GetCallbackSignatureRequest(name=NAME) == stand_in.last("GetCallbackSignature")
    assert DeleteCallbackSignatureRequest(name=NAME) == stand_in.last("DeleteCallbackSignature")
