"""The Sessions service."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import sessions_pb2
from ringback_server.api.messages import timestamp
from ringback_server.control import sessions
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refused
from ringback_server.model.logins import Session
from ringback_server.model.names import RootName, ServiceAccountName, SessionName

#: what is revoked by its id alone may be anybody's
_ANYBODY = ServiceAccountName("-", "-")


def approve_login(request: sessions_pb2.ApproveLoginRequest, caller: Caller) -> sessions_pb2.Login:
    """Approve a login, or refuse it."""
    login = sessions.approve_login(
        caller,
        ServiceAccountName.parse(request.name),
        user_code=request.user_code,
        validate_only=request.validate_only,
        deny=request.deny,
    )
    return sessions_pb2.Login(
        client_id=login.client_id,
        scope=login.scope,
        address=login.address,
        create_time=timestamp(login.create_time),
        expire_time=timestamp(login.expire_time),
    )


def list_sessions(
    request: sessions_pb2.ListSessionsRequest, caller: Caller
) -> sessions_pb2.ListSessionsResponse:
    """List the sessions of an account."""
    name = ServiceAccountName.parse(request.parent, "parent")
    asked = PageRequest(size=request.page_size, token=request.page_token)
    page = sessions.list_(caller, name, asked)
    return sessions_pb2.ListSessionsResponse(
        sessions=[_session(found, name) for found in page.items],
        next_page_token=page.next_token,
    )


def delete_session(request: sessions_pb2.DeleteSessionRequest, caller: Caller) -> Empty:
    """End a session."""
    name = SessionName.parse(request.name)
    sessions.delete(caller, name.parent, name.session)
    return Empty()


def revoke_token(request: sessions_pb2.RevokeTokenRequest, caller: Caller) -> Empty:
    """Revoke a token."""
    name = ServiceAccountName.parse(request.name)
    if request.token_id:
        if name != _ANYBODY or request.token:
            raise refused("token_id", f"token_id is for the name {_ANYBODY}, and for no token")
        until = request.until.ToNanoseconds() / 1e9 if request.HasField("until") else None
        sessions.revoke_token_id(caller, RootName(), request.token_id, until)
    else:
        sessions.revoke_token(caller, name, request.token)
    return Empty()


def _session(found: Session, parent: ServiceAccountName) -> sessions_pb2.Session:
    return sessions_pb2.Session(
        name=str(SessionName(parent, found.session_id)),
        client_id=found.client_id,
        scope=found.scope,
        address=found.address,
        create_time=timestamp(found.create_time),
        use_time=timestamp(found.use_time),
        expire_time=timestamp(found.expire_time),
    )
