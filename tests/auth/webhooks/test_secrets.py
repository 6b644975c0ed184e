"""What secrets and templates must look like."""

from __future__ import annotations

import pytest

from ringback_server.auth.webhooks.secrets import fingerprint_of, key_of
from ringback_server.auth.webhooks.templates import check_template
from ringback_server.model.signatures import Scheme
from tests.signing import SECRETS


@pytest.mark.parametrize("scheme", Scheme)
def test_secret_when_it_is_good(scheme: Scheme) -> None:
    """The secrets that vendors show are taken."""
    assert key_of(scheme, SECRETS[scheme.value])


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (Scheme.GITHUB, "short"),
        (Scheme.GITHUB, "x" * 513),
        (Scheme.GITHUB, " a secret with a space"),
        (Scheme.HMAC, "a secret with\na line"),
        (Scheme.STRIPE, "sk_live_0000000000000000"),
        (Scheme.STANDARD_WEBHOOKS, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        (Scheme.STANDARD_WEBHOOKS, "whsec_not base64 at all"),
        (Scheme.STANDARD_WEBHOOKS, "whsec_c2hvcnQgb25l"),
        (Scheme.STANDARD_WEBHOOKS, "whpk_c2hvcnQgb25l"),
        (Scheme.STANDARD_WEBHOOKS, "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_secret_when_it_will_not_do(scheme: Scheme, text: str) -> None:
    """What is refused says what is wanted, and does not repeat the secret."""
    with pytest.raises(ValueError, match=r"secret|public") as refused:
        key_of(scheme, text)

    assert text not in str(refused.value)


def test_fingerprint_when_openssl_makes_it() -> None:
    """It is what `openssl dgst -sha256` begins with."""
    assert "ba7816bf8f01" == fingerprint_of("abc")


@pytest.mark.parametrize(
    ("template", "timestamp", "id_"),
    [
        ("{body}", False, False),
        ("{timestamp}.{body}", True, False),
        ("{id}:{timestamp}:{body}", True, True),
        ("{method}{path}{body}", False, False),
    ],
)
def test_template_when_it_is_safe(template: str, *, timestamp: bool, id_: bool) -> None:
    """What covers all that is read is taken."""
    check_template(template, timestamp=timestamp, id_=id_)


@pytest.mark.parametrize(
    ("template", "timestamp", "id_"),
    [
        ("", False, False),
        ("{timestamp}", True, False),
        ("{body}{body}", False, False),
        ("{body}", True, False),
        ("{body}", False, True),
        ("{timestamp}{body}", False, False),
        ("{url}{body}", False, False),
        ("{body}{", False, False),
        ("{Body}", False, False),
        ("{body}ä", False, False),
        ("{body}" + "x" * 200, False, False),
    ],
)
def test_template_when_it_is_not_safe(template: str, *, timestamp: bool, id_: bool) -> None:
    """A body, a time or an id that is read and not signed is refused, and so is the unknown."""
    with pytest.raises(ValueError, match=r"^it "):
        check_template(template, timestamp=timestamp, id_=id_)
