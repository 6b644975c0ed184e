"""The verb on logs: pages."""

from __future__ import annotations

from ringback_server.control import logs
from ringback_server.control.paging import PageRequest
from tests.services import Service


def test_page_when_entries_are_large(service: Service) -> None:
    """A page ends at 3 MiB, whatever its size in entries, and no entry is left out."""
    source = """
main:
  steps:
    - make:
        assign: [{s: "0123456789abcdef"}, {n: 0}]
    - double:
        switch:
          - condition: ${len(s) < 100000}
            assign: [{s: "${s + s}"}]
            next: double
    - note:
        call: sys.log
        args: {text: "${s}"}
    - again:
        switch:
          - condition: ${n < 39}
            assign: [{n: "${n + 1}"}]
            next: note
"""
    execution = service.execution("w", source)
    service.ended(execution.name)
    first = logs.list_(service.caller(), execution.name, PageRequest(size=1_000))
    second = logs.list_(
        service.caller(), execution.name, PageRequest(size=1_000, token=first.next_token)
    )

    assert 3 * 1024 * 1024 >= sum(len(item.entry.text or "") for item in first.items)
    assert (40, "") == (len(first.items) + len(second.items), second.next_token)
