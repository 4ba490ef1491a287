#!/usr/bin/env bash
# The browser of the browser tests: the one that CHROMIUM names, else
# /usr/bin/chromium, which is installed when missing (needs root).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

browser=${CHROMIUM:-/usr/bin/chromium}
[ -x "$browser" ] && exit 0
[ -z "${CHROMIUM:-}" ] || fail "CHROMIUM=$CHROMIUM is no program"
install_packages chromium
[ -x "$browser" ] || fail "there is no $browser after installing it (on Ubuntu it is a snap): set CHROMIUM to where yours is"
