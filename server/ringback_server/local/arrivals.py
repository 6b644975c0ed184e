"""Callback endpoints, and the callbacks that arrive at them when they are due."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ringback_server.control.request_map import CallbackRequest, request_map
from ringback_server.lang.effects import OpenEndpoint, Wait
from ringback_server.lang.values import Value, wrap
from ringback_server.local.moments import moment
from ringback_server.local.results import Sent
from ringback_server.local.scripts import Placed
from ringback_server.local.stubs import Callback
from ringback_server.model.names import CallbackName, ExecutionName


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A callback on its way."""

    time: float
    endpoint: int
    callback: Placed[Callback]


@dataclass(slots=True)
class _Endpoint:
    method: str
    step: str
    #: what no wait has taken yet: the callback, and its request map
    buffered: list[tuple[_Due, Value]] = field(default_factory=list[tuple[_Due, Value]])


class Arrivals:
    """Sends each callback of a script once, when its endpoint is there or is waited for."""

    def __init__(
        self, execution: ExecutionName, script: Sequence[Placed[Callback]], begin: float
    ) -> None:
        """Take the script; `begin` is when the run begins, in Unix seconds."""
        self._execution = execution
        self._begin = begin
        self._unsent = list(script)
        self._endpoints = dict[int, _Endpoint]()
        self._of_step = defaultdict[str, list[int]](list)
        self._waits = Counter[str]()
        self._underway: list[_Due] = []
        self._refused: list[str] = []
        self.sent: list[Sent] = []

    @property
    def next(self) -> float | None:
        """When the next callback arrives, as far as that is known."""
        return min((due.time for due in self._underway), default=None)

    @property
    def left(self) -> int:
        """How many callbacks have not arrived."""
        return len(self._unsent) + len(self._underway)

    def opened(self, effect: OpenEndpoint, now: float) -> None:
        """Note an endpoint; callbacks to it begin their way."""
        step = "" if effect.place is None else effect.place.step
        self._endpoints[effect.number] = _Endpoint(effect.method, step)
        self._of_step[step].append(effect.number)
        for callback in list(self._unsent):
            if self._is_for(callback.record, effect.number, step):
                self._send(callback, effect.number, now)

    def awaited(self, wait: Wait, step: str, now: float) -> None:
        """Note that a step began to wait; the next callback for that begins its way."""
        if wait.endpoint is None:
            return
        self._waits[step] += 1
        for callback in self._unsent:
            if callback.record.awaiting == step:
                self._send(callback, wait.endpoint, now)
                return

    def arrive(self, now: float, waits: Mapping[int, Wait]) -> None:
        """Have what is due by now arrive, while the execution waits for this."""
        due = sorted((d for d in self._underway if d.time <= now), key=lambda one: one.time)
        for one in due:
            self._underway.remove(one)
            self._arrive(one, [wait.endpoint for wait in waits.values()].count(one.endpoint))

    def deliveries(self, waits: Mapping[int, Wait]) -> dict[int, Value]:
        """Give what arrived to the waits for it, the oldest first; return it by their numbers."""
        found = dict[int, Value]()
        for number, wait in waits.items():
            endpoint = None if wait.endpoint is None else self._endpoints[wait.endpoint]
            if endpoint is not None and endpoint.buffered:
                found[number] = endpoint.buffered.pop(0)[1]
        return found

    def notes(self, end: float) -> Iterator[str]:
        """Yield why callbacks reached nothing, in a run that ended at a time in Unix seconds."""
        yield from self._refused
        for endpoint in self._endpoints.values():
            for due, _ in endpoint.buffered:
                yield (
                    f"{due.callback.place}: it arrived at {moment(due.time)}, but nothing waited "
                    f"for it any more at the endpoint of step '{endpoint.step}'"
                )
        for due in self._underway:
            times = f"due at {moment(due.time)}, but the run ended at {moment(end)}"
            yield f"{due.callback.place}: it was {times}"
        for callback in self._unsent:
            yield f"{callback.place}: it was not sent, for {self._missing(callback.record)}"

    def _missing(self, callback: Callback) -> str:
        """Return what a callback was for, and what there was of it."""
        if callback.awaiting is not None:
            count = self._waits[callback.awaiting]
            done = f"waited only {_times(count)}" if count else "did not wait"
            return f"step '{callback.awaiting}' {done}"
        who, count = "the run", len(self._endpoints)
        if callback.step is not None:
            who, count = f"step '{callback.step}'", len(self._of_step[callback.step])
        return f"{who} created {f'only {count} of its' if count else 'no'} endpoints"

    def _is_for(self, callback: Callback, number: int, step: str) -> bool:
        if callback.awaiting is not None:
            return False
        place = (callback.endpoint or 1) - 1
        if callback.step is None:
            return place == number
        return callback.step == step and self._of_step[step].index(number) == place

    def _send(self, callback: Placed[Callback], endpoint: int, now: float) -> None:
        self._unsent.remove(callback)
        due = _Due(time=now + callback.record.after, endpoint=endpoint, callback=callback)
        self._underway.append(due)

    def _arrive(self, due: _Due, waiting: int) -> None:
        endpoint, callback = self._endpoints[due.endpoint], due.callback.record
        method = (callback.method or endpoint.method).upper()
        if method != endpoint.method:
            outcome = "refused"
            takes = f"the endpoint of step '{endpoint.step}' takes {endpoint.method}, not {method}"
            self._refused.append(
                f"{due.callback.place}: it was refused at {moment(due.time)}: {takes}"
            )
        else:
            outcome = "resumed" if waiting > len(endpoint.buffered) else "buffered"
            endpoint.buffered.append((due, self._request(due, method)))
        sent = Sent(endpoint=due.endpoint + 1, method=method, time=due.time, outcome=outcome)
        self.sent.append(sent)

    def _request(self, due: _Due, method: str) -> Value:
        callback = due.callback.record
        request = CallbackRequest(
            method=method,
            query=callback.pairs,
            headers=callback.sent_headers(),
            body=callback.content(),
        )
        path = f"/v1/{CallbackName.of(self._execution, due.endpoint)}"
        uptime = due.time - self._begin
        return wrap(
            request_map(request, method=method, path=path, received=due.time, uptime=uptime)
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
