"""The client: sends requests over the network, within the policy."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit

from ringback_server.engine.outbound.connecting import CheckedNetwork, Resolve, system_resolver
from ringback_server.engine.outbound.egress import EgressPolicy
from ringback_server.engine.outbound.exchange import MAX_REDIRECTS, exchange
from ringback_server.engine.outbound.pool import Pool
from ringback_server.engine.outbound.sending import Answer, Sending, SendingThread
from ringback_server.lang.http_exchange import HttpRequest

#: requests that are sent at the same time, as far as there are file descriptors for half of them
MAX_IN_FLIGHT = 4_096
#: threads that resolve names
_RESOLVERS = 16
_KEPT_CONTEXTS = 16


class OutboundClient:
    """Sends requests; `start` it first and `close` it last."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        resolve: Resolve | None = None,
        trusted: Path | None = None,
        in_flight: int = MAX_IN_FLIGHT,
        per_host: int | None = None,
        redirects: int = MAX_REDIRECTS,
    ) -> None:
        """Take where requests may go.

        `resolve` stands for the system's resolver; `trusted` is a PEM file of authorities that
        are trusted beside the system's; `in_flight` bounds what is sent at the same time, and
        `per_host` what is sent to one host, which is at most half of it; `redirects` is how many
        a request follows.
        """
        in_flight = min(in_flight, max(64, getrlimit(RLIMIT_NOFILE)[0] // 2))
        self._trusted = trusted
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="ringback-resolver")
        network = CheckedNetwork(policy, resolve or system_resolver(self._threads))
        self._contexts = OrderedDict[bytes | None, ssl.SSLContext]()
        self._pool = Pool(network, self._context)
        self._thread = SendingThread(
            partial(exchange, self._pool, redirects=redirects),
            name="ringback-outbound",
            in_flight=in_flight,
            per_host=None if per_host is None else min(per_host, max(1, in_flight // 2)),
            end=self._pool.close,
        )

    def __repr__(self) -> str:
        """Show what is under way."""
        return f"<OutboundClient [{self._thread!r} | {self._pool!r}]>"

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Give up all requests, without telling anybody, and end the thread; may be called twice.

        The client need not have been started.
        """
        self._thread.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def submit(self, request: HttpRequest, answer: Answer) -> Sending:
        """Send a request, and tell `answer` what came of it unless it is cancelled first.

        Returns at once. The timeout begins now. Nobody is told once the client is closed.
        """
        return self._thread.submit(request, answer)

    def _context(self, ca_certificate: bytes | None) -> ssl.SSLContext:
        """Return the TLS context that trusts an authority; raises ValueError if it is none."""
        context = self._contexts.get(ca_certificate)
        if context is None:
            context = _trusting(ca_certificate, self._trusted)
            self._contexts[ca_certificate] = context
            if len(self._contexts) > _KEPT_CONTEXTS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(ca_certificate)
        return context


def _trusting(ca_certificate: bytes | None, trusted: Path | None) -> ssl.SSLContext:
    if ca_certificate is None:
        context = ssl.create_default_context()
        if trusted is not None:
            context.load_verify_locations(trusted)
        return context
    if not ca_certificate:
        raise ValueError("'ca_certificate' is empty")
    try:
        pem = ca_certificate.lstrip().startswith(b"-----BEGIN")
        data = ca_certificate.decode("ascii") if pem else ca_certificate
        return ssl.create_default_context(cadata=data)
    except (ssl.SSLError, ValueError):
        raise ValueError("'ca_certificate' is not a certificate in PEM or DER form") from None
