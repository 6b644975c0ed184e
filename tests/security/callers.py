"""Everybody who may be refused, as the value of an Authorization header, and with what answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ringback_server.auth.permissions import PERMISSIONS, ROLES
from ringback_server.model.resources import Binding
from tests.security.scenes import Scene
from tests.security.stage import Stage
from tests.services import ADMIN

#: the role with the most permissions
ALL: Final = max(ROLES, key=lambda role: len(ROLES[role].permissions))
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A caller who is refused, the status of the answer, and its reason."""

    who: str
    #: None sends no header
    authorization: str | None
    status: str
    reason: str


class Callers:
    """Makes callers; one per server."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        #: a workflow whose name others begin with, so that a prefix is not taken for a parent
        self._other = Scene.of(stage, "wx")
        self._strangers = tuple(_strangers(stage))
        self._denied = dict(self._make_denied())

    @property
    def strangers(self) -> tuple[Refused, ...]:
        """Those whose token counts nowhere."""
        return self._strangers

    def right(self) -> str:
        """Return a caller who may do everything."""
        return f"Bearer {self._stage.issuer.access_token(ADMIN).token}"

    def denied(self, permissions: Iterable[str], scene: Scene) -> Iterator[Refused]:
        """Yield those whose token counts, but not for these permissions or not on the scene."""
        stage = self._stage
        others = PERMISSIONS - frozenset(permissions)
        tokens = {
            **self._denied,
            "wrong permission": stage.issuer.access_token(ADMIN, permissions=others).token,
            "token of another callback": stage.issuer.access_token(
                ADMIN, resource=scene.other_callback
            ).token,
            "role on another callback": stage.self_signed(
                stage.account((ALL, scene.other_callback))
            ),
        }
        for who, token in tokens.items():
            yield Refused(
                who=who,
                authorization=f"Bearer {token}",
                status="PERMISSION_DENIED",
                reason="IAM_PERMISSION_DENIED",
            )

    def _make_denied(self) -> Iterator[tuple[str, str]]:
        stage, other = self._stage, self._other
        yield "no role", stage.self_signed(stage.account())
        expired = stage.account()
        stage.store.credentials.add_binding(
            Binding(email=expired, role=ALL, resource="*", expire_time=time.time() - 1.0)
        )
        yield "expired role", stage.self_signed(expired)
        # "local" begins with the name of that project.
        for what, resource in (("project", "projects/loca"), ("workflow", other.workflow)):
            account = stage.account((ALL, resource))
            yield f"role on another {what}", stage.self_signed(account)
            token = stage.issuer.access_token(ADMIN, resource=resource).token
            yield f"token of another {what}", token


def _strangers(stage: Stage) -> Iterator[Refused]:
    issuer = stage.issuer
    good = issuer.access_token(ADMIN)
    for who, authorization in (
        ("no token", None),
        ("empty header", ""),
        ("token of another scheme", f"Basic {good.token}"),
    ):
        yield Refused(
            who=who, authorization=authorization, status="UNAUTHENTICATED", reason="TOKEN_MISSING"
        )
    ended = stage.forger(now=time.time() - 2 * _HOUR).access_token(ADMIN)
    yield Refused(
        who="expired",
        authorization=f"Bearer {ended.token}",
        status="UNAUTHENTICATED",
        reason="TOKEN_EXPIRED",
    )
    for who, token in _invalid(stage):
        yield Refused(
            who=who,
            authorization=f"Bearer {token}",
            status="UNAUTHENTICATED",
            reason="TOKEN_INVALID",
        )


def _invalid(stage: Stage) -> Iterator[tuple[str, str]]:
    issuer = stage.issuer
    yield "malformed", "not.a.token"
    yield "wrong issuer", stage.forger(iss="https://other.example").access_token(ADMIN).token
    yield "wrong audience", stage.forger(audience="https://other.example").access_token(ADMIN).token
    # With our audience, so that nothing but its type tells it from an access token.
    yield "wrong type", issuer.id_token(ADMIN, issuer.audience).token
    yield "not valid yet", stage.forger(now=time.time() + _HOUR).access_token(ADMIN).token
    revoked = issuer.access_token(ADMIN)
    stage.store.credentials.revoke(revoked.token_id, revoked.expire_time)
    yield "revoked", revoked.token
    disabled = stage.account((ALL, "*"), disabled=True)
    yield "disabled account", issuer.access_token(disabled).token
    yield "disabled account with a key", stage.self_signed(disabled)
    yield "no such account", issuer.access_token("gone@local.iam.gserviceaccount.com").token
