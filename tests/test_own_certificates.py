"""The certificates that a server makes for itself."""

from __future__ import annotations

import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509

from ringback_server.certificates import TlsFiles, self_signed
from ringback_server.errors import StartError

DAY = 86_400.0
NOW = time.time()


def contents(files: TlsFiles) -> tuple[bytes, bytes]:
    """Return the authority's and the server's certificate."""
    assert files.ca
    return files.ca.read_bytes(), files.certificate.read_bytes()


def greet(files: TlsFiles, host: str) -> None:
    """Shake hands with a server that uses the files, as `host`, as strictly as OpenSSL can."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=files.ca)
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(up, down, server_side=True)
    ours = client.wrap_bio(down, up, server_hostname=host)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert ours.version()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "flows.example.org"])
def test_certificate_when_new(tmp_path: Path, host: str) -> None:
    """Every name that is wanted is good, even for strict callers."""
    greet(self_signed(tmp_path, ["flows.example.org", "::"], NOW), host)


def test_certificate_when_the_name_is_another(tmp_path: Path) -> None:
    """A name that was not asked for is no good."""
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        greet(self_signed(tmp_path, [], NOW), "example.org")


def test_authority_when_its_key_is_stolen(tmp_path: Path) -> None:
    """The authority vouches for this server's names alone, for ten years."""
    files = self_signed(tmp_path, ["flows.example.org"], NOW)
    assert files.ca
    authority = x509.load_pem_x509_certificate(files.ca.read_bytes())
    bounds = authority.extensions.get_extension_for_class(x509.NameConstraints)
    days = (authority.not_valid_after_utc - authority.not_valid_before_utc).days

    assert bounds.critical
    assert {"localhost", "flows.example.org"} == {
        name.value for name in bounds.value.permitted_subtrees or ()
    }
    assert 3650 <= days <= 3653


def test_files_when_written(tmp_path: Path) -> None:
    """Keys are for their owner alone, the authority is for everybody."""
    self_signed(tmp_path, [], NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {
        "ca.pem": 0o644,
        "ca-key.pem": 0o600,
        "server-cert.pem": 0o644,
        "server-key.pem": 0o600,
    }


def test_certificate_when_started_again(tmp_path: Path) -> None:
    """Nothing changes while it is good for half a year."""
    before = contents(self_signed(tmp_path, ["a.example"], NOW))

    assert before == contents(self_signed(tmp_path, ["a.example"], NOW + 640 * DAY))


def test_certificate_when_it_nears_its_end(tmp_path: Path) -> None:
    """The server's certificate is renewed, and callers need not trust anything new."""
    before = contents(self_signed(tmp_path, [], NOW))
    after = contents(self_signed(tmp_path, [], NOW + 650 * DAY))

    assert before[0] == after[0]
    assert before[1] != after[1]


def test_certificate_when_addresses_change(tmp_path: Path) -> None:
    """Another address is another certificate of the same authority."""
    before = contents(self_signed(tmp_path, [], NOW))
    files = self_signed(tmp_path, ["10.1.2.3"], NOW)
    greet(files, "10.1.2.3")

    assert before[0] == contents(files)[0]


def test_authority_when_names_change(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A name that the authority may not vouch for makes a new one, which is said."""
    before = contents(self_signed(tmp_path, [], NOW))
    files = self_signed(tmp_path, ["flows.example.org"], NOW)
    greet(files, "flows.example.org")

    assert before[0] != contents(files)[0]
    assert any("must trust it" in text for text in caplog.messages)


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem", "server-cert.pem", "server-key.pem"])
def test_certificate_when_a_file_is_damaged(tmp_path: Path, name: str) -> None:
    """What a crash left behind, or somebody's slip, is made anew."""
    self_signed(tmp_path, [], NOW)
    (tmp_path / name).write_text("not PEM")

    greet(self_signed(tmp_path, [], NOW), "localhost")


def test_certificate_when_two_start_in_turn(tmp_path: Path) -> None:
    """A pair of files from two different runs is never used."""
    (tmp_path / "other").mkdir()
    files, other = self_signed(tmp_path, [], NOW), self_signed(tmp_path / "other", [], NOW)
    files.key.write_bytes(other.key.read_bytes())

    greet(self_signed(tmp_path, [], NOW), "localhost")


def test_certificate_when_it_cannot_be_written(tmp_path: Path) -> None:
    """A start that cannot write says which file."""
    with pytest.raises(StartError, match=r"ca-key\.pem"):
        self_signed(tmp_path / "missing", [], NOW)
