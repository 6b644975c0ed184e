"""An issuer on this machine: a real HTTP server whose documents a test can spoil at will."""

from __future__ import annotations

import json
import ssl
import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from ringback_server.auth.key_sets import KeySet, read_key_set
from tests.auth.forge import Part, base64url, signing_input
from tests.auth.instances import changed
from tests.engine.outbound.upstream import Connection, upstream

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/keys"
AUDIENCE = "https://ringback.test"

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_ALGORITHMS: Mapping[str, Algorithm] = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
}


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A signing key of an issuer."""

    algorithm: str
    key: _PrivateKey = field(repr=False)
    kid: str

    @classmethod
    def new(cls, algorithm: str = "ES256", kid: str | None = None) -> IssuerKey:
        """Make a key."""
        key: _PrivateKey = ed25519.Ed25519PrivateKey.generate()
        if algorithm == "ES256":
            key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "RS256":
            key = rsa.generate_private_key(65537, 2048)
        return cls(algorithm, key, kid or str(uuid4()))

    def jwk(self, **changes: object) -> dict[str, object]:
        """Return the public half for a key set, changed; None removes a member."""
        made = json.loads(_ALGORITHMS[self.algorithm].to_jwk(self.key.public_key()))
        made.pop("key_ops", None)
        return changed({**made, "kid": self.kid, "use": "sig", "alg": self.algorithm}, changes)

    def sign(self, header: Part, claims: Part) -> str:
        """Sign a token, whatever its header says."""
        signed = signing_input(header, claims)
        return f"{signed}.{base64url(_ALGORITHMS[self.algorithm].sign(signed.encode(), self.key))}"


def key_set(keys: Iterable[IssuerKey]) -> KeySet:
    """Return the public halves of keys, as the product reads them."""
    return read_key_set(json.dumps({"keys": [key.jwk() for key in keys]}).encode())


@dataclass(slots=True)
class LocalIssuer:
    """What the server answers, and how often it was asked."""

    url: str
    keys: list[IssuerKey]
    #: status, headers and body by path, in place of the documents
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(
        default_factory=dict[str, tuple[int, dict[str, str], bytes]]
    )
    headers: dict[str, str] = field(default_factory=dict[str, str])
    asked: Counter[str] = field(default_factory=Counter[str])
    #: while it is clear, nothing is answered
    open: threading.Event = field(default_factory=threading.Event)

    @property
    def jwks(self) -> dict[str, object]:
        """The key set."""
        return {"keys": [key.jwk() for key in self.keys]}

    @property
    def discovery(self) -> dict[str, object]:
        """The discovery document."""
        return {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}"}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return what a GET is answered with."""
        self.asked[path] += 1
        self.open.wait(10)
        documents = {DISCOVERY: self.discovery, JWKS: self.jwks}
        if path in self.answers:
            return self.answers[path]
        if path not in documents:
            return 404, {}, b"{}"
        return 200, self.headers, json.dumps(documents[path]).encode()

    def put(self, path: str, document: object, status: int = 200, **headers: str) -> None:
        """Answer a path with a document."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[path] = (status, headers, body)

    def token(
        self,
        now: float,
        claims: Mapping[str, object] | None = None,
        *,
        key: IssuerKey | None = None,
        header: Part | None = None,
    ) -> str:
        """Sign a good token with the first key or another, its claims changed; None removes one."""
        key = key or self.keys[0]
        second = int(now)
        good = {
            "iss": self.url,
            "sub": "someone",
            "aud": AUDIENCE,
            "iat": second,
            "exp": second + 600,
            "jti": "one",
        }
        made = {"alg": key.algorithm, "kid": key.kid, "typ": "at+jwt"}
        return key.sign(header or made, changed(good, claims or {}))


@contextmanager
def local_issuer(
    *keys: IssuerKey, tls: ssl.SSLContext | None = None, path: str = ""
) -> Generator[LocalIssuer]:
    """Run an issuer with some keys, or with one of its own, whose URL ends with a path."""
    issuer = LocalIssuer("", list(keys) or [IssuerKey.new()])
    issuer.open.set()

    def talk(connection: Connection) -> None:
        while request := connection.read():
            status, headers, body = issuer.answer(request.target.removeprefix(path))
            connection.answer(status, body, headers)

    with upstream(talk, tls) as server:
        issuer.url = server.url(path)
        try:
            yield issuer
        finally:
            issuer.open.set()
