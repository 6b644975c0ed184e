"""Requests that a workflow sends where it must not: each way to write a place, by the language.

Policy and client have their own tests in tests/engine/outbound; redirects, and names that lead
elsewhere the second time they are looked up, are in test_redirects.py there.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from ringback_server.control import executions, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.workflows import WorkflowSpec
from tests.security.stage import Stage
from tests.services import ADMIN, PARENT

_SOURCE = """
main:
  params: [urls]
  steps:
  - begin:
      assign: [{told: []}]
  - each:
      for:
        value: url
        in: ${urls}
        steps:
        - ask:
            try:
              call: http.get
              args:
                url: ${url}
                timeout: 5
                headers: {Metadata-Flavor: Google}
              result: answer
            except:
              as: e
              steps:
              - note:
                  assign:
                  - told: '${list.concat(told, json.encode_to_string(e))}'
              - go_on:
                  next: continue
        - note_answer:
            assign:
            - told: '${list.concat(told, "ANSWERED")}'
  - done:
      return: ${told}
"""
#: what refusals say: of the policy, of a URL that is none, or of a name that nothing has
_REFUSALS = ("always refused", "--egress-allow", "metadata server", "ValueError", "[Errno -")

#: 127.0.0.1 and 0.0.0.0; HERE is a port at which a test listens
HERE = [
    "http://127.0.0.1:HERE/",
    "http://127.1:HERE/",
    "http://2130706433:HERE/",
    "http://0x7f000001:HERE/",
    "http://017700000001:HERE/",
    "http://0177.0.0.1:HERE/",
    "http://0x7f.0x0.0x0.0x1:HERE/",
    "http://127.0.0.1.:HERE/",
    "http://127.127.127.127:HERE/",
    "http://0:HERE/",
    "http://0.0.0.0:HERE/",
    "http://localhost:HERE/",
    "http://LOCALHOST.:HERE/",
    "http://[::1]:HERE/",
    "http://[::]:HERE/",
    "http://[0:0:0:0:0:0:0:1]:HERE/",
    "http://[::ffff:127.0.0.1]:HERE/",
    "http://[::ffff:7f00:1]:HERE/",
    "http://[::127.0.0.1]:HERE/",
    "http://[64:ff9b::7f00:1]:HERE/",
    "http://[2002:7f00:1::]:HERE/",
    "http://127\u30020\u30020\u30021:HERE/",
    "http://\uff11\uff12\uff17.0.0.1:HERE/",
    "http://\u2460\u2461\u2466.0.0.1:HERE/",
    "http://127.0.0.1\uff0eHERE/",
    "http://user@127.0.0.1:HERE/",
    "http://example.org@127.0.0.1:HERE/",
    "http://example.org:80@127.0.0.1:HERE/",
    "http://127.0.0.1:HERE\\@example.invalid/",
    "http://example.invalid\\@127.0.0.1:HERE/",
    "http://127.0.0.1:HERE#@example.invalid/",
    "http://127.0.0.1:HERE?@example.invalid/",
    "http:127.0.0.1:HERE/",
    "http:///127.0.0.1:HERE/",
    "http://127.0.0.1%00.example.invalid:HERE/",
    "http://127.0.0.1:HERE/\r\nX-Injected: 1",
    "//127.0.0.1:HERE/",
    "127.0.0.1:HERE",
]
#: where clouds keep credentials, and what is no HTTP
ELSEWHERE = [
    "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA/computeMetadata/v1/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://0251.254.0xa9.254/",
    "http://[fd00:ec2::254]/latest/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://168.63.129.16/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://[ff02::1]/",
    "http://[fc00::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://169\uff0e254\u3002169\uff61254/",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:70/_GET",
    "dict://127.0.0.1:11211/stats",
    "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/info",
    "jar:http://127.0.0.1!/",
    "data:text/plain,x",
    "HTTP://127.0.0.1:1/",
    "http://",
    "",
]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Listen at a port of all addresses of this machine."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        listener.settimeout(0.2)
        yield listener


def outcomes(stage: Stage, urls: list[str]) -> list[str]:
    """Have a workflow ask for all of them; return its error for each, or that it was answered."""
    caller = stage.admission.admit(f"Bearer {stage.issuer.access_token(ADMIN).token}")
    name = f"ask{stage.number()}"
    workflow, _ = workflows.create(caller, PARENT, name, WorkflowSpec(source=_SOURCE))
    spec = ExecutionSpec(argument=json.dumps(urls))
    started = executions.create(caller, workflow.name, spec)
    ended = executions.wait(caller, started.name, 60.0)
    told: list[str] = json.loads(ended.result or "null")
    return told


def test_requests_of_workflows_to_this_machine(stage: Stage, listening: socket.socket) -> None:
    """None is sent, however the address is written, and the refusal says why."""
    port = str(listening.getsockname()[1])
    urls = [url.replace("HERE", port) for url in HERE]

    told = dict(zip(urls, outcomes(stage, urls), strict=True))

    assert {} == {url: why for url, why in told.items() if not any(r in why for r in _REFUSALS)}
    with pytest.raises(TimeoutError):
        listening.accept()


def test_requests_of_workflows_to_credentials_and_networks(stage: Stage) -> None:
    """None is sent to where clouds keep credentials, to private networks, or by other schemes."""
    told = dict(zip(ELSEWHERE, outcomes(stage, ELSEWHERE), strict=True))

    assert {} == {url: why for url, why in told.items() if not any(r in why for r in _REFUSALS)}


def test_requests_of_workflows_to_the_server_s_other_ports(stage: Stage) -> None:
    """A workflow reaches this server where it listens for HTTP, and no other port of it."""
    grpc = stage.admission.backend.store.instance.get("grpc") or ""
    port = grpc.rpartition(":")[2]
    urls = [f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "[::1]")]

    assert all("--egress-allow" in why for why in outcomes(stage, urls))
