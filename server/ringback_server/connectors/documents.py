"""Google's discovery documents: what methods a service has (google-api-python-client has them).

Only the files are read, when a service is first called; nothing of that package is imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from ringback_server.auth.recent import Recent

_PACKAGE = "googleapiclient"
_FOLDER = ("discovery_cache", "documents")
_WORD = re.compile(r"[A-Za-z0-9_]+")
_KEPT = 16


class Reference(msgspec.Struct, frozen=True, rename={"schema": "$ref"}):
    """A schema by its name."""

    schema: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a method."""

    location: str = "query"
    required: bool = False
    repeated: bool = False
    pattern: str = ""


class Simple(msgspec.Struct, frozen=True):
    """Where a method takes a file as a body."""

    path: str


class Protocols(msgspec.Struct, frozen=True):
    """How a method takes a file."""

    simple: Simple | None = None


class Upload(msgspec.Struct, frozen=True):
    """That a method takes a file."""

    protocols: Protocols = Protocols()


class Method(msgspec.Struct, frozen=True, rename="camel"):
    """A method; `path` begins at the document's service path."""

    http_method: str
    path: str
    parameters: dict[str, Parameter] = {}
    request: Reference | None = None
    response: Reference | None = None
    media_upload: Upload | None = None


class Node(msgspec.Struct, frozen=True):
    """A resource: its methods, and the resources beneath it."""

    methods: dict[str, Method] = {}
    resources: dict[str, Node] = {}

    def walk(self, prefix: str = "") -> Iterator[tuple[str, Method]]:
        """Yield all methods with their names, such as `projects.topics.publish`."""
        for name, method in self.methods.items():
            yield f"{prefix}{name}", method
        for name, node in self.resources.items():
            yield from node.walk(f"{prefix}{name}.")


class Schema(msgspec.Struct, frozen=True):
    """What an answer looks like, as far as it matters here: the names of its fields."""

    properties: dict[str, msgspec.Raw] = {}


class Endpoint(msgspec.Struct, frozen=True, rename="camel"):
    """A region's own server."""

    endpoint_url: str
    location: str


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """A service, in one version."""

    root_url: str
    service_path: str = ""
    parameters: dict[str, Parameter] = {}
    methods: dict[str, Method] = {}
    resources: dict[str, Node] = {}
    schemas: dict[str, Schema] = {}
    endpoints: list[Endpoint] = []

    @property
    def all_methods(self) -> dict[str, Method]:
        """All methods by their names."""
        return dict(Node(self.methods, self.resources).walk())


class Service(msgspec.Struct, frozen=True):
    """A document and its methods by name."""

    document: Document
    methods: dict[str, Method]

    @classmethod
    def of(cls, document: Document) -> Service:
        """Take a document."""
        return cls(document, document.all_methods)


class MissingError(Exception):
    """The documents are not installed."""


class Documents:
    """Reads documents when they are asked for, and keeps the latest."""

    def __init__(self, folder: Callable[[], Path | None] | None = None) -> None:
        """Take what finds the folder with the files, by default that of an installed package."""
        self._folder = folder or _installed
        self._kept: Recent[tuple[str, str], Service] = Recent(_KEPT)

    @property
    def installed(self) -> bool:
        """Whether there are any."""
        return self._folder() is not None

    def get(self, service: str, version: str) -> Service | None:
        """Return a service, None if there is none of that name; raises MissingError."""
        key = (service, version)
        found = self._kept.get(key)
        if found is None and (found := self._read(*key)) is not None:
            self._kept.put(key, found)
        return found

    def names(self) -> list[str]:
        """Return what there is, such as `pubsub.v1`; raises MissingError."""
        return sorted(path.stem for path in self._place().glob("*.*.json"))

    def _read(self, service: str, version: str) -> Service | None:
        folder = self._place()
        if not _WORD.fullmatch(service) or not _WORD.fullmatch(version):
            return None
        path = folder / f"{service}.{version}.json"
        if not path.is_file():
            return None
        return Service.of(msgspec.json.decode(path.read_bytes(), type=Document))

    def _place(self) -> Path:
        folder = self._folder()
        if folder is None:
            raise MissingError
        return folder


def _installed() -> Path | None:
    """Return the folder of the installed package, None if there is none."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]).joinpath(*_FOLDER)
    return folder if folder.is_dir() else None
