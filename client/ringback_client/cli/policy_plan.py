"""What it takes to have what a policy file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ringback.v1.iam_pb2 import Role, ServiceAccount, ServiceAccountKey, ServiceAccountKeyOrigin
from ringback.v1.iam_policy_pb2 import Binding, Policy
from ringback_client.cli.policy_file import (
    PolicyFile,
    PublicKeyFile,
    WantedAccount,
    WantedBinding,
    WantedRole,
    key_identity,
)
from ringback_client.client import Client
from ringback_client.errors import ClientError
from ringback_client.names import last_segment
from ringback_client.verbs.policies import expiry, until

#: what a binding is of, and until when it counts
_Rows = Mapping[tuple[str, str], datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One call to the server, with the lines that tell of it: +, - or ~ and words."""

    lines: tuple[str, ...]
    make: Callable[[], object]


class Plan:
    """Compares a policy file with a server.

    Nothing is removed unless `prune`, and then never the account that asks, nor its roles.
    """

    def __init__(self, client: Client, wanted: PolicyFile, *, caller: str, prune: bool) -> None:
        """Take a client of the file's project, and the address of the account it calls as."""
        self._iam = client.iam
        self._wanted = wanted
        self._caller = caller
        self._prune = prune
        self._accounts = {one.email: one for one in client.iam.accounts()}
        self._new = {one.email for one in wanted.accounts or ()} - self._accounts.keys()

    def changes(self) -> list[Change]:
        """Return the changes in an order in which they can be made; raises a ClientError."""
        wanted = self._wanted
        found = [change for one in wanted.accounts or () for change in self._account(one)]
        found += self._roles(wanted.roles or ())
        found += self._bindings(wanted.bindings or ())
        if self._prune:
            found += self._superfluous()
        return found

    def _account(self, wanted: WantedAccount) -> Iterator[Change]:
        present = self._accounts.get(wanted.email)
        if present is None:
            yield self._new_account(wanted)
        else:
            yield from self._changed_account(wanted, present)
        disabled = present is not None and present.disabled
        if wanted.disabled is not None and wanted.disabled != disabled:
            words = "disable" if wanted.disabled else "enable"
            set_it = self._iam.disable_account if wanted.disabled else self._iam.enable_account
            yield _change(f"~ account {wanted.email}: {words}", set_it, wanted.email)
        keys = self._keys(wanted.email) if present is not None and wanted.keys else {}
        for key in wanted.keys or ():
            if key.identity not in keys:
                line = f"+ key {key.path} of {wanted.email}"
                yield _change(line, self._iam.upload_key, wanted.email, key.pem)

    def _new_account(self, wanted: WantedAccount) -> Change:
        def make() -> None:
            self._iam.create_account(
                wanted.email.partition("@")[0],
                display_name=wanted.display_name or "",
                description=wanted.description or "",
            )

        return Change(lines=(f"+ account {wanted.email}",), make=make)

    def _changed_account(self, wanted: WantedAccount, present: ServiceAccount) -> Iterator[Change]:
        lines = _differences(
            f"~ account {wanted.email}",
            ("display name", present.display_name, wanted.display_name),
            ("description", present.description, wanted.description),
        )

        def make() -> None:
            self._iam.update_account(
                wanted.email, display_name=wanted.display_name, description=wanted.description
            )

        if lines:
            yield Change(lines=lines, make=make)

    def _roles(self, wanted: Sequence[WantedRole]) -> Iterator[Change]:
        present = {role.name: role for role in self._iam.roles()} if wanted else {}
        for role in wanted:
            found = present.get(role.name)
            if found is None:
                yield self._new_role(role)
            else:
                yield from self._changed_role(role, found)

    def _new_role(self, wanted: WantedRole) -> Change:
        def make() -> None:
            self._iam.create_role(
                last_segment(wanted.name),
                wanted.permissions,
                title=wanted.title or "",
                description=wanted.description or "",
                stage=Role.GA if wanted.stage is None else wanted.stage,
            )

        permissions = ", ".join(wanted.permissions)
        return Change(lines=(f"+ role {wanted.name}: {permissions}",), make=make)

    def _changed_role(self, wanted: WantedRole, present: Role) -> Iterator[Change]:
        before, after = set(present.included_permissions), set(wanted.permissions)
        head = f"~ role {wanted.name}"
        stage = None if wanted.stage is None else Role.RoleLaunchStage.Name(wanted.stage)
        lines = (
            *_differences(
                head,
                ("title", present.title, wanted.title),
                ("description", present.description, wanted.description),
                ("stage", Role.RoleLaunchStage.Name(present.stage), stage),
            ),
            *(f"{head}: also {one}" for one in sorted(after - before)),
            *(f"{head}: no longer {one}" for one in sorted(before - after)),
        )

        def make() -> None:
            self._iam.update_role(
                wanted.name,
                permissions=wanted.permissions,
                title=wanted.title,
                description=wanted.description,
                stage=wanted.stage,
                etag=present.etag,
            )

        if lines:
            yield Change(lines=lines, make=make)

    def _bindings(self, wanted: Sequence[WantedBinding]) -> Iterator[Change]:
        for resource in dict.fromkeys(one.resource for one in wanted):
            of_it = [one for one in wanted if one.resource == resource]
            rows = {(one.role, one.member): one.expires for one in of_it}
            new = last_segment(resource) in self._new
            policy = Policy() if new else self._policy(resource, of_it[0].place)
            present = _rows(policy)
            gone = {row for row in present if self._prune and row not in rows and self._others(row)}
            lines = tuple(_binding_lines(resource, present, rows, gone))
            if lines:
                kept = {row: end for row, end in present.items() if row not in gone}
                policy = _policy({**kept, **rows}, policy.etag)
                yield _change(lines, self._iam.set_policy, resource, policy)

    def _policy(self, resource: str, place: str) -> Policy:
        try:
            return self._iam.get_policy(resource)
        except ClientError as error:
            message = f"{place}: {error.message}"
            raise ClientError(message, next_step=error.next_step) from error

    def _others(self, row: tuple[str, str]) -> bool:
        return row[1] != f"serviceAccount:{self._caller}"

    def _superfluous(self) -> Iterator[Change]:
        """Remove keys, roles and accounts of the sections that the file has."""
        wanted = self._wanted
        for account in wanted.accounts or ():
            if account.keys is not None and account.email in self._accounts:
                yield from self._superfluous_keys(account.email, account.keys)
        if wanted.roles is not None:
            names = {role.name for role in wanted.roles}
            for role in self._iam.roles():
                if role.name not in names:
                    yield _change(f"- role {role.name}", self._iam.delete_role, role.name)
        if wanted.accounts is not None:
            emails = {one.email for one in wanted.accounts} | {self._caller}
            for email in sorted(set(self._accounts) - emails):
                yield _change(f"- account {email}", self._iam.delete_account, email)

    def _superfluous_keys(self, email: str, wanted: Sequence[PublicKeyFile]) -> Iterator[Change]:
        identities = {key.identity for key in wanted}
        for identity, key in self._keys(email).items():
            if identity not in identities:
                kid = last_segment(key.name)
                yield _change(f"- key {kid} of {email}", self._iam.delete_key, email, kid)

    def _keys(self, email: str) -> dict[bytes, ServiceAccountKey]:
        """Return the keys of an account that were uploaded."""
        uploaded = [
            self._iam.get_key(email, last_segment(key.name))
            for key in self._iam.keys(email)
            if key.key_origin == ServiceAccountKeyOrigin.USER_PROVIDED
        ]
        return {key_identity(key.public_key_data): key for key in uploaded}


