#!/usr/bin/env bash
# The browser of the browser tests: any Chromium on the path, else the
# distribution's is installed (needs root).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

command -v chromium >/dev/null && exit 0
install_packages chromium
command -v chromium >/dev/null || fail "there is no chromium after installing it: on Ubuntu it is a snap, run snap install chromium"
