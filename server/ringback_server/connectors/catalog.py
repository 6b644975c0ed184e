"""All connectors, by the names that workflows use: `googleapis.SERVICE.VERSION.RESOURCE…METHOD`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from ringback_server.auth.recent import Recent
from ringback_server.connectors.documents import (
    Document,
    Documents,
    MissingError,
    Parameter,
    Service,
)
from ringback_server.connectors.own_services import SERVICES
from ringback_server.connectors.polling import polling_of
from ringback_server.connectors.resources import called_resource
from ringback_server.connectors.routes import OWN, Route, Routes, nowhere
from ringback_server.lang.connector_helpers import HELPERS
from ringback_server.lang.connectors import Argument, Method
from ringback_server.lang.errors import value_error
from ringback_server.model.extras import installing

_GOOGLE_APIS: Final = "googleapis"
_KEPT = 256
_COMPARED = 300
_INSTALL: Final = installing("connectors")
#: how many names lead to a method at least: module, service, version, method
_FEWEST = 4


class Catalog:
    """Describes connectors to machines (`lang.connectors.Connectors`)."""

    def __init__(self, routes: Routes, documents: Documents | None = None) -> None:
        """Take where connectors lead; documents are by default those that are installed."""
        self._routes = routes
        self._documents = documents or Documents()
        self._known: Recent[str, Method] = Recent(_KEPT)

    def method(self, name: str, /) -> Method:
        """Return how a connector is called; raises a ValueError, with what may be done."""
        known = self._known.get(name)
        if known is None:
            known = self._described(name)
            self._known.put(name, known)
        return known

    def _described(self, name: str) -> Method:
        if not name.startswith(f"{_GOOGLE_APIS}."):
            raise value_error(
                f"{name} is not supported: call googleapis.container.v1 for clusters, and a "
                "cluster's own API with http.request"
            )
        called = _called(name)
        found, version, rest = self._found(called, name)
        if not self._routes.leads(name):
            raise value_error(nowhere(name))
        described, document = found.methods[rest], found.document
        route = self._routes.of(name, document.root_url)
        upload = described.media_upload.protocols.simple if described.media_upload else None
        return Method(
            name=name,
            verb=described.http_method,
            root=route.url,
            base=route.url + document.service_path,
            resource=called_resource(found, described),
            takes_body=described.request is not None,
            upload=upload.path.lstrip("/") if upload else None,
            regions=_regions(document, route),
            bearer=route.bearer,
            polling=polling_of(found, version[0], rest),
            options=_options(document.parameters),
        )

    def _found(self, called: str, name: str) -> tuple[Service, tuple[str, str], str]:
        parts = called.split(".")
        version, rest = (parts[1], parts[2]), ".".join(parts[3:])
        try:
            service = SERVICES.get(version) or self._documents.get(*version)
        except MissingError:
            leads = self._routes.leads(name)
            raise value_error(_unread(name) if leads else nowhere(name, _INSTALL)) from None
        if service is None or rest not in service.methods:
            problem = problem_of(self._documents, called)
            raise value_error(problem or f"{name} is not known")
        return service, version, rest


class Linted:
    """Describes connectors to the linter, as far as there are documents."""

    def __init__(self, documents: Documents | None = None) -> None:
        """Take the documents, by default those that are installed."""
        found = documents or Documents()
        self._catalog = Catalog(Routes((), own=(), google=True), found)
        self._read = found.installed
        #: whether a connector was asked for that nothing is known of
        self.unread = False

    def method(self, name: str, /) -> Method | None:
        """Return how a connector is called, None if that is not known; raises a ValueError."""
        if self._read or name.startswith(OWN) or not name.startswith(f"{_GOOGLE_APIS}."):
            return self._catalog.method(name)
        self.unread = True
        return None


def problem_of(documents: Documents, name: str) -> str | None:
    """Return what is wrong with the name of a connector, None if there is one of that name.

    Raises MissingError if that cannot be told.
    """
    module, *parts = _called(name).split(".")
    if module != _GOOGLE_APIS or len(parts) + 1 < _FEWEST:
        return None
    version, rest = (parts[0], parts[1]), ".".join(parts[2:])
    service = SERVICES.get(version) or documents.get(*version)
    if service is None:
        hint = _hint(".".join(version), documents.names(), f"{_GOOGLE_APIS}.")
        return f"googleapis.{'.'.join(version)} is not a service of Google{hint}"
    if rest in service.methods:
        return None
    prefix = f"{_GOOGLE_APIS}.{'.'.join(version)}."
    helpers = [one.removeprefix(prefix) for one in HELPERS if one.startswith(prefix)]
    hint = _hint(rest, _alike(rest, [*helpers, *service.methods])[:_COMPARED])
    return f"googleapis.{'.'.join(version)} has no method '{rest[:200]}'{hint}"


def doubts_of(documents: Documents, chosen: Iterable[str]) -> Iterator[str]:
    """Yield what there is to say of names that an operator says lead somewhere."""
    names = [name for name in chosen if not f"{name}.".startswith(OWN)]
    if names and not documents.installed:
        yield f"--connector {names[0]}: it takes what is not installed yet: {_INSTALL}"
        return
    for name in names:
        if (problem := _problem_of_place(documents, name)) is not None:
            yield f"--connector {name}: {problem}"


def _problem_of_place(documents: Documents, name: str) -> str | None:
    module, *parts = name.split(".")
    if module != _GOOGLE_APIS:
        return f"connectors of {module} are not supported"
    known = [f"{one}." for one in documents.names()]
    service = "".join(f"{part}." for part in parts[:2])
    if not any(one.startswith(service) for one in known):
        hint = _hint(".".join(parts[:2]), _places(documents), f"{_GOOGLE_APIS}.")
        return f"it is not a service of Google{hint}"
    rest = "".join(f"{part}." for part in parts[2:])
    found = documents.get(*parts[:2]) if rest else None
    if found is None or any(f"{one}.".startswith(rest) for one in found.methods):
        return None
    return "the service has no methods of this name"


def _places(documents: Documents) -> list[str]:
    """Return services with and without their versions."""
    names = documents.names()
    return [*{name.partition(".")[0] for name in names}, *names]


def _unread(name: str) -> str:
    return f"{name} is not known: what Google's services offer is read from a package, {_INSTALL}"


def _called(name: str) -> str:
    """Return the connector of the method that a helper calls, else the name itself."""
    return HELPERS[name].calls if name in HELPERS else name


def _hint(word: str, known: Iterable[str], before: str = "") -> str:
    found = get_close_matches(word, known, n=1, cutoff=0.7)
    return f"; did you mean '{before}{found[0]}'?" if found else ""


def _alike(rest: str, names: Iterable[str]) -> list[str]:
    """Return names, those first that share most words with another."""
    words = set(rest.lower().split("."))
    return sorted(names, key=lambda name: -len(words & set(name.lower().split("."))))


def _regions(document: Document, route: Route) -> dict[str, str]:
    """Return where a service is in each region; elsewhere than at Google, it has only one place."""
    google = route.url == document.root_url
    # Of several in a region, the one whose name begins with it, as Google's connectors have it;
    # else the service's own, as others are for trials or batches.
    service = document.root_url.partition(".")[0]
    endpoints = sorted(
        document.endpoints,
        key=lambda one: (
            one.endpoint_url.startswith(f"https://{one.location}-"),
            one.endpoint_url.startswith(f"{service}."),
        ),
    )
    return {one.location: one.endpoint_url if google else route.url for one in endpoints}


def _options(parameters: Mapping[str, Parameter]) -> dict[str, Argument]:
    return {
        name: Argument(location="query", repeated=one.repeated) for name, one in parameters.items()
    }
