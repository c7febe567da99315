#!/usr/bin/env bash
#
# Installs Debian's Chromium where there is none. On a system without apt, install it by hand, and name it in
# LATCHKEY_CHROMIUM where it is not /usr/bin/chromium. Says what it does; says nothing where nothing is missing.
set -euo pipefail

say() { printf 'e2e: %s\n' "$*" >&2; }

[ -x "${LATCHKEY_CHROMIUM:-/usr/bin/chromium}" ] && exit 0
if [ -n "${LATCHKEY_CHROMIUM:-}" ] || ! command -v apt-get >/dev/null; then
  say "there is no Chromium; install it, and name it in LATCHKEY_CHROMIUM"
  exit 1
fi

sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo -n)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "installing chromium by apt ..."
export DEBIAN_FRONTEND=noninteractive
if ! { "${sudo[@]}" apt-get update && "${sudo[@]}" apt-get install -y --no-install-recommends chromium fonts-liberation; } </dev/null >"$log" 2>&1; then
  # Less the addresses of package indexes: one that a machine is configured with may have a password in it.
  tail -n 30 "$log" | sed -E 's#[a-z]+://[^[:space:]]+#<url>#g' >&2
  exit 1
fi
