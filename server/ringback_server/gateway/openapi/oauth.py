"""The operations of the authorization server, and of documents that everybody may read."""

from __future__ import annotations

from collections.abc import Iterable

from ringback_server.gateway.openapi.operations import JSON, Paths
from ringback_server.gateway.openapi.schemas import Schema

_CLIENT = ("client_id", "client_secret", "client_assertion_type", "client_assertion")
_DOCUMENTS = {
    "/.well-known/jwks.json": ("keys", "Returns the keys that verify this server's tokens"),
    "/.well-known/oauth-authorization-server": (
        "metadata",
        "Tells what the authorization server offers, as RFC 8414 says",
    ),
    "/.well-known/openid-configuration": (
        "openidConfiguration",
        "Tells the same, where OpenID Connect looks for it",
    ),
}
_TOKEN_INFO = {
    "/tokeninfo": "tokeninfo",
    "/oauth2/v3/tokeninfo": "tokeninfo3",
    "/oauth2/v2/tokeninfo": "tokeninfo2",
    "/oauth2/v1/tokeninfo": "tokeninfo1",
}
_TELLS = "Tells what a token of this server says, as Google's tokeninfo does"


def oauth_paths() -> Paths:
    """Return the operations of the authorization server."""
    return {
        **{path: {"get": open_operation("OAuth", *told)} for path, told in _DOCUMENTS.items()},
        **{path: _token_info(name) for path, name in _TOKEN_INFO.items()},
        "/token": {"post": _token()},
        "/device_authorization": {
            "post": _form(
                "deviceAuthorization",
                "Begins a login by a device code, as RFC 8628 says",
                ("client_id",),
                ("scope",),
            )
        },
        "/introspect": {
            "post": _form(
                "introspect",
                "Tells whether a token counts, as RFC 7662 says",
                ("token",),
                ("token_type_hint", *_CLIENT),
            )
        },
        "/revoke": {
            "post": _form(
                "revoke",
                "Revokes a token, as RFC 7009 says",
                ("token",),
                ("token_type_hint", *_CLIENT),
            )
        },
        "/authorize": {
            "get": _page("authorize", "Shows the page of a login that a program began"),
            "post": _page("authorizeForm", "Takes the form of that page"),
        },
        "/authorize/wait": {
            "get": _page("authorizeWait", "Shows a page until the login is approved")
        },
        "/authorize/provider": {
            "post": _page("authorizeProvider", "Takes the form that leads to an OpenID provider")
        },
        "/oauth/callback": {
            "get": _page("oauthCallback", "Takes the answer of an OpenID provider to a login")
        },
        "/device": {
            "get": _page("device", "Shows the page where a user code is typed"),
            "post": _page("deviceForm", "Takes the form of that page"),
        },
    }


def _answers(statuses: Iterable[str]) -> Schema:
    """Return the answers of an operation by their statuses."""
    answers = {status: answer("An object.", {"type": "object"}) for status in statuses}
    return {**answers, "default": {"$ref": "#/components/responses/Error"}}


def open_operation(tag: str, name: str, summary: str, *statuses: str) -> Schema:
    """Return an operation that takes no token, and answers with an object."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "security": [],
        "responses": _answers(("200", *statuses)),
    }


def answer(description: str, schema: Schema) -> Schema:
    """Return an answer in JSON."""
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _token() -> Schema:
    optional = (
        *("assertion", "code", "code_verifier", "device_code", "redirect_uri", "refresh_token"),
        *("scope", *_CLIENT),
    )
    return _form("token", "Exchanges a grant for a token", ("grant_type",), optional)


def _form(name: str, summary: str, required: tuple[str, ...], optional: tuple[str, ...]) -> Schema:
    form: Schema = {
        "type": "object",
        "required": list(required),
        "properties": {field: {"type": "string"} for field in (*required, *optional)},
    }
    whole = open_operation("OAuth", name, summary)
    refused = dict.fromkeys(("400", "401", "429"), _refused())
    return {
        **whole,
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": form}},
        },
        "responses": {**refused, **_answers(("200",))},
    }


def _token_info(name: str) -> Schema:
    parameters = [
        {"name": kind, "in": "query", "schema": {"type": "string"}}
        for kind in ("access_token", "id_token")
    ]
    whole = open_operation("OAuth", name, _TELLS)
    asked = {
        **whole,
        "parameters": parameters,
        "responses": {"400": _refused(), **_answers(("200",))},
    }
    posted = _form(f"{name}Form", _TELLS, (), ("access_token", "id_token"))
    return {"get": asked, "post": posted}


def _page(name: str, summary: str) -> Schema:
    html = {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}
    elsewhere = {"description": "The browser goes on elsewhere."}
    return {
        "operationId": name,
        "tags": ["OAuth"],
        "summary": summary,
        "security": [],
        "responses": {
            **dict.fromkeys(("200", "400", "403", "404", "429"), html),
            "303": elsewhere,
            "default": {"$ref": "#/components/responses/Error"},
        },
    }


def _refused() -> Schema:
    text = {"type": "string"}
    return answer(
        "Refused, as RFC 6749 says.",
        {
            "type": "object",
            "required": ["error"],
            "properties": {"error": text, "error_description": text},
        },
    )
