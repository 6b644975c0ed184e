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
)
