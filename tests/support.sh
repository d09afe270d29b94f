# What the test scripts share: where things are, and what has to be there.
# Sourced, with `set -euo pipefail` in force.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Relative to the caller's folder, as Cargo would take it.
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
export CARGO_TARGET_DIR=$target
# Downloads that a second run finds again: Kafka's jars, Python's packages.
cache=$target/test-cache
mkdir -p "$cache"

# Says what is missing, or installs it where that is ours to do.
#   need DEBIAN_PACKAGE... -- COMMAND...
need() {
    local packages=() missing=() command
    while [[ $1 != -- ]]; do
        packages+=("$1")
        shift
    done
    shift
    for command in "$@"; do
        command -v "$command" >/dev/null || missing+=("$command")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing ${packages[*]} (for ${missing[*]})"
        install_packages "${packages[@]}"
        return
    fi
    echo "missing: ${missing[*]}"
    echo "on Debian or Ubuntu: sudo apt-get install ${packages[*]}"
    return 1
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    if [[ -z ${apt_updated:-} ]]; then
        apt-get -qq update
        apt_updated=1
    fi
    apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# Debian's python3 comes without the module that fills a new environment.
need_venv() {
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        need python3-venv -- no-such-command-python3-venv
    fi
}

# A Python with the packages that the tests compare with; sets `python`.
python_packages() {
    local wanted=$root/tests/kafka/requirements.txt venv=$cache/python
    python=$venv/bin/python
    cmp -s "$wanted" "$venv/.installed" && return
    echo "fetching Python packages by pip"
    rm -rf "$venv"
    need_venv
    python3 -m venv "$venv"
    "$python" -m pip install -q -r "$wanted"
    cp "$wanted" "$venv/.installed"
}
