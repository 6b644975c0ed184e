"""What tokens cost: one seen before, a new one, and many bad ones beside good callers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

from benchmarks import workflows
from benchmarks.asking import Asked, Sample
from benchmarks.bench import Bench
from benchmarks.calls import token_of
from benchmarks.figures import Check, Figure
from benchmarks.ringback import Ringback, serving
from ringback_server.clock import SystemClock
from ringback_server.front_door import FrontDoor
from ringback_server.settings import Settings
from ringback_server.store import open_store

_ACCOUNT = "invoker@local.iam.gserviceaccount.com"
_RESOURCE = "projects/local/locations/us-central1/workflows/waits"
_PERMISSION = "workflows.callbacks.send"
_MICROS = 1_000_000
_SEEN_CALLS = 5_000
_NEW_TOKENS = 500
_BAD_RATE = 5_000
_CONNECTIONS = 4
_GOOD_CLIENTS = 4


def tokens(bench: Bench) -> Iterator[Figure]:
    """Measure one token on one thread, then good callers beside a flood of bad tokens."""
    yield from _one_token(bench)
    yield from _flooded(bench)


def _one_token(bench: Bench) -> Iterator[Figure]:
    """Measure the processor time from a bearer token to a permission that was checked."""
    clock, settings = SystemClock(), Settings(data_dir=bench.folder("tokens"))
    with closing(open_store(settings.data_dir)) as store:
        door = FrontDoor.of(settings, store, clock, http="http://127.0.0.1:8780")
        authenticator = door.authenticator([])

        def cost(bearers: list[str]) -> float:
            begun = time.thread_time()
            for bearer in bearers:
                principal = authenticator.authenticate(bearer)
                door.access.check(principal, _PERMISSION, _RESOURCE)
            return (time.thread_time() - begun) / len(bearers) * _MICROS

        seen, new = list[float](), list[float]()
        for _ in range(bench.options.rounds):
            fresh = [door.issuer.access_token(_ACCOUNT).token for _ in range(_NEW_TOKENS)]
            new.append(cost(fresh))
            seen.append(cost(fresh[-1:] * _SEEN_CALLS))
    for what, rounds, bound in (("seen before", seen, 20), ("new, ES256", new, 300)):
        # The best of all: others on the machine can only make it slower.
        got = min(rounds)
        yield Figure(
            row="tokens",
            what=f"a token {what}, until its permission is checked",
            value=got,
            unit="us",
            checks=[Check(what="processor time", got=got, bound=bound, unit="us")],
            rounds=rounds,
        )


def _flooded(bench: Bench) -> Iterator[Figure]:
    """Measure good callers alone and beside as many bad tokens a second as the server answers."""
    with (
        serving(bench.folder("flood"), waits=workflows.WAITS) as (server, load),
        Asked("benchmarks.flood", log=server.log) as flood,
        ThreadPoolExecutor(1) as beside,
    ):
        load.ask("create", workflow="waits", count=1, clients=1)
        token, floods = token_of(str(server.key_file)), list[dict[str, float]]()

        def good() -> Sample:
            seconds = bench.options.seconds
            return load.sample("gets", workflow="waits", clients=_GOOD_CLIENTS, seconds=seconds)

        def among() -> Sample:
            asked = partial(flood.ask, "flood", **_bad(server, token, bench.options.seconds))
            answered = beside.submit(asked)
            sample = good()
            floods.append(answered.result())
            return sample

        measured = bench.interleaved({"alone": good, "among": among})
    alone, flooded = (Sample.joined(measured[name]) for name in ("alone", "among"))
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        got = flooded.quantile(part)
        yield Figure(
            row="tokens",
            what=f"GetExecution beside {_BAD_RATE:,} bad tokens/s, {name}",
            value=got,
            unit="ms",
            beside={
                "alone": alone.quantile(part),
                **{each: _middle(floods, each) for each in ("sent", "answered", "reset")},
            },
            checks=[
                Check(
                    what="times what it is alone",
                    got=got / alone.quantile(part),
                    bound=2,
                    unit="x",
                )
            ],
            rounds=[sample.quantile(part) for sample in measured["among"]],
        )


def _middle(floods: Sequence[Mapping[str, float]], what: str) -> str:
    return f"{statistics.median(each[what] for each in floods):,.0f} bad tokens/s"


def _bad(server: Ringback, token: str, seconds: float) -> dict[str, object]:
    return {
        "address": server.address,
        "token": token,
        "rate": _BAD_RATE,
        "connections": _CONNECTIONS,
        "seconds": seconds,
    }
