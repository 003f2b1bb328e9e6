#!/bin/sh
# Make .venv from requirements.lock, with this package installed in place. A working .venv is kept and only brought up to date.
# Usage: sh scripts/setup.sh STAMP      (STAMP is touched when all is done)
set -eu
stamp="${1:-.venv/remission-setup.stamp}"

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in "${REMISSION_PYTHON:-python3}" python3 python3.11 python3.12 python3.13 python3.14 python; do
        if command -v "$candidate" >/dev/null 2>&1 && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "setup: Python 3.11 or newer is needed and was not found; install it, or name it: REMISSION_PYTHON=/path/to/python make setup" >&2
    exit 2
}

is_usable() {
    is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1
}

create() {
    python="$(find_python)"
    echo "setup: making .venv with $("$python" --version)"
    if ! "$python" -m venv --clear .venv; then
        echo "setup: this Python cannot make a virtual environment; on Debian or Ubuntu install the package python3-venv" >&2
        exit 2
    fi
}

is_usable || create
echo "setup: installing the locked packages (some minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
.venv/bin/remission --version >/dev/null
touch "$stamp"
echo "setup: done"
