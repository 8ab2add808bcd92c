#!/bin/sh
# What the container runs: `web`, `worker`, or any command of `arkeeper`.
set -eu
umask 077
cd /arkeeper
run() { exec node --max-semi-space-size=8 "$@"; }
case "${1:-web}" in
web)
  node dist/migrate.mjs
  # For the first administrator of an installation that others can reach; nothing when there is one.
  code=$(node dist/set-up-code.mjs)
  [ -z "$code" ] || echo "set-up code, for the first administrator: $code"
  run bin/internal/web.mjs
  ;;
worker)
  node dist/migrate.mjs
  run dist/worker.mjs
  ;;
*)
  run dist/arkeeper.mjs "$@"
  ;;
esac
