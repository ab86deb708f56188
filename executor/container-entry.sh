#!/bin/sh
# The image's entry: gives the data directory to the main process's user, starts the backup sidecar
# when there is a bucket, then becomes the command (the launcher), so that signals reach it.
set -eu

is_root_with_main_user() {
  [ "$(id -u)" -eq 0 ] && [ -n "${MAIN_UID:-}" ]
}

as_main_user() {
  if is_root_with_main_user; then
    setpriv --reuid="$MAIN_UID" --regid="${MAIN_GID:-$MAIN_UID}" --clear-groups "$@"
  else
    "$@"
  fi
}

# Runs as the main process's user and knows the bucket's keys and no other secret. It is started
# again when it ends: a desk without a backup is worse than a restarted backup.
run_backup() {
  while :; do
    as_main_user env -i PATH="$PATH" DATA_DIR="$DATA_DIR" BUCKET_NAME="$BUCKET_NAME" \
      AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-}" \
      AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-}" \
      AWS_ENDPOINT_URL_S3="${AWS_ENDPOINT_URL_S3:-}" AWS_REGION="${AWS_REGION:-auto}" \
      litestream replicate -config /etc/litestream.yml || true
    echo '{"level":"error","role":"backup","msg":"litestream ended, starting it again"}'
    sleep 5
  done
}

if is_root_with_main_user; then
  # A new volume belongs to root.
  mkdir -p "$DATA_DIR"
  chown "$MAIN_UID:${MAIN_GID:-$MAIN_UID}" "$DATA_DIR"
  chmod 700 "$DATA_DIR"
fi

if [ -n "${BUCKET_NAME:-}" ]; then
  run_backup &
fi

exec env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$@"
