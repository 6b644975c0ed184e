#!/usr/bin/env bash
# Makes an environment in .bench for each system that `make bench` measures beside us, and one for
# plots. What cannot be installed is left out, and its figures are skipped with the reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}

# Installs into a new folder and moves it into place, so that half an environment never counts.
install() {  # NAME COMMAND...: the command is given the folder
  local name=$1 place=.bench/$1
  shift
  [[ -e $place/.complete && $place/.complete -nt pyproject.toml ]] && return
  rm -rf "$place"
  if "$@" "$place" > ".bench/$name.log" 2>&1; then
    touch "$place/.complete"
  else
    rm -rf "$place"
    echo "$name was not installed: $(tail -n 1 ".bench/$name.log")" >&2
  fi
}

with_pip() {  # GROUP FOLDER
  "$python" -m venv "$2" &&
    "$2/bin/python" -m pip install --quiet --upgrade pip &&
    "$2/bin/python" -m pip install --quiet --group "$1"
}

with_npm() {  # FOLDER
  mkdir -p "$1" &&
    cp benchmarks/peers/package.json benchmarks/peers/package-lock.json "$1" &&
    npm ci --prefix "$1" --ignore-scripts --no-audit --no-fund --loglevel=error
}

mkdir -p .bench
install emulator with_pip bench-emulator
install dbos with_pip bench-dbos
install temporal with_pip bench-temporal
install restate with_pip bench-restate
install plots with_pip bench
install node with_npm
exit 0
