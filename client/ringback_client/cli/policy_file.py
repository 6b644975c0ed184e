"""What a policy file says there should be: accounts, their keys, roles, and who has which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from ringback.v1.iam_pb2 import Role
from ringback_client.cli.policy_nodes import Part, PolicyFileError, read_document
from ringback_client.errors import InvalidInputError
from ringback_client.names import Place, last_segment

T = TypeVar("T")

_TOP = ("project", "serviceAccounts", "roles", "bindings")
_ACCOUNT = ("id", "displayName", "description", "disabled", "publicKeys")
_ROLE = ("id", "title", "description", "permissions", "stage")
_BINDING = ("resource", "role", "members", "expires")
_CERTIFICATE = b"BEGIN CERTIFICATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeyFile:
    """A public key that an account is to have."""

    path: str
    #: as it stands in the file
    pem: bytes

    @property
    def identity(self) -> bytes:
        """What is the same for the same key, however it is written; raises ValueError."""
        return key_identity(self.pem)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAccount:
    """A service account; None leaves as it is what the file does not say."""

    email: str
    display_name: str | None
    description: str | None
    disabled: bool | None
    keys: tuple[PublicKeyFile, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRole:
    """A custom role; None leaves as it is what the file does not say."""

    name: str
    permissions: tuple[str, ...]
    title: str | None
    description: str | None
    stage: Role.RoleLaunchStage.ValueType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBinding:
    """A member that has a role on a resource."""

    resource: str
    role: str
    member: str
    expires: datetime | None
    #: where the file names the resource
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """All of it; None where the file has no such section."""

    project: str | None
    accounts: tuple[WantedAccount, ...] | None
    roles: tuple[WantedRole, ...] | None
    bindings: tuple[WantedBinding, ...] | None


def project_of(path: Path) -> str | None:
    """Return the project that a policy file is for, if it says so; raises PolicyFileError."""
    top = _document(path).members(_TOP)
    return top["project"].text() if "project" in top else None


def read_policy(path: Path, place: Place) -> PolicyFile:
    """Read a policy file, whose short names belong to `place`.

    Raises PolicyFileError, which tells all that is wrong, each with its line and its key.
    """
    document = _document(path)
    top = document.members(_TOP)
    reader = _Reader(place, path.parent)
    found = PolicyFile(
        project=top["project"].text() if "project" in top else None,
        accounts=_all(top.get("serviceAccounts"), reader.account, lambda one: one.email),
        roles=_all(top.get("roles"), reader.role, lambda one: one.name),
        bindings=_bindings(top.get("bindings"), reader),
    )
    document.problems.check()
    return found


def key_identity(pem: bytes) -> bytes:
    """Return the public key of a key or a certificate in PEM, in one form; raises ValueError."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if _CERTIFICATE in pem:
        return x509.load_pem_x509_certificate(pem).public_key().public_bytes(*form)
    return load_pem_public_key(pem).public_bytes(*form)


class _Reader:
    """Reads the items of the sections."""

    def __init__(self, place: Place, directory: Path) -> None:
        self._place = place
        self._directory = directory

    def account(self, part: Part) -> WantedAccount:
        members = part.members(_ACCOUNT, needed=["id"])
        keys = members.get("publicKeys")
        email = last_segment(self._named(members.get("id"), self._place.account))
        domain = f"{self._place.project}.iam.gserviceaccount.com"
        if email and email.partition("@")[2] != domain:
            members["id"].refuse(f"{email} is not of the project: its address ends with @{domain}")
        return WantedAccount(
            email=email,
            display_name=_text(members.get("displayName")),
            description=_text(members.get("description")),
            disabled=members["disabled"].flag() if "disabled" in members else None,
            keys=None if keys is None else tuple(self._key(key) for key in keys.items()),
        )

    def role(self, part: Part) -> WantedRole:
        members = part.members(_ROLE, needed=["id", "permissions"])
        permissions = members.get("permissions")
        texts = () if permissions is None else (item.text() for item in permissions.items())
        return WantedRole(
            name=self._named(members.get("id"), self._place.role),
            permissions=tuple(sorted(set(texts))),
            title=_text(members.get("title")),
            description=_text(members.get("description")),
            stage=_stage(members.get("stage")),
        )

    def binding(self, part: Part) -> list[WantedBinding]:
        members = part.members(_BINDING, needed=["role", "members"])
        resource, listed = members.get("resource"), members.get("members")
        project = f"projects/{self._place.project}"
        return [
            WantedBinding(
                resource=(
                    self._named(resource, self._place.policy_resource) if resource else project
                ),
                role=self._named(members.get("role"), self._place.role),
                member=self._named(member, self._place.member),
                expires=members["expires"].time() if "expires" in members else None,
                place=(resource or part).place,
            )
            for member in (listed.items() if listed else ())
        ]

    def _named(self, part: Part | None, complete: Callable[[str], str]) -> str:
        text = part.text() if part else ""
        try:
            return complete(text) if text else ""
        except InvalidInputError as error:
            if part is not None:
                part.refuse(error.message)
            return ""

    def _key(self, part: Part) -> PublicKeyFile:
        path, pem = part.text(), b""
        try:
            if path:
                pem = (self._directory / path).read_bytes()
                key_identity(pem)
        except OSError as error:
            part.refuse(f"{path} cannot be read: {error.strerror}")
        except ValueError:
            part.refuse(f"{path} holds neither a public key nor a certificate in PEM")
        return PublicKeyFile(path=path, pem=pem)


def _document(path: Path) -> Part:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{path} cannot be read: {error}") from error
    return read_document(text, str(path))


def _all(
    part: Part | None, read: Callable[[Part], T], name: Callable[[T], str]
) -> tuple[T, ...] | None:
    """Return the items of a section, each of which is there once."""
    if part is None:
        return None
    found: dict[str, T] = {}
    for item in part.items():
        one = read(item)
        if name(one) in found:
            item.refuse(f"{name(one)} is given twice")
        found[name(one)] = one
    return tuple(found.values())


def _bindings(part: Part | None, reader: _Reader) -> tuple[WantedBinding, ...] | None:
    if part is None:
        return None
    found: dict[tuple[str, str, str], WantedBinding] = {}
    for item in part.items():
        for one in reader.binding(item):
            key = (one.resource, one.role, one.member)
            if key in found and one.member and one.role:
                item.refuse(f"{one.member} has {one.role} on {one.resource} twice")
            found[key] = one
    return tuple(found.values())


def _text(part: Part | None) -> str | None:
    return None if part is None else part.text()


def _stage(part: Part | None) -> Role.RoleLaunchStage.ValueType | None:
    if part is None:
        return None
    names: Sequence[str] = Role.RoleLaunchStage.keys()
    if part.text() not in names:
        part.refuse(f"must be one of {', '.join(names)}")
        return None
    return Role.RoleLaunchStage.Value(part.text())
