"""Programs with clients generated from protos/, and services that call workflows back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.interop.programs import Program

#: what each project begins with: the protos, in a folder of its own
EXPORT = ("{python}", "{root}/scripts/export_protos.py", "protos")
BUF = "{root}/.node/node_modules/.bin/buf"
#: kept from one installation to the next: it takes a minute to build from nothing
CARGO = "{root}/.interop/cargo"
JAVA = ("java", "-cp", "{here}/target/classes:{here}/target/dependency/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is built once in a language, with the commands that run its programs."""

    tools: tuple[str, ...] = ()
    install: tuple[tuple[str, ...], ...] = ()
    #: by the name of the library that the client is generated for
    clients: Mapping[str, tuple[str, ...]]
    service: tuple[str, ...]


PROJECTS = {
    "python": Project(
        clients={"python": ("{python}", "{here}/callback.py")},
        service=("{python}", "{here}/service.py"),
    ),
    "node": Project(
        tools=("node", "npm"),
        install=(
            EXPORT,
            ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
            ("npx", "buf", "generate"),
            ("npx", "tsc"),
        ),
        clients={
            "grpc-js": ("node", "{here}/dist/grpc.js"),
            "connect": ("node", "{here}/dist/connect.js"),
        },
        service=("node", "{here}/dist/service.js"),
    ),
    "go": Project(
        tools=("go", "npm"),
        install=(
            EXPORT,
            ("{root}/scripts/install_buf.sh",),
            (BUF, "generate"),
            ("go", "build", "-o", "bin/", "./callback", "./service"),
        ),
        clients={"go": ("{here}/bin/callback",)},
        service=("{here}/bin/service",),
    ),
    "java": Project(
        tools=("java", "mvn"),
        install=(EXPORT, ("mvn", "-B", "-q", "compile", "dependency:copy-dependencies")),
        clients={"java": (*JAVA, "example.Callback")},
        service=(*JAVA, "example.Service"),
    ),
    "rust": Project(
        tools=("cargo",),
        install=(EXPORT, ("cargo", "build", "--target-dir", CARGO)),
        clients={"rust": (f"{CARGO}/debug/callback",)},
        service=(f"{CARGO}/debug/service",),
    ),
}


def _program(language: str, run: tuple[str, ...]) -> Program:
    project = PROJECTS[language]
    return Program(
        kind="generated",
        language=language,
        tools=project.tools,
        install=project.install,
        run=run,
        sources=("protos/ringback", "scripts/export_protos.py") if project.install else (),
    )


#: by the name of the library
CLIENTS = {
    library: _program(language, run)
    for language, project in PROJECTS.items()
    for library, run in project.clients.items()
}
SERVICES = tuple(_program(language, project.service) for language, project in PROJECTS.items())
#: each is installed with its language's others
PROGRAMS = SERVICES
