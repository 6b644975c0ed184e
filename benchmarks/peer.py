"""Times PyPI's `workflows-emulator`; run by a Python that has it, with definitions on stdin.

Reads a JSON list of [definition, how often it counts] and writes the rates, as a JSON list.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module


def main() -> None:
    """Run each definition once."""
    execute = import_module("workflows_emulator.main").execute_workflow
    rates: list[float] = []
    for definition, count in json.load(sys.stdin):
        began = time.perf_counter()
        execute(json.loads(definition), {})
        rates.append(count / (time.perf_counter() - began))
    json.dump(rates, sys.stdout)


if __name__ == "__main__":
    main()
