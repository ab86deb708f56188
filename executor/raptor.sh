#!/bin/sh
# `raptor` inside the image, also over `fly ssh console`, which is root there: it becomes the main
# process's user, so that no file of the journal ends up belonging to somebody else, and it is given
# neither the master keys nor the bucket's.
set -eu

run() {
  exec env -u WALLET_MASTER_KEYS -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$@"
}

if [ "$(id -u)" -eq 0 ] && [ -n "${MAIN_UID:-}" ]; then
  # A new volume belongs to root, and a restore may come before the first start.
  mkdir -p "$DATA_DIR"
  chown "$MAIN_UID:${MAIN_GID:-$MAIN_UID}" "$DATA_DIR"
  run setpriv --reuid="$MAIN_UID" --regid="${MAIN_GID:-$MAIN_UID}" --clear-groups \
    node /app/executor/cli/raptor.ts "$@"
fi
run node /app/executor/cli/raptor.ts "$@"
