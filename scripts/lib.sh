# Shared by the scripts here; sourced, not run.
# shellcheck shell=bash

# Left alone, bash goes on after Ctrl-C when the command that it was waiting for
# caught the signal and ended by itself, as docker, make and timeout do.
end_on_signals() {
	trap 'exit 130' INT
	trap 'exit 143' TERM
}
end_on_signals

# say prints one line of progress, on standard error so that output stays usable.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# fail says what is wrong and what to do, and ends the script.
fail() {
	say "$*"
	exit 1
}

# install_packages PACKAGE…: installs Debian or Ubuntu packages. Needs root.
install_packages() {
	command -v apt-get >/dev/null || fail "needs $*; this system has no apt-get: install them with its own package manager"
	[ "$(id -u)" = 0 ] || fail "needs $*: run as root, or first run: sudo apt-get install $*"
	say "installing $* (apt-get)"
	export DEBIAN_FRONTEND=noninteractive
	local log
	log=$(mktemp)
	# A fresh machine has no package lists yet, an old one stale ones.
	if ! { apt-get update && apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		fail "apt-get could not install $*; its last lines are above"
	fi
	rm -f "$log"
}

# wait_until SECONDS COMMAND…: tries COMMAND every 0.1 s; fails when it never succeeds.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# stop_process PID SECONDS: asks PID to end, then insists.
stop_process() {
	kill "$1" 2>/dev/null || return 0
	wait_until "$2" sh -c "! kill -0 $1" || kill -9 "$1" 2>/dev/null || true
}

# run_child COMMAND…: runs it to its end and returns its status. Unlike a plain
# call the script itself survives Ctrl-C and SIGTERM (the latter is passed on),
# so that it can clean up after COMMAND.
run_child() {
	local child status=0
	trap : INT
	(
		# Background commands ignore SIGINT unless told otherwise.
		trap - INT TERM EXIT
		exec "$@"
	) <&0 &
	child=$!
	# shellcheck disable=SC2064 # the pid of now
	trap "kill -TERM $child 2>/dev/null || true" TERM
	# A trapped signal ends wait early: wait until the child is really gone.
	while true; do
		status=0
		wait "$child" || status=$?
		kill -0 "$child" 2>/dev/null || break
	done
	end_on_signals
	return "$status"
}
