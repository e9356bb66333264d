#!/usr/bin/env bash
# Starts the program as the container image does, where there is no container engine: the image's files alone as a read-only
# root, its user, environment and command, in namespaces of their own. Creates a key and a certificate, serves, runs the
# image's health check, asks for a price and stops the server.
#
#   sudo scripts/try-image.sh [PROGRAM]
#
# PROGRAM is dist/luno-mcp-server unless given. Needs root on Linux.
set -euo pipefail

program=$(realpath "${1:-dist/luno-mcp-server}")
dockerfile=$(realpath "$(dirname "$0")/../deploy/container/Dockerfile")
PORT=18765

# The words of a command that the Dockerfile gives as a JSON array after `$1`.
words() {
  sed -nE "s/^$1 \[(.*)\]\$/\1/p" "$dockerfile" | tr -d '",'
}

# What the image holds: the program, the C library that its base image has, authorities, and a folder for the state.
assemble() {
  install -D -m 755 "$program" "$root/usr/local/bin/luno-mcp-server"
  ldd "$program" | grep -oE '/lib[^ ]+' | while read -r library; do
    install -D -m 755 "$library" "$root$library"
  done
  mkdir -p "$root/proc" "$root/tmp" "$root/etc/ssl/certs" "$root/dev"
  touch "$root/dev/null"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/" 2>/dev/null || true
  printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
  install -d -m 700 -o "${user%:*}" -g "${user#*:}" "$root/var/lib/luno-mcp-server/state" "$root/run/tls"
}

# Everything that happens within the namespaces, and ends with them.
try() {
  mount --bind "$root" "$root"
  # As a container engine does: what may be written is mounted on its own.
  mount --bind "$root/var/lib/luno-mcp-server" "$root/var/lib/luno-mcp-server"
  mount --bind "$root/run/tls" "$root/run/tls"
  mount -t tmpfs -o mode=1777,size=16m tmpfs "$root/tmp"
  mount -t proc proc "$root/proc"
  mount --bind /dev/null "$root/dev/null"
  mount -o remount,bind,ro "$root"

  # What stands before a command of the image, so that it runs as its user; the shell and all else stay outside.
  local inside=("$(command -v env)" -i "${environment[@]}" "$(command -v chroot)" --userspec="$user" "$root")
  local start args exposed check key server code=0
  read -ra start <<<"$(words ENTRYPOINT)"
  read -ra args <<<"$(words CMD | sed 's/0\.0\.0\.0/127.0.0.1/')"
  echo "without a certificate the image's own command is refused:"
  read -ra exposed <<<"$(words CMD)"
  "${inside[@]}" "${start[@]}" "${exposed[@]}" --port "$PORT" || code=$?
  [ "$code" -eq 2 ] || { echo "it ended with $code instead of 2"; return 1; }

  key=$("${inside[@]}" "${start[@]}" keys create image --scopes market:read --json | sed -nE 's/.*"(key|token|secret)":"([^"]+)".*/\2/p')
  "${inside[@]}" "${start[@]}" certs create --dir /run/tls/development >/dev/null
  "${inside[@]}" "${start[@]}" "${args[@]}" --port "$PORT" --exchange simulated \
    --ssl-cert /run/tls/development/server.pem --ssl-key /run/tls/development/server-key.pem &
  server=$!
  read -ra check <<<"$(words 'HEALTHCHECK .* CMD')"
  until "${inside[@]}" "${check[@]}" >/dev/null 2>&1; do
    kill -0 "$server" || { echo "the server has ended before it was healthy"; return 1; }
  done
  "${inside[0]}" -i LUNO_MCP_TOKEN="$key" "${inside[@]:2}" "${start[@]}" \
    client call get_crypto_price pair=XBTZAR --json --uri "wss://localhost:$PORT" --ca /run/tls/development/ca.pem
  kill -TERM "$server"
  wait "$server"
  echo "the image's files start, serve, are healthy and stop"
}

user=$(sed -nE 's/^USER ([0-9]+:[0-9]+)$/\1/p' "$dockerfile")
read -ra environment <<<"$(sed -nE 's/^ENV (.*)$/\1/p' "$dockerfile" | tr '\n' ' ')"

if [ "${LUNO_MCP_IMAGE_ROOT:-}" ]; then
  root=$LUNO_MCP_IMAGE_ROOT
  try
else
  root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  chmod 755 "$root"
  assemble
  LUNO_MCP_IMAGE_ROOT=$root unshare --mount --pid --fork --kill-child "$(realpath "$0")" "$program"
fi
