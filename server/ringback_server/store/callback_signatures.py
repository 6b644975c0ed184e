"""Signatures that callback URLs take instead of tokens, with their sealed secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from ringback_server.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    NotFoundError,
    QuotaExceededError,
)
from ringback_server.model.names import CallbackSignatureName, WorkflowName, resource
from ringback_server.model.signatures import (
    CallbackSecret,
    CallbackSignature,
    HmacRules,
    Scheme,
    SignatureChanges,
)
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.lookups import workflow_key
from ringback_server.store.remembered import Remembered
from ringback_server.store.sealed import securely

T = TypeVar("T")

#: signatures of one workflow: each may be tried for each request of a stranger
MAX_SIGNATURES = 10
#: workflows whose signatures are remembered, also that they have none
_REMEMBERED = 4_096

_COUNT = "SELECT COUNT(*) FROM callback_signature WHERE workflow = ?"
_INSERT = """
INSERT INTO callback_signature (workflow, id, scheme, rules, disabled, create_time, update_time)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (workflow, id) DO NOTHING
"""
_UPDATE = """
UPDATE callback_signature SET rules = ?, disabled = ?, update_time = ?
 WHERE workflow = ? AND id = ?
"""
_DELETE = "DELETE FROM callback_signature WHERE workflow = ? AND id = ?"
_INSERT_SEALED = """
INSERT INTO callback_secret (workflow, signature, fingerprint, place, sealed, create_time)
VALUES (?, ?, ?, ?, ?, ?)
"""
_DELETE_SECRETS = "DELETE FROM callback_secret WHERE workflow = ? AND signature = ?"
_DELETE_ALL = "DELETE FROM callback_signature WHERE workflow = ?"
_DELETE_ALL_SECRETS = "DELETE FROM callback_secret WHERE workflow = ?"

_SIGNATURES = """
SELECT s.id, s.scheme, s.rules, s.disabled, s.create_time, s.update_time, s.workflow
  FROM callback_signature s JOIN workflow w ON w.id = s.workflow
 WHERE w.project = ? AND w.location = ? AND w.name = ? AND w.delete_time IS NULL
 ORDER BY s.id
"""
_SECRETS = """
SELECT fingerprint, sealed, create_time FROM callback_secret
 WHERE workflow = ? AND signature = ?
 ORDER BY create_time DESC, fingerprint
"""
_KINDS = """
SELECT DISTINCT s.scheme, s.rules
  FROM callback_signature s JOIN workflow w ON w.id = s.workflow
 WHERE s.disabled = 0 AND w.delete_time IS NULL
"""

Kind = tuple[Scheme, HmacRules | None]
# Within the class, `list` is its method.
_Signatures = list[CallbackSignature]


class CallbackSignatures:
    """The callback signatures of all workflows.

    What requests of strangers ask for is remembered until something is written through this object.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database
        self._known = Remembered[WorkflowName, tuple[CallbackSignature, ...]](_REMEMBERED)
        self._kinds = Remembered[str, frozenset[Kind]](1)

    def enabled(self, workflow: WorkflowName) -> Sequence[CallbackSignature]:
        """Return the signatures that count for a workflow; none if there is no such workflow."""
        return self._known.get(
            workflow,
            lambda: tuple(
                one
                for one in self._database.read(lambda connection: _found(connection, workflow))
                if not one.disabled
            ),
        )

    def kinds(self) -> frozenset[Kind]:
        """Return the schemes, with their rules, that count for any workflow at all."""
        return self._kinds.get("", lambda: self._database.read(_kinds))

    def get(self, name: CallbackSignatureName) -> CallbackSignature:
        """Return a signature; or NotFoundError."""
        return self._database.read(lambda connection: _get(connection, name)[1])

    def list(
        self, parent: WorkflowName, *, limit: int, after: str | None
    ) -> Sequence[CallbackSignature]:
        """Return signatures of a workflow by their ids, after one; or NotFoundError."""

        def read(connection: Connection) -> _Signatures:
            workflow_key(connection, parent)
            return _found(connection, parent)

        found = self._database.read(read)
        return [one for one in found if after is None or one.name.signature > after][:limit]

    def create(self, signature: CallbackSignature) -> None:
        """Add a signature; or NotFoundError, AlreadyExistsError, QuotaExceededError."""
        name = signature.name

        def create(connection: Connection) -> None:
            key = workflow_key(connection, name.parent)
            (count,) = connection.execute(_COUNT, (key,)).fetchall()[0]
            row = (
                key,
                name.signature,
                signature.scheme.value,
                _rules_text(signature.rules),
                signature.disabled,
                signature.create_time,
                signature.update_time,
            )
            if connection.execute(_INSERT, row).rowcount == 0:
                raise AlreadyExistsError(f"{name} exists already.")
            if count >= MAX_SIGNATURES:
                raise QuotaExceededError(
                    f"A workflow has at most {MAX_SIGNATURES} callback signatures: delete one."
                )
            _add_secrets(connection, key, name, signature.secrets)

        self._write(create)

    def update(
        self, name: CallbackSignatureName, changes: SignatureChanges, now: float
    ) -> CallbackSignature:
        """Change a signature and return it; or NotFoundError.

        Raise FailedPreconditionError for the fingerprint of a secret that it does not have.
        """

        def update(connection: Connection) -> CallbackSignature:
            key, found = _get(connection, name)
            changed = _changed(found, changes, now)
            row = (_rules_text(changed.rules), changed.disabled, now, key, name.signature)
            connection.execute(_UPDATE, row)
            if changes.secrets is not None:
                _remove_secrets(connection, key, name)
                _add_secrets(connection, key, name, changed.secrets)
            return _get(connection, name)[1]

        return self._write(update)

    def delete(self, name: CallbackSignatureName) -> None:
        """Delete a signature with its secrets; or NotFoundError."""

        def delete(connection: Connection) -> None:
            key = workflow_key(connection, name.parent)
            if connection.execute(_DELETE, (key, name.signature)).rowcount == 0:
                raise _not_found(name)
            _remove_secrets(connection, key, name)

        self._write(delete)

    def forget(self) -> None:
        """Forget what is remembered: a workflow was made or deleted."""
        self._known.forget()
        self._kinds.forget()

    def _write(self, operation: Callable[[Connection], T]) -> T:
        try:
            return self._database.write(operation)
        finally:
            self.forget()


