"""The workflows that services are measured with."""

from __future__ import annotations

#: ends at once
NOTHING = "- finish: {return: done}"

#: computes for some milliseconds, which is more than one turn, and ends
COMPUTES = """
- count: {for: {value: n, range: [1, 600], steps: [{add: {assign: [{x: "${n}"}]}}]}}
- finish: {return: done}
"""

#: waits for a POST and ends; nothing is logged
WAITS = """
- open: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: e}
- hold: {call: events.await_callback, args: {callback: "${e}", timeout: 86400}, result: request}
- finish: {return: done}
"""

#: opens an endpoint and waits at another one, so that what the first is sent is only kept
KEEPS = """
- open: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: kept}
- other: {call: events.create_callback_endpoint, args: {http_callback_method: POST}, result: e}
- hold: {call: events.await_callback, args: {callback: "${e}", timeout: 86400}, result: request}
"""

#: computes until somebody cancels it
LOOPS = """
- init: {assign: [{n: 0}]}
- add: {assign: [{n: "${(n + 1) % 1000}"}]}
- again: {next: add}
"""

#: waits until a moment that its argument names, and handles the timeout
TIMES_OUT = """
main:
  params: [args]
  steps:
    - open:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: e
    - hold:
        try:
          call: events.await_callback
          args: {callback: "${e}", timeout: "${args.at - sys.now()}"}
          result: request
        except:
          as: error
          steps:
            - note: {assign: [{tags: "${error.tags}"}]}
            - late: {return: "${tags[0]}"}
    - finish: {return: done}
"""
