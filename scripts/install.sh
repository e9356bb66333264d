#!/bin/sh
# Installs luno-mcp-server for this system: downloads a release, verifies the signature of its checksums and the checksum of
# the program, and only then puts it in place. Needs openssl, and curl or wget.
#
#   install.sh [--to FOLDER] [--from URL] [--key FILE]
#
# FOLDER is ~/.local/bin unless given. The installer of a release knows where its files are and which key signed them; any
# other one has to be told: the URL of the folder with the files, and a file with the public key (PEM).
set -eu

RELEASE=''
VERSION=''
KEY=''

USAGE='Usage: install.sh [--to FOLDER] [--from URL] [--key FILE]

  --to FOLDER  where to put luno-mcp-server; ~/.local/bin unless given
  --from URL   the folder with the files of a release
  --key FILE   the public key that signed it (PEM)'

fail() {
  echo "Cannot install luno-mcp-server: $1" >&2
  exit 1
}

# Which file of a release is for this system.
program_name() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo luno-mcp-server-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo luno-mcp-server-linux-arm64 ;;
    Darwin-x86_64) echo luno-mcp-server-macos-x64 ;;
    Darwin-arm64) echo luno-mcp-server-macos-arm64 ;;
    *) fail "there is no program for $(uname -s) on $(uname -m)" ;;
  esac
}

# Plain HTTP is for this machine alone.
protocol_of() {
  case "$1" in
    *@*) fail "expected an address without a user: current value is $1" ;;
    https://*) echo https ;;
    http://127.0.0.1[:/]* | http://localhost[:/]*) echo http ;;
    *) fail "expected an address with https: current value is $1" ;;
  esac
}

# wget has no say in where it is sent on to; what comes from there counts only with the signature.
download() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --proto "=$protocol" --output "$work/$1" "$from/$1"
  else
    wget -q -O "$work/$1" "$from/$1"
  fi || fail "$from/$1 cannot be downloaded"
}

sha256() {
  openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
}

main() {
  from=$RELEASE
  key=
  to="${HOME:+$HOME/.local/bin}"
  while [ $# -gt 0 ]; do
    case "$1" in
      -h | --help)
        echo "$USAGE"
        exit 0
        ;;
    esac
    [ $# -ge 2 ] || fail "expected a value after $1"
    case "$1" in
      --from) from=${2%/} ;;
      --key) key=$2 ;;
      --to) to=$2 ;;
      *) fail "expected --from, --key or --to: current value is $1" ;;
    esac
    shift 2
  done
  [ -n "$from" ] || fail "expected --from with the address of the release's files"
  [ -n "$to" ] || fail "expected --to with a folder, as HOME is not set"
  command -v openssl >/dev/null || fail "openssl is not installed"
  command -v curl >/dev/null || command -v wget >/dev/null || fail "neither curl nor wget is installed"
  if [ "$(uname -s)" = Linux ] && ldd --version 2>&1 | grep -qi musl; then
    fail "it needs glibc, and this system has musl: run it in a container, or with Deno from source"
  fi
  name=$(program_name)
  protocol=$(protocol_of "$from")

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  if [ -n "$key" ]; then
    cp "$key" "$work/key.pem" 2>/dev/null || fail "$key cannot be read"
  elif [ -n "$KEY" ]; then
    printf '%s\n' "$KEY" >"$work/key.pem"
  else
    fail "expected --key with the public key of the release"
  fi

  download SHA256SUMS
  download SHA256SUMS.sig
  openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/SHA256SUMS.sig" "$work/SHA256SUMS" >/dev/null 2>&1 ||
    fail "the signature of SHA256SUMS is not of this key: the files may have been changed"

  expected=$(awk -v name="$name" '$2 == name { print $1 }' "$work/SHA256SUMS")
  [ -n "$expected" ] || fail "the release has no $name"
  download "$name"
  actual=$(sha256 "$work/$name")
  [ "$actual" = "$expected" ] || fail "$name was changed: expected SHA-256 $expected: current value is $actual"

  chmod 755 "$work/$name"
  version=$("$work/$name" --version) || fail "$name does not run on this system"
  if [ -n "$VERSION" ] && [ "$version" != "$VERSION" ]; then
    fail "expected version $VERSION: current value is $version"
  fi
  # Beside the place first, so that it is replaced in one step.
  draft="$to/.luno-mcp-server.$$"
  if ! { mkdir -p "$to" && cp "$work/$name" "$draft" && mv -f "$draft" "$to/luno-mcp-server"; }; then
    rm -f "$draft"
    fail "$to cannot be written to: name another folder with --to"
  fi
  echo "luno-mcp-server $version is installed in $to"
  case ":$PATH:" in
    *":$to:"*) ;;
    *) echo "$to is not in PATH: add it, or use $to/luno-mcp-server" ;;
  esac
}

# At the end, so that nothing runs of a script that was cut short.
main "$@"
