#!/usr/bin/env bash
# Checks protos/ with buf: how they are written, and that clients of the last release go on working.
# It takes a second, so that it is part of `make check`; without npm there is no buf, and nothing is
# checked. Names of rules that are left out, and why, are in buf.yaml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_buf.sh
buf=.node/node_modules/.bin/buf
if [[ ! -x $buf ]]; then
  exit 0
fi
.venv/bin/python scripts/export_protos.py --google-only .googleapis
"$buf" lint
"$buf" breaking protos --against protos/released.binpb
