"""Every error that a caller can be told."""

from __future__ import annotations

from ringback_server import errors

ERRORS = tuple(
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, errors.RingbackError)
)


def an_error(kind: type[errors.RingbackError]) -> errors.RingbackError:
    """Make an error of a class."""
    if issubclass(kind, errors.MethodNotAllowedError):
        return kind("What happened.", allow="POST")
    return kind("What happened.")
