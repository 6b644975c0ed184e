"""Access tokens and the key files they come from."""

import json
import socket
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ringback_client.credentials import GRANT_TYPE, AccessTokens, Key, read_key
from ringback_client.errors import CredentialsError, ServerNotFoundError
from tests.client.stand_in import TokenEndpoint


@pytest.fixture
def key(key_file: Path) -> Key:
    """Return the key of the key file."""
    return read_key(key_file)


def test_get_when_first_called(key: Key, endpoint: TokenEndpoint) -> None:
    """The key is exchanged by an assertion that the account's public key verifies."""
    token = AccessTokens(key).get()

    (form,) = endpoint.forms
    public = load_pem_private_key(key.private_key.encode(), None).public_key()
    assert isinstance(public, RSAPublicKey)
    assertion = form["assertion"][0]
    claims = jwt.decode(assertion, public, algorithms=["RS256"], audience=endpoint.url)
    assert (token, form["grant_type"]) == ("token-1", [GRANT_TYPE])
    assert jwt.get_unverified_header(assertion)["kid"] == "kid-1"
    assert claims["iss"] == key.client_email


def test_get_when_token_is_still_valid(key: Key, endpoint: TokenEndpoint) -> None:
    """A token is used again until a minute before it expires."""
    now = 1_000_000.0
    tokens = AccessTokens(key, now=lambda: now)
    tokens.get()
    now += 3600 - 60
    before = tokens.get()
    now += 1

    after = tokens.get()

    assert ("token-1", "token-2") == (before, after)
    assert len(endpoint.forms) == 2


def test_get_when_key_is_refused(key: Key, endpoint: TokenEndpoint) -> None:
    """The reason of a refusal is passed on."""
    body = json.dumps({"error": "invalid_grant", "error_description": "The key is unknown."})
    endpoint.reply = (400, (), body.encode())

    with pytest.raises(CredentialsError, match="The key is unknown"):
        AccessTokens(key).get()


def test_get_when_redirected(key: Key, endpoint: TokenEndpoint) -> None:
    """A redirect is not followed: a key's assertion goes to the server or nowhere."""
    endpoint.reply = (307, (("Location", f"{endpoint.url}/elsewhere"),), b"")

    with pytest.raises(CredentialsError):
        AccessTokens(key).get()

    assert len(endpoint.forms) == 1


def test_get_when_a_proxy_is_set(
    key: Key, endpoint: TokenEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the surroundings is not used."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert AccessTokens(key).get() == "token-1"
    assert len(endpoint.forms) == 1


def test_get_when_nobody_listens(key_file: Path) -> None:
    """An endpoint that cannot be reached is named."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}/token"
        key_file.write_text(json.dumps(json.loads(key_file.read_text()) | {"token_uri": uri}))

        with pytest.raises(ServerNotFoundError, match=uri):
            AccessTokens(read_key(key_file)).get()


@pytest.mark.parametrize(
    "change", [{"private_key": "x"}, {"token_uri": "nowhere"}, {"token_uri": "http://[/"}]
)
def test_get_when_key_makes_no_sense(change: dict[str, str], key_file: Path) -> None:
    """A key file whose parts cannot be used is a CredentialsError, not a surprise."""
    key_file.write_text(json.dumps(json.loads(key_file.read_text()) | change))

    with pytest.raises(CredentialsError):
        AccessTokens(read_key(key_file)).get()


@pytest.mark.parametrize("text", [None, "", "{}", '{"type": "authorized_user"}', "[1]"])
def test_read_key_when_it_is_none(text: str | None, tmp_path: Path) -> None:
    """A file that is missing or holds something else is named, with what to set."""
    path = tmp_path / "key.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(CredentialsError, match=str(path)) as caught:
        read_key(path)

    assert "RINGBACK_CREDENTIALS" in (caught.value.next_step or "")


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_get_when_there_is_no_certificate_to_trust(
    text: str | None, key_file: Path, tmp_path: Path
) -> None:
    """A file that should hold certificates and does not is named, with what to set."""
    ca_file = tmp_path / "ca.pem"
    if text is not None:
        ca_file.write_text(text)
    change = {"token_uri": "https://127.0.0.1:1/token"}
    key_file.write_text(json.dumps(json.loads(key_file.read_text()) | change))

    with pytest.raises(CredentialsError, match=str(ca_file)) as caught:
        AccessTokens(read_key(key_file), ca_file=ca_file).get()

    assert "RINGBACK_CA_FILE" in (caught.value.next_step or "")
