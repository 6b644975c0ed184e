"""The verb on logs: pages."""

from __future__ import annotations

from ringback_server.control import logs
from ringback_server.control.paging import PageRequest
from ringback_server.store.pages import PAGE_BYTES
from tests.services import Service


def test_page_when_entries_are_large(service: Service) -> None:
    """A page ends at 2 MiB, whatever its size in entries, and no entry is left out."""
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
    pages = [logs.list_(service.caller(), execution.name, PageRequest(size=1_000))]
    while token := pages[-1].next_token:
        request = PageRequest(size=1_000, token=token)
        pages.append(logs.list_(service.caller(), execution.name, request))

    sizes = [sum(item.text_bytes for item in page.items) for page in pages]
    assert PAGE_BYTES >= max(sizes)
    assert 40 == sum(len(page.items) for page in pages)
