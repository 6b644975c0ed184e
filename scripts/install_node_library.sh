#!/usr/bin/env bash
# Installs Google's authentication library for Node into .node, for the test that uses it.
# Does nothing when it is there already, or when there is no npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

library=google-auth-library@10.9.1
mark=.node/$library

if [[ -e $mark ]]; then
  exit 0
fi
if ! command -v npm > /dev/null; then
  echo "npm is missing, and the test with Google's library for Node will be skipped" >&2
  exit 0
fi
npm install --prefix .node --no-package-lock --no-audit --no-fund --loglevel=error "$library" > /dev/null
touch "$mark"
