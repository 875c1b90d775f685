# What the scripts of CI share; to be sourced, in the project's folder.
# shellcheck shell=bash

step() { printf '\n== %s  (%s s)\n' "$*" "$SECONDS"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# retry COMMAND…: a registry that stumbles is asked again.
retry() {
  local try
  for try in 1 2 3; do
    "$@" && return
    echo "attempt $try failed: $*" >&2
    sleep $((try * 5))
  done
  return 1
}

# need COMMAND PACKAGE…: Debian's packages, unless the command is there.
need() {
  local command="$1"
  shift
  if ! command -v "$command" >/dev/null; then
    retry as_root apt-get update -qq
    retry as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  fi
}

# tools FOLDER PACKAGE…: Python packages, in an environment of their own.
tools() {
  local folder="$1"
  shift
  if ! python3 -m venv "$folder" 2>/dev/null; then
    retry as_root apt-get update -qq
    retry as_root apt-get install -y -qq python3-venv >/dev/null
    python3 -m venv "$folder"
  fi
  retry "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}
