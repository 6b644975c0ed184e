"""REST derived from the descriptors: which RPC an HTTP request means, and its request message.

The rules are those of `google.api.http`, as google/api/http.proto describes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from ringback_server.api.table import Method, Service, StreamMethod
from ringback_server.errors import (
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
from ringback_server.gateway.answers import Answer
from ringback_server.gateway.json_messages import fill, invalid, json_document, printed, read_json
from ringback_server.gateway.parameters import Format, field_path, is_leaf, parameters_document
from ringback_server.gateway.path_template import PathTemplate, split_path

#: the message that is a body of any type
_HTTP_BODY = "google.api.HttpBody"
_ANY_VERB = "*"
#: answers are for whoever has the token, and some hold tokens
_NO_STORE = (("Cache-Control", "no-store"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One HTTP rule of one RPC."""

    verb: str
    template: PathTemplate
    #: the field that the body is, `*` for the whole message, empty for none
    body: str
    #: the field of the response that the answer is, empty for the whole message
    response_body: str
    #: the full name of the RPC
    name: str
    method: Method | StreamMethod
    descriptor: MethodDescriptor

    @property
    def has_head(self) -> bool:
        """Whether HEAD is answered as GET is, but for the body."""
        return self.verb == "GET" and isinstance(self.method, Method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The binding that an HTTP request meets, and what its path says."""

    binding: Binding
    variables: dict[str, str]

    def request(
        self,
        query: Iterable[tuple[str, str]],
        body: bytes,
        content_type: str | None = None,
    ) -> Message:
        """Make the request message.

        Raise InvalidArgumentError for what does not fit, UnsupportedMediaTypeError for a body
        that is of another type than JSON where JSON is expected.
        """
        message = self.binding.method.request()
        descriptor = cast("Descriptor", message.DESCRIPTOR)
        self._read_body(message, body, content_type)
        self._read_query(message, query)
        # Last, for what the path says holds whatever the body says.
        fill(message, parameters_document(descriptor, self.variables.items()), "path")
        return message

    def answer(self, message: Message, pool: DescriptorPool, form: Format) -> Answer:
        """Return the HTTP answer that a response message is."""
        field = self.binding.response_body
        part = getattr(message, field) if field else message
        if isinstance(part, Message) and part.DESCRIPTOR.full_name == _HTTP_BODY:
            return _raw(part)
        whole = json_document(message, pool, enums_as_numbers=form.enums_as_numbers)
        shown: object = whole
        described = cast("Descriptor | None", message.DESCRIPTOR)
        if field:
            # Defaults are left out of messages, but an answer is there in any case.
            found = cast("Descriptor", message.DESCRIPTOR).fields_by_name[field]
            empty: object = [] if found.is_repeated else {} if found.message_type else part
            shown, described = whole.get(found.json_name, empty), found.message_type
        if form.fields is not None:
            shown = form.fields.of(shown, described)
        return Answer(headers=_NO_STORE, body=printed(shown, pretty=form.pretty))

    def _read_body(self, message: Message, body: bytes, content_type: str | None) -> None:
        name = self.binding.body
        if not name:
            if body.strip() not in {b"", b"{}"}:
                raise invalid("body", "This request takes no body.")
            return
        descriptor = cast("Descriptor", message.DESCRIPTOR)
        field = None if name == "*" else descriptor.fields_by_name[name]
        kind = descriptor if field is None else field.message_type
        if kind is not None and kind.full_name == _HTTP_BODY:
            raw: Message = message if field is None else getattr(message, name)
            sent = HttpBody(content_type=content_type or "", data=body)
            raw.ParseFromString(sent.SerializeToString())
            return
        if not body.strip():
            return
        _check_type(content_type)
        document = read_json(body, "body" if field is None else name)
        if field is None:
            fill(message, document, "body")
        elif field.is_repeated or is_leaf(field) or isinstance(document, dict):
            whole: dict[str, object] = {name: document}
            fill(message, whole, name)
        else:
            raise invalid(name, "The body must be a JSON object.")

    def _read_query(self, message: Message, query: Iterable[tuple[str, str]]) -> None:
        pairs = list(query)
        if not pairs:
            return
        if self.binding.body == "*":
            key = pairs[0][0][:80]
            raise invalid(key, f"Query parameter {key!r} cannot be given here: the body has it.")
        taken = {*self.variables, self.binding.body}
        descriptor = cast("Descriptor", message.DESCRIPTOR)
        fill(message, parameters_document(descriptor, pairs, taken), "query")


class Transcoder:
    """Finds the RPC for a request among the HTTP rules of all services."""

    def __init__(self, services: Iterable[Service]) -> None:
        """Take the services; raise ValueError for a rule that http.proto forbids."""
        found = [binding for service in services for binding in _bindings(service)]
        #: the one whose path is the more exact is asked first
        self.bindings = tuple(sorted(found, key=lambda binding: binding.template.order))
        self._verbs = frozenset(binding.template.verb for binding in found) - {""}

    def route(self, verb: str, raw_path: str) -> Route:
        """Return the route of a request; raise NotFoundError or MethodNotAllowedError.

        HEAD is what GET is, unless a rule says otherwise or the answer has no end.
        """
        routes = self._routes(raw_path)
        for route in routes:
            if route.binding.verb in {verb, _ANY_VERB}:
                return route
        for route in routes:
            if verb == "HEAD" and route.binding.has_head:
                return route
        allow = _allowed(routes)
        raise MethodNotAllowedError(f"This resource takes {allow}.", allow=allow)

    def allowed(self, raw_path: str) -> str:
        """Return the methods that a path takes, as in `Allow`; raise NotFoundError."""
        return _allowed(self._routes(raw_path))

    def _routes(self, raw_path: str) -> tuple[Route, ...]:
        path, verb = split_path(raw_path, self._verbs)
        routes = tuple(
            Route(binding=binding, variables=variables)
            for binding in self.bindings
            if (variables := binding.template.match(path, verb)) is not None
        )
        if not routes:
            raise NotFoundError("There is nothing at this path.", reason="PATH_NOT_FOUND")
        return routes


def _allowed(routes: Iterable[Route]) -> str:
    verbs = {"OPTIONS"}
    for route in routes:
        verbs |= {route.binding.verb, *(["HEAD"] if route.binding.has_head else [])}
    return ", ".join(sorted(verbs - {_ANY_VERB}))


def _bindings(service: Service) -> Iterator[Binding]:
    for name, method in service.methods.items():
        descriptor = service.method_descriptor(name)
        rule = descriptor.GetOptions().Extensions[annotations_pb2.http]
        for each in (rule, *rule.additional_bindings):
            verb, path = _pattern(each)
            if path:
                binding = Binding(
                    verb=verb,
                    template=PathTemplate.parse(path),
                    body=each.body,
                    response_body=each.response_body,
                    name=f"{service.descriptor.full_name}.{name}",
                    method=method,
                    descriptor=descriptor,
                )
                _check(binding)
                yield binding


def _check(binding: Binding) -> None:
    """Raise ValueError for a rule that no request could be read or answered by."""
    asked, answered = binding.descriptor.input_type, binding.descriptor.output_type
    for path in binding.template.fields:
        last = field_path(asked, path)[-1]
        if last.is_repeated or last.message_type is not None:
            raise ValueError(f"{binding.name}: {path} in its path is no single value")
    for descriptor, field in ((asked, binding.body), (answered, binding.response_body)):
        if field not in {"", "*", *descriptor.fields_by_name} or binding.response_body == "*":
            raise ValueError(f"{binding.name}: {descriptor.name} has no field {field}")


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


def _check_type(content_type: str | None) -> None:
    """Raise UnsupportedMediaTypeError unless a body says that it is JSON, or says nothing."""
    if not content_type:
        return
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = {
        part.removeprefix("charset=").strip('"') for part in parameters if "charset=" in part
    }
    if kind != "application/json" and not (
        kind.startswith("application/") and kind[-5:] == "+json"
    ):
        raise UnsupportedMediaTypeError(
            f"The body must be JSON, sent with Content-Type: application/json, not {kind[:100]!r}."
        )
    if not charsets <= {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaTypeError("JSON bodies are read as UTF-8; send no other charset.")


def _raw(body: Message) -> Answer:
    # It may be of another pool than the class that knows its fields.
    sent = HttpBody.FromString(body.SerializeToString())
    return Answer(body=sent.data, content_type=sent.content_type or "application/octet-stream")
