#!/usr/bin/env bash
# scripts/phase.sh NAME COMMAND…: runs COMMAND and says how long NAME took.
set -euo pipefail
name=$1
shift
echo "==> $name"
SECONDS=0
status=0
"$@" || status=$?
echo "==> $name: ${SECONDS} s, $([ "$status" = 0 ] && echo ok || echo "failed ($status)")"
exit "$status"