def remove_signatures(connection: Connection, workflow: int) -> None:
    """Remove the signatures and secrets of a workflow that is being deleted."""
    connection.execute(_DELETE_ALL, (workflow,))
    securely(connection, lambda c: c.execute(_DELETE_ALL_SECRETS, (workflow,)))


def _found(connection: Connection, parent: WorkflowName) -> _Signatures:
    place = (parent.project, parent.location, parent.workflow)
    rows = connection.execute(_SIGNATURES, place).fetchall()
    return [_signature(connection, parent, row) for row in rows]


def _get(connection: Connection, name: CallbackSignatureName) -> tuple[int, CallbackSignature]:
    key = workflow_key(connection, name.parent)
    for found in _found(connection, name.parent):
        if found.name == name:
            return key, found
    raise _not_found(name)


def _signature(connection: Connection, parent: WorkflowName, row: Row) -> CallbackSignature:
    signature, scheme, rules, disabled, created, updated, key = row
    secrets = connection.execute(_SECRETS, (key, signature)).fetchall()
    return CallbackSignature(
        name=CallbackSignatureName(parent.project, parent.location, parent.workflow, signature),
        scheme=Scheme(scheme),
        rules=_rules(rules),
        disabled=bool(disabled),
        secrets=tuple(
            CallbackSecret(fingerprint=fingerprint, sealed=sealed, create_time=given)
            for fingerprint, sealed, given in secrets
        ),
        create_time=created,
        update_time=updated,
    )


def _changed(found: CallbackSignature, changes: SignatureChanges, now: float) -> CallbackSignature:
    secrets = found.secrets
    if changes.secrets is not None:
        there = {secret.fingerprint: secret for secret in found.secrets}
        secrets = tuple(_kept(found, there, secret) for secret in changes.secrets)
    return replace(
        found,
        disabled=found.disabled if changes.disabled is None else changes.disabled,
        rules=changes.rules or found.rules,
        secrets=secrets,
        update_time=now,
    )


def _kept(
    found: CallbackSignature, there: dict[str, CallbackSecret], secret: CallbackSecret | str
) -> CallbackSecret:
    """Return a secret that is to be, by its fingerprint one that is there."""
    fingerprint = secret if isinstance(secret, str) else secret.fingerprint
    kept = there.get(fingerprint)
    if kept is not None:
        return kept
    if isinstance(secret, str):
        raise FailedPreconditionError(
            f"{found.name} has no secret with the fingerprint {fingerprint[:80]!r}: look which it "
            "has now, and change it again.",
            reason="SECRET_CHANGED",
        )
    return secret


def _add_secrets(
    connection: Connection,
    key: int,
    name: CallbackSignatureName,
    secrets: Sequence[CallbackSecret],
) -> None:
    for secret in secrets:
        mark = secret.fingerprint
        row = (key, name.signature, mark, f"{name}/{mark}", secret.sealed, secret.create_time)
        connection.execute(_INSERT_SEALED, row)


def _remove_secrets(connection: Connection, key: int, name: CallbackSignatureName) -> None:
    securely(connection, lambda c: c.execute(_DELETE_SECRETS, (key, name.signature)))


def _kinds(connection: Connection) -> frozenset[Kind]:
    rows = connection.execute(_KINDS).fetchall()
    return frozenset((Scheme(scheme), _rules(rules)) for scheme, rules in rows)


def _rules(text: str | None) -> HmacRules | None:
    return None if text is None else msgspec.json.decode(text, type=HmacRules)


def _rules_text(rules: HmacRules | None) -> str | None:
    return None if rules is None else msgspec.json.encode(rules).decode()


def _not_found(name: CallbackSignatureName) -> NotFoundError:
    return NotFoundError(
        f"{name} was not found.",
        reason="CALLBACK_SIGNATURE_NOT_FOUND",
        resource=resource(name),
    )
