#!/usr/bin/env bash
# Runs a server on the default data directory, deploys the samples, and says what to try.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=${RINGBACK:-.venv/bin/ringback}
work=$(mktemp -d)
ready=$work/ready.json

# Beside the server, which takes this process over: once it listens, deploys to it.
introduce() {
  until [[ -s $ready ]]; do
    kill -0 $$ 2> /dev/null || break
    sleep 0.1
  done
  if [[ -s $ready ]]; then
    for sample in basic-callback timeout-caught retry-loop; do
      "$program" --quiet deploy "$sample" --source "examples/$sample.yaml" > /dev/null
    done
    cat <<TRY

The samples are deployed. Paste these into another terminal, in $PWD:

  execution=\$($program execute basic-callback)
  $program logs read "Listening for callbacks" --freshness=10m
  url=\$($program logs read "Listening for callbacks" --limit=1 | grep -o 'http[^ ]*')
  curl -i -H "Authorization: Bearer \$($program auth print-access-token)" "\$url?fruit=apple"
  $program executions wait "\$execution"

Ctrl-C stops the server; what it knows stays in ringback-data.

TRY
  fi
  rm -rf "$work"
}

introduce &
exec "$program" serve --ready-file "$ready"
