"""The programs with Google's clients, and the types of their errors."""

from __future__ import annotations

from tests.interop.programs import Program

PROGRAMS = (Program(kind="google", language="python", run=("{python}", "{here}/client.py")),)

#: what a language calls a failed precondition, an invalid argument, and what is not there
ERRORS = {
    "python": ("FailedPrecondition", "InvalidArgument", "NotFound"),
}
