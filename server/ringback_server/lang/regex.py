"""Regular expressions: RE2, leftmost-longest, with bounds on what a pattern may cost.

RE2 never backtracks: one search is linear in the text. What is left to bound is the size of a
program, and the searches that each run to the end of the text to find a match near its beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

import re2

from ringback_server.lang.errors import resource_limit_error, value_error

#: characters of a pattern
MAX_PATTERN = 4096
#: memory of a compiled pattern and of the automata it grows, in bytes
MAX_MEMORY = 8 << 20
#: how many compiled patterns are kept
KEPT = 16

# In instructions times bytes; a few seconds each on a slow machine.
_MOST_WORK_PER_SEARCH = 1 << 29
_MOST_WORK = 1 << 33

# `\C` matches a byte, which may be half of a character.
_ANY_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
# A repetition without bound in front of something else: a search may look far beyond its match.
_LOOKS_FAR = re.compile(r"[*+].|,\}.", re.DOTALL)


class _Match(Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


class _Program(Protocol):
    @property
    def programsize(self) -> int: ...

    def search(self, text: str) -> _Match | None: ...

    def finditer(self, text: str) -> Iterator[_Match]: ...


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches anywhere; raises a ValueError or ResourceLimitError."""
    return _compiled(pattern, len(text)).search(text) is not None


def spans(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each match, in characters; they do not overlap.

    An empty match right behind a match is none. Raises a ValueError or ResourceLimitError.
    """
    program = _compiled(pattern, len(text))
    cost = program.programsize if _LOOKS_FAR.search(pattern) else 0
    work, last = 0, -1
    for match in program.finditer(text):
        begin, end = match.start(), match.end()
        if end > last:
            yield begin, end
        last = end
        work += cost * (len(text) - end)
        if work > _MOST_WORK:
            raise resource_limit_error("Regular expression takes too long on this text")


def _compiled(pattern: str, length: int) -> _Program:
    if len(pattern) > MAX_PATTERN:
        raise value_error(f"a regular expression may have {MAX_PATTERN} characters at most")
    if _ANY_BYTE.search(pattern):
        raise value_error("a regular expression may not contain '\\C'")
    try:
        program = _program(pattern)
    except re2.error as error:
        raise value_error(f"invalid regular expression: {_reason(error)}") from None
    if program.programsize * length > _MOST_WORK_PER_SEARCH:
        raise resource_limit_error("Regular expression is too large for this text")
    return program


@lru_cache(maxsize=KEPT)
def _program(pattern: str) -> _Program:
    options = re2.Options()
    options.longest_match = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    finally:
        re2.purge()  # its own cache would hold 128 programs of that size


def _reason(error: re2.error) -> str:
    reason: object = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
