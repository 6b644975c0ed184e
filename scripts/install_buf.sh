#!/usr/bin/env bash
# Installs buf into .node, for the checks of protos/. Does nothing when it is there already, or when
# there is no npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

package=@bufbuild/buf@1.75.0
mark=.node/buf@1.75.0

if [[ -e $mark ]]; then
  exit 0
fi
if ! command -v npm > /dev/null; then
  echo "npm is missing, and the checks of protos/ with buf will be skipped" >&2
  exit 0
fi
npm install --prefix .node --no-package-lock --no-audit --no-fund --loglevel=error "$package" > /dev/null
touch "$mark"
