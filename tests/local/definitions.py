"""Definitions that tests run, and how."""

from __future__ import annotations

from ringback_server.local.results import Result
from ringback_server.local.runs import run_definition

APPROVAL = """
main:
  params: [order]
  steps:
    - look:
        try:
          call: http.get
          args:
            url: ${"https://api.example.com/orders/" + order.id}
            query: {full: true}
          result: found
        retry: ${http.default_retry}
    - store:
        call: googleapis.firestore.v1.projects.databases.documents.patch
        args:
          name: ${"orders/" + order.id}
          body: {fields: {total: "${found.body.total}"}}
        result: stored
    - open:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: endpoint
    - announce:
        call: sys.log
        args: {severity: NOTICE, text: "${order.id + \\" waits\\"}"}
    - wait:
        call: events.await_callback
        args: {callback: "${endpoint}", timeout: 3600}
        result: request
    - finish:
        return: {approved: "${request.http_request.body.approved}", name: "${stored.name}"}
"""
ORDER = {"id": "7"}
LOOK = {"url": "https://api.example.com/orders/7", "answer": {"body": {"total": 12}}}
STORE = {"call": "googleapis.firestore.*", "answer": {"return": {"name": "doc"}}}
APPROVED = {"step": "open", "after": 60, "body": {"approved": True}}


def called(step: str) -> str:
    """Return a definition with one step, whose lines these are, and whose result `r` it returns."""
    lines = "\n".join(f"        {line}" for line in step.splitlines())
    return (
        f"main:\n  steps:\n    - ask:\n{lines}\n        result: r\n    - done: {{return: '${{r}}'}}"
    )


def asked(
    stub: dict[str, object], step: str = 'call: http.get\nargs: {url: "http://a/b"}'
) -> Result:
    """Run a step with a stub for everything."""
    return run_definition(called(step), stubs=[{"call": "*", **stub}])
