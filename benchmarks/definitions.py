"""What is measured: definitions as text, for any interpreter of the language."""

from __future__ import annotations

import json
from typing import Any

_FINISH = {"finish": {"return": "${n}"}}
_INIT = {"init": {"assign": [{"n": 0}]}}
_ADD = {"assign": [{"n": "${n + 1}"}]}


def loop(turns: int) -> str:
    """Return a `for` over a range with one assignment."""
    body = {"value": "i", "range": [1, turns], "steps": [{"add": _ADD}]}
    return json.dumps([_INIT, {"loop": {"for": body}}, _FINISH])


def jumps(turns: int) -> str:
    """Return a loop of a condition, an assignment and a `next`."""
    check = {"switch": [{"condition": f"${{n >= {turns}}}", "next": "finish"}]}
    return json.dumps([_INIT, {"check": check}, {"more": {**_ADD, "next": "check"}}, _FINISH])


def filled_map(items: int) -> str:
    """Return a loop that adds keys to a map."""
    return _filled(items, [{"m": {}}], [{'m["key" + i]': "${i}"}])


def filled_list(items: int) -> str:
    """Return a loop that adds items to a list."""
    return _filled(items, [{"l": []}], [{"l": "${list.concat(l, i)}"}])


def _filled(items: int, first: list[Any], each: list[Any]) -> str:
    body = {"value": "i", "range": [1, items], "steps": [{"add": {"assign": each}}]}
    return json.dumps([{"init": {"assign": first}}, {"loop": {"for": body}}])


_ROUTINE = """
task_{n}:
  params: [order, retries: 3]
  steps:
    - init_{n}:
        assign:
          - total: 0
          - seen: {{state: new, lines: [], owner: '${{map.get(order, "owner")}}'}}
    - price_{n}:
        for:
          value: line
          index: i
          in: ${{order.lines}}
          steps:
            - check_{n}:
                switch:
                  - condition: ${{line.count <= 0 or not("price" in line)}}
                    next: continue
                  - condition: ${{i > 100}}
                    raise: '${{"too many lines: " + len(order.lines)}}'
            - add_{n}:
                assign:
                  - total: ${{total + line.count * line.price}}
                  - seen.lines: ${{list.concat(seen.lines, line.name)}}
    - attempt_{n}:
        try:
          steps:
            - open_{n}: {{call: events.create_callback_endpoint, result: endpoint}}
            - tell_{n}:
                call: sys.log
                args: {{severity: INFO, text: '${{"waiting for " + endpoint.url}}'}}
            - hold_{n}:
                call: events.await_callback
                args: {{callback: "${{endpoint}}", timeout: 3600}}
                result: answer
        retry:
          predicate: ${{retry.always}}
          max_retries: ${{retries}}
          backoff: {{initial_delay: 1, max_delay: 60, multiplier: 2}}
        except:
          as: e
          steps:
            - sort_{n}:
                switch:
                  - condition: '${{"TimeoutError" in e.tags}}'
                    return: {{state: late, total: "${{total}}"}}
            - again_{n}: {{raise: "${{e}}"}}
    - finish_{n}: {{return: {{state: "${{seen}}", total: "${{round(total)}}"}}}}
"""


def typical(size: int) -> str:
    """Return a definition of about so many bytes, with what definitions usually hold."""
    parts = ["main:\n  steps:\n    - finish: {return: done}\n"]
    parts.append("round:\n  params: [x]\n  steps: [{cut: {return: '${int(x * 100) / 100}'}}]\n")
    while sum(map(len, parts)) < size:
        parts.append(_ROUTINE.format(n=len(parts)))
    return "".join(parts)
