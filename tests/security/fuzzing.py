"""What anybody may send, made up at random but worth reading: parts of what is understood."""

from __future__ import annotations

import json
import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.rpc.calls import EXECUTION, PARENT, WORKFLOW


def bounded(examples: int) -> settings:
    """Return the settings of a run of so many examples, the same each time.

    `make fuzz` sets RINGBACK_FUZZ, how many times as many it is to be, and new ones each time.
    """
    times = int(os.environ.get("RINGBACK_FUZZ", "1"))
    return settings(
        max_examples=examples * times,
        deadline=None,
        derandomize=times == 1,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


_WORDS = [
    *("/v1/", "/token", "/authorize", "/introspect", "/revoke", "/tokeninfo", "/device"),
    *("/.well-known/", "jwks.json", "/healthz", "/metrics", "/openapi.json", "//", "..", "%2e"),
    *("%2f", "%00", "%", "%zz", "*", "-", ":", "?", "&", "=", "#", ";", "@", "~", "\\", " "),
    *(PARENT, WORKFLOW, EXECUTION, "/callbacks/", "/executions", "/workflows", ":watch", ":cancel"),
    *("pageSize=", "filter=", "$alt=json", "fields=", "view=", "é", "\u0660", "\U0001f511"),
]
#: paths with queries
TARGETS = st.lists(st.sampled_from(_WORDS) | st.text(max_size=5), max_size=6).map("".join)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
DOCUMENTS = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "argument", "labels", "sourceContents", "state"])
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
BODIES = st.binary(max_size=80) | DOCUMENTS.map(lambda document: json.dumps(document).encode())
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PURGE", "M-SEARCH"]
)
KINDS = st.sampled_from(
    [
        *("application/json", "application/x-www-form-urlencoded", "text/plain", "", "a/b/c"),
        *("multipart/form-data; boundary=x", "application/json; charset=utf-16", "\x80"),
    ]
)
_GRANTS = st.sampled_from(
    [
        *("urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials", "refresh_token"),
        *("authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "password", ""),
    ]
)
_FIELDS = st.sampled_from(
    [
        *("assertion", "scope", "client_id", "client_secret", "code", "code_verifier", "token"),
        *("redirect_uri", "refresh_token", "device_code", "client_assertion", "access_token"),
        *("client_assertion_type", "response_type", "state", "code_challenge", "id_token"),
        *("code_challenge_method", "user_code", "token_type_hint", "nonce", "audience", "csrf"),
    ]
)
_VALUES = (
    st.text(max_size=20)
    | st.text(alphabet="aA09-_.=", max_size=60)
    | st.sampled_from(
        [
            *("ringback-cli", "admin@local.iam.gserviceaccount.com", "S256", "code", "openid"),
            *("http://127.0.0.1:1/callback", "https://www.googleapis.com/auth/cloud-platform"),
            *("eyJhbGciOiJub25lIn0.e30.", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ]
    )
)
FORMS = st.tuples(_GRANTS, st.lists(st.tuples(_FIELDS, _VALUES), max_size=6)).map(
    lambda found: [("grant_type", found[0]), *found[1]]
)
#: values of an Authorization header
AUTHORIZATIONS = st.one_of(
    st.just(""),
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
    st.text(alphabet="aA09-_.=", max_size=80).map(lambda token: f"Bearer {token}"),
    st.text(alphabet="aA09+/=", max_size=40).map(lambda pair: f"Basic {pair}"),
)
