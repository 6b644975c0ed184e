#!/usr/bin/env bash
# Runs the samples on a server of its own: deploys them, executes them, sends real requests to the
# URLs they log, and shows each command with its answer. Fails unless each ends as it should.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

examples=$PWD/examples
program=${RINGBACK:-.venv/bin/ringback}
[[ $program != */* || $program == /* ]] || program=$PWD/$program
work=$(mktemp -d)
server=

finish() {
  status=$?
  if [[ -n $server ]]; then
    kill -TERM "$server" 2> /dev/null || true
    wait "$server" || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

fail() {
  echo "demo: $1" >&2
  if [[ -s $work/server.log ]]; then
    echo "demo: the server's log ends with:" >&2
    tail -n 20 "$work/server.log" >&2
  fi
  exit 1
}

# Without the words that say which server is meant: there is only one here.
ringback() { "$program" --quiet "$@"; }

# Shows a command as one would type it, runs it, and shows and keeps its answer.
show() {
  printf '\n+ %s\n' "$1"
  eval "$1" > "$work/answer" 2>&1 || { cat "$work/answer"; fail "the command failed"; }
  answer
}

# Runs a command until a line of its answer matches, for a while, and then shows both.
show_when() {
  for _ in {1..50}; do
    eval "$1" > "$work/answer" 2>&1 || true
    if grep -q -- "$2" "$work/answer"; then
      printf '\n+ %s\n' "$1"
      answer
      return
    fi
    sleep 0.1
  done
  fail "$1 did not show: $2"
}

answer() { [[ ! -s $work/answer ]] || printf '%s\n' "$(tr -d '\r' < "$work/answer")"; }

# The answer of the last command must have a line that matches.
expect() { grep -Eqi -- "$1" "$work/answer" || fail "the answer should have $1"; }

# Executes a workflow; sets $execution, and $url to where its callback is to be sent.
start() {
  show "ringback execute $1"
  execution=$(< "$work/answer")
  show_when "ringback logs read 'Listening for callbacks' --freshness=10m --limit=1" "${execution##*/}"
  url=$(grep -o 'https\?://[^ ]*' "$work/answer" | head -n 1)
}

# Sends a request with a token to $url.
call() {
  # shellcheck disable=SC2016 # shown as it is typed, not with the token in it
  show 'curl -isS -H "Authorization: Bearer $(ringback auth print-access-token)" '"'$url?$1'"
  expect '^HTTP/1.1 200'
}

command -v curl > /dev/null || fail "curl is needed; install it, then try again"
command -v "$program" > /dev/null || fail "$program is missing; run: make setup"

# The command line finds ./ringback-data by itself; nothing else may tell it of another server.
for name in $(compgen -v RINGBACK_); do unset "$name"; done
export XDG_STATE_HOME=$work/state no_proxy=127.0.0.1
cd "$work"
ln -s "$examples" examples
"$program" serve --grpc-address 127.0.0.1:0 --http-address 127.0.0.1:0 \
  --ready-file "$work/ready.json" > server.log 2>&1 &
server=$!
for _ in {1..150}; do
  [[ ! -s ready.json ]] || break
  kill -0 "$server" 2> /dev/null || fail "the server did not start"
  sleep 0.1
done
[[ -s ready.json ]] || fail "the server did not start within 15 seconds"

printf '1. A callback arrives.\n'
show "ringback deploy basic-callback --source examples/basic-callback.yaml"
start basic-callback
show "curl -isS '$url?fruit=apple'"
expect '^HTTP/1.1 401'
call 'fruit=apple'
expect '^Ringback-Outcome: resumed'
show "ringback executions wait $execution"
expect '^state: SUCCEEDED'
expect '"fruit": *"apple"'

printf '\n2. No callback arrives, and the workflow catches the timeout: here 2 seconds, not 3600.\n'
show "sed 's/timeout: 3600/timeout: 2/' examples/timeout-caught.yaml > timeout-caught.yaml"
show "ringback deploy timeout-caught --source timeout-caught.yaml"
show "ringback run timeout-caught"
expect '^null$'
show "ringback logs read 'Received error' --freshness=10m"
expect 'ERROR +Received error'

printf '\n3. A callback arrives after a timeout and a new try: here after 3 seconds, not 60.\n'
show "sed 's/timeout: 60.0/timeout: 3.0/' examples/retry-loop.yaml > retry-loop.yaml"
show "ringback deploy retry-loop --source retry-loop.yaml"
start retry-loop
show_when "ringback logs read 'Timed out' --freshness=10m" 'WARNING *Timed out'
call 'fruit=pear'
show "ringback executions wait $execution"
expect '^state: SUCCEEDED'
expect '"fruit": *"pear"'

printf '\nAll three samples ended as they should.\n'
