"""Logins of people, the sessions that they give, and the end of tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from ringback.v1 import sessions_pb2
from ringback.v1.sessions_pb2 import Login, Session
from ringback_client import rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


class SessionVerbs(PlacedVerbs):
    """The verbs of logins, sessions and tokens."""

    async def approve_login(
        self, email: str, user_code: str, *, deny: bool = False, validate_only: bool = False
    ) -> Login:
        """Let in, as an account, whoever was shown a user code; return what it asked for.

        `deny` refuses the login instead; with `validate_only` it is left as it is. Raises
        RequestError.
        """
        request = sessions_pb2.ApproveLoginRequest(
            name=f"projects/-/serviceAccounts/{email}",
            user_code=user_code,
            deny=deny,
            validate_only=validate_only,
        )
        return await self._call(rpcs.APPROVE_LOGIN, request)

    def sessions(self, email: str, *, page_size: int = 0) -> AsyncIterator[Session]:
        """Yield the sessions of an account that go on; pages are read as needed."""

        async def page(token: str) -> tuple[Sequence[Session], str]:
            request = sessions_pb2.ListSessionsRequest(
                parent=f"projects/-/serviceAccounts/{email}",
                page_size=page_size,
                page_token=token,
            )
            answer = await self._call(rpcs.LIST_SESSIONS, request)
            return answer.sessions, answer.next_page_token

        return pages(page)

    async def end_session(self, email: str, session_id: str) -> None:
        """End a session of an account, by the last part of its name; raises RequestError."""
        request = sessions_pb2.DeleteSessionRequest(
            name=f"projects/-/serviceAccounts/{email}/sessions/{session_id}"
        )
        await self._call(rpcs.DELETE_SESSION, request)

    async def revoke_token_id(self, token_id: str, *, until: datetime | None = None) -> None:
        """Revoke any token by its id, as the audit has it; raises RequestError.

        `until` is when the token has expired by itself, at the latest.
        """
        request = sessions_pb2.RevokeTokenRequest(
            name="projects/-/serviceAccounts/-", token_id=token_id
        )
        if until is not None:
            request.until.FromDatetime(until.astimezone(UTC))
        await self._call(rpcs.REVOKE_TOKEN, request)

    async def revoke_token(self, email: str, token: str) -> None:
        """Revoke an access token that speaks for an account; raises RequestError."""
        request = sessions_pb2.RevokeTokenRequest(
            name=f"projects/-/serviceAccounts/{email}", token=token
        )
        await self._call(rpcs.REVOKE_TOKEN, request)
