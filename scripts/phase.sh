#!/usr/bin/env bash
# scripts/phase.sh NAME COMMAND…: runs COMMAND and says how long NAME took.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
name=$1
shift
echo "==> $name"
SECONDS=0
status=0
run_child "$@" || status=$?
echo "==> $name: ${SECONDS} s, $([ "$status" = 0 ] && echo ok || echo "failed ($status)")"
exit "$status"
