"""What expressions and library functions see of the machine that runs them."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from ringback_server.lang.effects import Context, Effect, Log, OpenEndpoint
from ringback_server.lang.errors import resource_limit_error
from ringback_server.lang.limits import RunLimits
from ringback_server.lang.program import RoutineCode
from ringback_server.lang.recorder import Recorder
from ringback_server.lang.values import size_of
from ringback_server.model.resources import HistoryLevel, StepPlace

#: a frame's variables and temporaries by slot; the first item is the Host. Values are dynamic by
#: nature, and checked casts would cost more than the operations between them.
Slots = list[Any]

#: how much work an effect stands for, in steps, so that one advance never buffers too many
_WORK_PER_EFFECT = 20


class Host:
    """The counters of a machine, and the way to its effects; knows no strands."""

    __slots__ = (
        "context",
        "drawn",
        "effects",
        "endpoints",
        "epoch",
        "history",
        "limits",
        "logged",
        "memory",
        "now",
        "pc",
        "routine",
        "seed",
        "steps",
        "stop",
    )

    def __init__(self, context: Context, limits: RunLimits) -> None:
        self.context = context
        self.limits = limits
        #: Unix seconds, the same throughout an advance
        self.now = 0.0
        #: what randomness of an advance derives from, and how often that was done
        self.seed = b""
        self.drawn = 0
        #: containers stamped with it are visible through one variable only (see `memory`)
        self.epoch = 1
        #: accounted bytes of all variables
        self.memory = 0
        #: counted so far, and the count at which this advance looks whether to go on
        self.steps = 0
        self.stop = 0
        #: callback endpoints opened so far
        self.endpoints = 0
        #: accounted bytes of the log entries so far
        self.logged = 0
        self.effects: list[Effect] = []
        #: None: which steps ran is not recorded
        self.history: Recorder | None = None
        #: the instruction that runs, while it is one that calls a function
        self.routine: RoutineCode | None = None
        self.pc = 0

    def after(self, seconds: float) -> float:
        """Return the time that is not less than some seconds from now, rounding included."""
        deadline = self.now + seconds
        return deadline if deadline - self.now >= seconds else math.nextafter(deadline, math.inf)

    def random_bytes(self) -> bytes:
        """Return 16 bytes that nobody can foresee, other ones at each call."""
        self.drawn += 1
        number = self.drawn.to_bytes(8, "big")
        return hashlib.blake2b(number, key=self.seed, digest_size=16).digest()

    def record(self, level: HistoryLevel) -> Recorder | None:
        """Record which steps run, from now on and as far as a level says."""
        if level is not HistoryLevel.EXECUTION_HISTORY_LEVEL_UNSPECIFIED:
            self.history = Recorder(
                level,
                limit_entries=self.limits.history_entries,
                limit_bytes=self.limits.history_bytes,
            )
        return self.history

    def charge(self, work: int) -> None:
        """Count long work against the slice, in units of about one step."""
        self.stop -= work

    def ask(self, effect: Effect) -> None:
        """Add an effect to the outcome of this advance."""
        self.charge(_WORK_PER_EFFECT)
        self.effects.append(effect)

    def new_endpoint(self, method: str) -> int:
        """Open a callback endpoint and return its number; raises a ResourceLimitError."""
        number = self.endpoints
        if number >= self.limits.endpoints:
            raise resource_limit_error("Callback endpoint limit exceeded")
        self.endpoints += 1
        self.ask(OpenEndpoint(number, method, self.place()))
        return number

    def log(self, severity: str, text: str, *, structured: bool) -> None:
        """Write a log entry, a text or the text of a JSON value; raises a ResourceLimitError."""
        self.logged += size_of(text)
        if self.logged > self.limits.log_bytes:
            raise resource_limit_error("Log size limit exceeded")
        self.ask(
            Log(
                severity=severity,
                text=None if structured else text,
                json=text if structured else None,
                place=self.place(),
            )
        )

    @property
    def result_wanted(self) -> bool:
        """Whether the step whose call runs keeps its result."""
        return self.routine is None or bool(self.routine.code[self.pc][3])

    def place(self) -> StepPlace:
        """Return the step whose call runs."""
        if self.routine is None:
            return StepPlace("main", "")
        return self.routine.place(self.pc)
