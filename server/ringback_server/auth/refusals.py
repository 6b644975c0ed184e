"""Why a token is refused: precise for logs, vague for whoever sent it."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What is wrong with a token; never holds any part of the token."""

    MISSING = "MISSING"  #: no token, or another authentication scheme
    TOO_LARGE = "TOO_LARGE"
    MALFORMED = "MALFORMED"  #: not three canonical base64url segments of strict JSON
    HEADER = "HEADER"  #: a header member that would change how the token is read
    TYPE = "TYPE"  #: `typ` is not that of a token for this use
    ALGORITHM = "ALGORITHM"  #: `alg` is not the one of this kind of token and key
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_DISABLED = "KEY_DISABLED"
    SIGNATURE = "SIGNATURE"
    CLAIM = "CLAIM"  #: a claim is missing or of the wrong form
    ISSUER = "ISSUER"
    SUBJECT = "SUBJECT"
    AUDIENCE = "AUDIENCE"
    SCOPE = "SCOPE"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    LIFETIME = "LIFETIME"  #: valid for longer than its kind may be
    ACCOUNT = "ACCOUNT"  #: the account is gone or disabled
    REVOKED = "REVOKED"

    @property
    def public(self) -> str:
        """The reason that a caller is told: only what someone with a genuine token can use."""
        if self is Refusal.MISSING:
            return "TOKEN_MISSING"
        # Expiry is looked at after the signature, so nothing about a forged token shows.
        return "TOKEN_EXPIRED" if self is Refusal.EXPIRED else "TOKEN_INVALID"


class TokenError(Exception):
    """A token is refused; the message is the name of the refusal and of the claim, if any."""

    def __init__(self, refusal: Refusal, claim: str = "") -> None:
        super().__init__(f"{refusal} ({claim})" if claim else str(refusal))
        self.refusal = refusal
