"""Tokens that count no longer."""

from __future__ import annotations

from ringback_server.store.credential_rows import CredentialRows

_REVOKED = "SELECT 1 FROM revoked_token WHERE token_id = ?"
_REVOKE = """
INSERT INTO revoked_token (token_id, until) VALUES (?, ?)
ON CONFLICT (token_id) DO UPDATE SET until = max(until, excluded.until)
"""


class RevocationRows(CredentialRows):
    """Remembers revoked tokens. Times are Unix seconds."""

    def revoked(self, token_id: str) -> bool:
        """Tell whether a token was revoked."""
        return self._row(_REVOKED, (token_id,)) is not None

    def revoke(self, token_id: str, until: float) -> None:
        """Revoke a token, which would expire by itself at `until`."""
        self._write(_REVOKE, (token_id, until))
