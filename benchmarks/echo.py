"""A gRPC server that does nothing but send back what it was sent: the ceiling.

python -m benchmarks.echo PORT_FILE CORES
"""

from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from ringback_server.cores import keep_to

METHOD = "/benchmarks.Echo/Call"
_THREADS = 32  # as many as `ringback serve` has for calls that do not wait


def main() -> None:
    """Serve until the process is told to end; the port's number is written to a file."""
    keep_to(int(sys.argv[2]))
    # Before any thread starts, so that none takes the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        handlers=[
            grpc.method_handlers_generic_handler(
                "benchmarks.Echo", {"Call": grpc.unary_unary_rpc_method_handler(_call)}
            )
        ],
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    written = Path(sys.argv[1])
    unfinished = written.with_suffix(".new")
    unfinished.write_text(str(port))
    unfinished.rename(written)
    signal.sigwait({signal.SIGTERM})


def _call(request: bytes, _: grpc.ServicerContext) -> bytes:
    return request


if __name__ == "__main__":
    main()
