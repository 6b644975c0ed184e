#!/usr/bin/env bash
# Installs Chromium, which the browser test drives, where Debian's packages can be installed.
# Does nothing when it is there already, or when it may not.
set -euo pipefail

if command -v chromium > /dev/null; then
  exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get > /dev/null; then
  echo "chromium is missing, and the browser test will be skipped; install it as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends chromium > /dev/null
chromium --version
