#!/usr/bin/env bash
# Builds the wheel, installs it in an environment of its own, and runs the demo with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

.venv/bin/python -m build --wheel --no-isolation --outdir "$work/dist" . > "$work/build.log" 2>&1 ||
  { cat "$work/build.log" >&2; exit 1; }
.venv/bin/python -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --constraint constraints.txt "$work"/dist/*.whl

# Imported from elsewhere, so that nothing of this tree can stand in for a file the wheel lacks.
(cd "$work" && venv/bin/python -I - <<'CHECK'
from importlib import import_module
from importlib.resources import files

for package in ("ringback", "ringback_server", "ringback_client"):
    import_module(package)
    assert files(package).joinpath("py.typed").is_file(), f"{package} has no py.typed"
import_module("ringback.v1.executions_pb2_grpc")
CHECK
)
RINGBACK="$work/venv/bin/ringback" scripts/demo.sh
