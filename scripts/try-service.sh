#!/bin/sh
# Installs the Debian package, starts its service under systemd with a secret as its credential, calls it with a key, reloads
# it, and removes it. Changes the machine it runs on: for one that is thrown away afterwards. Needs root, systemd and curl.
#
#   scripts/try-service.sh PACKAGE.deb
set -eu

name=luno-mcp-server

fail() {
  echo "Cannot try the service: $1" >&2
  journalctl --no-pager --unit "$name" >&2 || true
  exit 1
}

dpkg --install "$1"
install -d -m 700 "/etc/$name"
(umask 077 && printf c2VjcmV0LW9mLW5vYm9keQ >"/etc/$name/secret")
printf 'LUNO_API_KEY=id0of0nobody\nLUNO_MCP_EXCHANGE=live\n' >>"/etc/default/$name"

# As deploy/debian/README.md does with systemd-run, which needs D-Bus.
cat >/run/systemd/system/try-key.service <<END
[Service]
Type=oneshot
DynamicUser=yes
User=$name
StateDirectory=$name
StateDirectoryMode=0700
Environment=LUNO_MCP_STATE=/var/lib/$name
StandardOutput=file:/run/try-key
StandardError=journal
ExecStart=/usr/bin/$name keys create alice --scopes market:read
END
systemctl daemon-reload
systemctl start try-key || fail "no key could be created"
key=$(cat /run/try-key)
rm /run/try-key

systemctl start "$name" || fail "the service does not start"
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  [ "$(curl --silent http://127.0.0.1:8765/healthz)" != ok ] || break
  [ "$attempt" -lt 10 ] || fail "it does not answer"
  sleep 1
done
code() {
  curl --silent --output /dev/null --write-out '%{http_code}' "$@" http://127.0.0.1:8765/v1/tools
}
[ "$(code)" = 401 ] || fail "a client without a key is not refused"
[ "$(code --header "Authorization: Bearer $key")" = 200 ] || fail "a client with a key is refused"
systemctl reload "$name" || fail "it does not reload"
pid=$(systemctl show --property MainPID --value "$name")
[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000000 ] || fail "it has capabilities"
[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$pid/status")" = 2 ] || fail "its system calls are not filtered"
dpkg --remove "$name"
[ "$(systemctl is-active "$name")" != active ] || fail "it runs on after its removal"
echo "the service starts, answers, reloads and ends under systemd $(systemctl --version | awk 'NR == 1 { print $2 }')"