def _change(line: str | tuple[str, ...], make: Callable[..., object], *arguments: object) -> Change:
    lines = (line,) if isinstance(line, str) else line
    return Change(lines=lines, make=lambda: make(*arguments))


def _differences(head: str, *fields: tuple[str, str, str | None]) -> tuple[str, ...]:
    return tuple(
        f"{head}: {name} {before!r} -> {after!r}"
        for name, before, after in fields
        if after is not None and after != before
    )


def _binding_lines(
    resource: str, present: _Rows, wanted: _Rows, gone: set[tuple[str, str]]
) -> Iterator[str]:
    for (role, member), end in wanted.items():
        what = f"binding on {resource}: {member} has {role}"
        if (role, member) not in present:
            yield f"+ {what}{_end(end)}"
        elif not _same(present[role, member], end):
            before = _end(present[role, member]) or " without an end"
            yield f"~ {what},{before} ->{_end(end) or ' without an end'}"
    for role, member in sorted(gone):
        yield f"- binding on {resource}: {member} has {role}"


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether two ends are the same second."""
    return _end(one) == _end(other)


def _end(moment: datetime | None) -> str:
    return "" if moment is None else f" until {moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _rows(policy: Policy) -> dict[tuple[str, str], datetime | None]:
    return {
        (binding.role, member): expiry(binding)
        for binding in policy.bindings
        for member in binding.members
    }


def _policy(rows: _Rows, etag: bytes) -> Policy:
    policy = Policy(etag=etag)
    for (role, member), end in rows.items():
        binding = Binding(role=role, members=[member])
        if end is not None:
            binding.condition.CopyFrom(until(end))
        policy.bindings.append(binding)
    return policy
