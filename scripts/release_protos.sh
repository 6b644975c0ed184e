#!/usr/bin/env bash
# Stores what protos/ promise now in protos/released.binpb, which `make check` compares with: part of
# a release, never of a change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install_buf.sh
.venv/bin/python scripts/export_protos.py --google-only .googleapis
.node/node_modules/.bin/buf build protos --exclude-source-info --output protos/released.binpb
