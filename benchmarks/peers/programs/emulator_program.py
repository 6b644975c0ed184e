"""PyPI's `workflows-emulator`, as a library: runs definitions."""

from __future__ import annotations

import asyncio
import json
import time

from workflows_emulator.main import execute_workflow

from benchmarks.answering import answer, sample


async def run(definition: str) -> dict[str, object]:
    """Run a definition once."""
    steps = json.loads(definition)
    begun = time.perf_counter()
    await asyncio.to_thread(execute_workflow, steps, {})
    return sample(time.perf_counter() - begun, [])


if __name__ == "__main__":
    asyncio.run(answer({"run": run}))
