"""REST derived from the descriptors: which RPC an HTTP request means, and its request message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from ringback_server.api.table import Method, Service, StreamMethod
from ringback_server.errors import MethodNotAllowedError, NotFoundError
from ringback_server.gateway.json_messages import fill, invalid, query_document, read_json
from ringback_server.gateway.path_template import PathTemplate

#: parameters of Google's REST interfaces that change nothing here
_IGNORED = frozenset({"prettyPrint", "$prettyPrint", "quotaUser", "$.xgafv", "key"})
_FORMATS = frozenset({"alt", "$alt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the answer is to be written."""

    enums_as_numbers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One HTTP rule of one RPC."""

    verb: str
    template: PathTemplate
    #: the field that the body is, `*` for the whole message, empty for none
    body: str
    name: str
    method: Method | StreamMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The binding that an HTTP request meets, and what its path says."""

    binding: Binding
    variables: dict[str, str]

    def request(self, query: Iterable[tuple[str, str]], body: bytes) -> Message:
        """Make the request message; raise InvalidArgumentError for what does not fit."""
        message = self.binding.method.request()
        self._read_body(message, body)
        self._read_query(message, query)
        for path, text in self.variables.items():
            *steps, last = path.split(".")
            target = message
            for step in steps:
                target = getattr(target, step)
            setattr(target, last, text)
        return message

    def _read_body(self, message: Message, body: bytes) -> None:
        field = self.binding.body
        if not field or not body.strip():
            return
        document = read_json(body, field)
        if field == "*":
            fill(message, document, "body")
        else:
            part: Message = getattr(message, field)
            part.SetInParent()
            fill(part, document, field)

    def _read_query(self, message: Message, query: Iterable[tuple[str, str]]) -> None:
        pairs = list(query)
        bound = {path.partition(".")[0] for path in self.variables} | {self.binding.body}
        for key, _ in pairs:
            if self.binding.body == "*" or key.partition(".")[0] in bound:
                raise invalid(key, f"Query parameter {key[:80]!r} cannot be given here.")
        if pairs:
            fill(message, query_document(cast("Descriptor", message.DESCRIPTOR), pairs), "query")


class Transcoder:
    """Finds the RPC for a request among the HTTP rules of all services."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._bindings = tuple(binding for service in services for binding in _bindings(service))

    def route(self, verb: str, raw_path: str) -> Route:
        """Return the route of a request; raise NotFoundError or MethodNotAllowedError."""
        allowed: list[str] = []
        for binding in self._bindings:
            variables = binding.template.match(raw_path)
            if variables is not None:
                if binding.verb == verb:
                    return Route(binding=binding, variables=variables)
                allowed.append(binding.verb)
        if allowed:
            allow = ", ".join(sorted(set(allowed)))
            raise MethodNotAllowedError(f"This resource takes {allow}.", allow=allow)
        raise NotFoundError("There is nothing at this path.", reason="PATH_NOT_FOUND")


def split_format(
    query: Sequence[tuple[str, str]], kinds: Sequence[str] = ("json",)
) -> tuple[Format, list[tuple[str, str]]]:
    """Take the parameters that are about the answer, such as `$alt`, out of a query.

    `kinds` are those that there are: the first is what the answer is anyway.
    """
    enums_as_numbers = False
    rest: list[tuple[str, str]] = []
    for key, value in query:
        if key in _FORMATS:
            kind, *options = value.split(";")
            if kind not in kinds or not set(options) <= {"enum-encoding=int"}:
                raise invalid(key, f"{key} must be {kinds[0]} or {kinds[0]};enum-encoding=int.")
            enums_as_numbers = bool(options)
        elif key not in _IGNORED:
            rest.append((key, value))
    return Format(enums_as_numbers=enums_as_numbers), rest


def _bindings(service: Service) -> Iterator[Binding]:
    for name, method in service.methods.items():
        rule = service.method_descriptor(name).GetOptions().Extensions[annotations_pb2.http]
        for each in (rule, *rule.additional_bindings):
            verb, path = _pattern(each)
            if path:
                yield Binding(
                    verb=verb,
                    template=PathTemplate.parse(path),
                    body=each.body,
                    name=f"{service.descriptor.full_name}.{name}",
                    method=method,
                )


def _pattern(rule: HttpRule) -> tuple[str, str]:
    verbs = {
        "GET": rule.get,
        "PUT": rule.put,
        "POST": rule.post,
        "DELETE": rule.delete,
        "PATCH": rule.patch,
        rule.custom.kind: rule.custom.path,
    }
    return next(((verb, path) for verb, path in verbs.items() if path), ("", ""))
