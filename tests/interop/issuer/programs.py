"""The issuers: programs that run until they are stopped."""

from __future__ import annotations

from tests.interop.programs import Program

PROGRAMS = (
    Program(
        kind="issuer",
        language="node",
        tools=("node", "npm"),
        install=(("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),),
        run=("node", "{here}/issuer.mjs"),
    ),
    Program(
        kind="issuer",
        language="go",
        tools=("go",),
        install=(("go", "build", "-o", "{here}/issuer", "."),),
        run=("{here}/issuer",),
    ),
)

#: what the issuer in a language signs with
ALGORITHMS = {"node": ("es256", "rs256", "eddsa"), "go": ("rs256",)}
