"""Programs with clients generated from protos/, and services that call workflows back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.interop.programs import Program

#: kept from one installation to the next: it takes a minute to build from nothing
CARGO = "{root}/.interop/cargo"
#: what each project begins with: the protos, in a folder of its own; then its build, with buf
BUILD = (
    ("{python}", "{root}/scripts/export_protos.py", "protos"),
    ("{root}/scripts/install_buf.sh",),
    (
        *("env", f"CARGO_TARGET_DIR={CARGO}", "sh", "-ec"),
        'PATH="{root}/.node/node_modules/.bin:$PATH"; . ./build.sh',
    ),
)
JAVA = ("java", "-cp", "{here}/target/classes:{here}/target/dependency/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is built once in a language, with the commands that run its programs."""

    tools: tuple[str, ...] = ()
    #: whether there is something to generate
    built: bool = True
    #: the shortest program of all
    shortest: tuple[str, ...]
    #: by the name of the library that the client is generated for
    clients: Mapping[str, tuple[str, ...]]
    service: tuple[str, ...]
    #: the shortest with TLS, where that is more than another address
    secure: tuple[str, ...] = ()


PROJECTS = {
    "python": Project(
        built=False,
        shortest=("{python}", "{here}/shortest.py"),
        clients={"python": ("{python}", "{here}/callback.py")},
        service=("{python}", "{here}/service.py"),
        secure=("{python}", "{here}/secure.py"),
    ),
    "node": Project(
        tools=("node", "npm"),
        shortest=("node", "{here}/dist/shortest.js"),
        clients={
            "grpc-js": ("node", "{here}/dist/grpc.js"),
            "connect": ("node", "{here}/dist/connect.js"),
        },
        service=("node", "{here}/dist/service.js"),
        secure=("node", "{here}/dist/secure.js"),
    ),
    "go": Project(
        tools=("go", "npm"),
        shortest=("{here}/bin/shortest",),
        clients={"go": ("{here}/bin/callback",)},
        service=("{here}/bin/service",),
        secure=("{here}/bin/secure",),
    ),
    "java": Project(
        tools=("java", "mvn"),
        shortest=(*JAVA, "example.Shortest"),
        clients={"java": (*JAVA, "example.Callback")},
        service=(*JAVA, "example.Service"),
        secure=(*JAVA, "example.Secure"),
    ),
    "rust": Project(
        tools=("cargo",),
        shortest=(f"{CARGO}/debug/shortest",),
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
        install=BUILD if project.built else (),
        run=run,
        sources=("protos/ringback", "scripts/export_protos.py") if project.built else (),
    )


#: by the name of the library
CLIENTS = {
    library: _program(language, run)
    for language, project in PROJECTS.items()
    for library, run in project.clients.items()
}
SERVICES = tuple(_program(language, project.service) for language, project in PROJECTS.items())
SHORTEST = tuple(_program(language, project.shortest) for language, project in PROJECTS.items())
SECURE = tuple(
    _program(language, project.secure) for language, project in PROJECTS.items() if project.secure
)
#: calls every method that the others leave out
EVERYTHING = _program("python", ("{python}", "{here}/everything.py"))
LOGINS = _program("python", ("{python}", "{here}/logins.py"))
#: administers accounts, keys, roles and policies
ACCOUNTS = _program("python", ("{python}", "{here}/accounts.py"))
#: each is installed with its language's others
PROGRAMS = SERVICES
