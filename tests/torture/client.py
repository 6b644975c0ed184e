"""A client that asks for one thing after the other and writes down what it is told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus

import httpx

from ringback_server.model.names import CallbackName, ExecutionName
from tests.torture.ledger import Answer, Entry, Ledger, Payload

PARENT = "projects/local/locations/us-central1"

#: takes payloads until one says that it is the last, or until five waits timed out; says what
#: came of each wait, and returns the ids of what it took
SOURCE = """
main:
  params: [a]
  steps:
    - begin:
        assign: [{n: 0}, {timeouts: 0}, {got: []}]
    - create:
        call: events.create_callback_endpoint
        result: endpoint
    - announce:
        call: sys.log
        args: {text: "${\\"await \\" + n}"}
    - wait:
        try:
          call: events.await_callback
          args: {callback: "${endpoint}", timeout: "${a.timeout}"}
          result: request
        except:
          as: e
          steps:
            - nothing:
                assign: [{request: null}]
    - judge:
        switch:
          - condition: ${request == null}
            steps:
              - count:
                  assign: [{timeouts: "${timeouts + 1}"}]
              - say_timeout:
                  call: sys.log
                  args: {text: "${\\"timeout \\" + n}"}
          - condition: true
            steps:
              - keep:
                  assign: [{got: "${list.concat(got, request.http_request.body.id)}"}]
              - say_got:
                  call: sys.log
                  args: {text: "${\\"got \\" + n + \\" \\" + request.http_request.body.id}"}
    - more:
        switch:
          - condition: ${timeouts >= 5}
            return: ${got}
          - condition: ${request != null}
            switch:
              - condition: ${request.http_request.body.last}
                return: ${got}
    - again:
        assign: [{n: "${n + 1}"}]
        next: announce
"""

_PATIENCE = 10.0
_EXECUTIONS = 12


class Client:
    """One thread's worth of load, on workflows and executions of its own."""

    def __init__(self, name: str, seed: int, up: Callable[[], tuple[str, str] | None]) -> None:
        """Take what waits for the server and says its URL and a token, or None at the end."""
        self.ledger = Ledger()
        self._name = name
        self._random = random.Random(seed)
        self._up = up
        self._count = 0
        self._workflow = ""
        self._http = httpx.Client(timeout=_PATIENCE)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.error: BaseException | None = None

    def start(self) -> None:
        """Start asking."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end; raises what went wrong."""
        self._thread.join(_PATIENCE * 2)
        self._http.close()
        if self.error is not None:
            raise self.error
        if self._thread.is_alive():
            raise TimeoutError(self._name)

    def _run(self) -> None:
        try:
            while (place := self._up()) is not None:
                self._step(*place)
        except BaseException as error:  # noqa: BLE001 - raised again by `join`
            self.error = error

    def _step(self, url: str, token: str) -> None:
        self._http.base_url = f"{url}/v1/"
        self._http.headers["Authorization"] = f"Bearer {token}"
        live = self.ledger.live()
        chance = self._random.random()
        if not self._workflow:
            self._deploy()
        elif chance < 0.01:
            self._delete()
        elif len(live) < 2 or (chance < 0.25 and len(live) < _EXECUTIONS):
            self._create()
        elif chance < 0.30:
            self._cancel(self._random.choice(live))
        else:
            self._send(self._random.choice(live))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """Return an answer that says yes or no; None if it was neither, or none came."""
        try:
            answer = self._http.request(method, path, json=json, params=params, headers=headers)
        except httpx.TransportError:
            answer = None
        verb = method if ":" not in path else path.rpartition(":")[2]
        status = "none" if answer is None else str(answer.status_code)
        self.ledger.answers[f"{verb} {status}"] += 1
        if answer is None or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return None
        return answer

    def _deploy(self) -> None:
        self._count += 1
        name = f"{self._name}-{self._count}"
        parameters = {"workflowId": name}
        body = {"sourceContents": SOURCE}
        answer = self._ask("POST", f"{PARENT}/workflows", params=parameters, json=body)
        if answer is not None:
            assert answer.status_code == HTTPStatus.OK, answer.text
            self._workflow = name

    def _delete(self) -> None:
        """Delete the workflow in use."""
        path = f"{PARENT}/workflows/{self._workflow}"
        answer = self._ask("DELETE", path)
        if answer is None:
            # Whether or not it went through: leave it be.
            self.ledger.perhaps_deleted.add(self._workflow)
            self._workflow = ""
            for entry in self.ledger.live():
                entry.over = True
            return
        assert answer.status_code == HTTPStatus.OK, answer.text
        self.ledger.deleted.add(self._workflow)
        for entry in self.ledger.entries:
            entry.over = entry.over or entry.workflow == self._workflow
        self._workflow = ""

    def _create(self) -> None:
        self._count += 1
        entry = Entry(f"{self._name}-e{self._count}", self._workflow)
        self.ledger.entries.append(entry)
        timeout = self._random.choice([1, 1, 3, 3600])
        argument = f'{{"id":"{entry.id}","timeout":{timeout}}}'
        path = f"{PARENT}/workflows/{self._workflow}/executions"
        answer = self._ask("POST", path, json={"argument": argument})
        if answer is not None:
            assert answer.status_code == HTTPStatus.OK, answer.text
            entry.answer, entry.name = Answer.ACKNOWLEDGED, answer.json()["name"]

    def _cancel(self, entry: Entry) -> None:
        answer = self._ask("POST", f"{entry.name}:cancel", json={})
        if answer is None:
            entry.cancelled = Answer.UNKNOWN
        elif answer.status_code == HTTPStatus.OK:
            entry.cancelled = Answer.ACKNOWLEDGED
        entry.over = True

    def _send(self, entry: Entry) -> None:
        """Send a callback; one with a key is sent again, perhaps later, until it is answered."""
        open_ones = [p for p in entry.payloads if p.key and p.answer is Answer.UNKNOWN]
        if open_ones:
            payload = open_ones[0]
        else:
            self._count += 1
            name = f"{self._name}-p{self._count}"
            key = name if self._random.random() < 0.5 else None
            payload = Payload(name, key, last=self._random.random() < 0.1)
            entry.payloads.append(payload)
        headers = {} if payload.key is None else {"Idempotency-Key": payload.key}
        body = {"id": payload.id, "last": payload.last}
        path = str(CallbackName.of(ExecutionName.parse(entry.name), 0))
        answer = self._ask("POST", path, headers=headers, json=body)
        if answer is None:
            return
        if answer.status_code == HTTPStatus.OK:
            payload.answer = Answer.ACKNOWLEDGED
            payload.payload_id = answer.headers["Ringback-Payload-Id"]
        elif answer.status_code == HTTPStatus.NOT_FOUND:
            entry.over = True
            if not open_ones:
                payload.answer = Answer.REFUSED
        else:
            assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS, answer.text
            payload.answer = Answer.REFUSED if not open_ones else Answer.UNKNOWN
