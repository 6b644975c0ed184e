"""Where requests of methods go, and what they take there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ringback_server.connectors.documents import Method, Service
from ringback_server.lang.connectors import Argument, Resource


def resource_of(method: Method) -> Resource:
    """Return where a method's requests go, and what they take."""
    return Resource(
        template=method.path,
        arguments={
            name: Argument(
                location="path" if one.location == "path" else "query",
                required=one.required,
                repeated=one.repeated,
                pattern=one.pattern,
            )
            for name, one in method.parameters.items()
        },
    )


def called_resource(service: Service, method: Method) -> Resource:
    """Return the resource of a method that is called.

    An action, such as `{+model}:generateContent`, takes the names of all that has it: the request
    is the same by whichever method it is made, and Google's samples choose any.
    """
    own = resource_of(method)
    if ":" not in method.path:
        return own
    alike = [
        other
        for other in service.methods.values()
        if (other.http_method, other.path) == (method.http_method, method.path)
    ]
    arguments = {
        name: replace(one, pattern=_together(one.pattern, name, alike)) if one.pattern else one
        for name, one in own.arguments.items()
    }
    return replace(own, arguments=arguments)


def _together(pattern: str, name: str, methods: Iterable[Method]) -> str:
    """Return a pattern with those that methods have for an argument of the same name."""
    found = [one.parameters[name].pattern for one in methods if name in one.parameters]
    return "" if "" in found else "|".join(dict.fromkeys([pattern, *found]))
