"""The programs with Google's clients, and the types of their errors."""

from __future__ import annotations

from tests.interop.programs import Program

_JARS = "-DoutputDirectory={here}/target/lib"

PROGRAMS = (
    Program(kind="google", language="python", run=("{python}", "{here}/client.py")),
    Program(
        kind="google",
        language="node",
        tools=("node", "npm"),
        install=(("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),),
        run=("node", "{here}/client.mjs"),
    ),
    Program(
        kind="google",
        language="go",
        tools=("go",),
        install=(("go", "build", "-o", "{here}/client", "."),),
        run=("{here}/client",),
    ),
    Program(
        kind="google",
        language="java",
        tools=("java", "mvn", "keytool"),
        install=(("mvn", "-B", "-q", "compile", "dependency:copy-dependencies", _JARS),),
        run=("java", "-cp", "{here}/target/classes:{here}/target/lib/*", "Client"),
    ),
)

#: beside the first, in the same folder: Python's clients for asyncio
ASYNCHRONOUS = Program(kind="google", language="python", run=("{python}", "{here}/aclient.py"))

#: what a language calls a failed precondition, an invalid argument, and what is not there
ERRORS = {
    "python": ("FailedPrecondition", "InvalidArgument", "NotFound"),
    "node": ("Error", "Error", "Error"),
    "go": ("*apierror.APIError", "*apierror.APIError", "*apierror.APIError"),
    "java": ("FailedPreconditionException", "InvalidArgumentException", "NotFoundException"),
}
