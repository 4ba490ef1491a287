#!/usr/bin/env bash
# A Docker Engine to work with: the one there is, or one that we start.
#
#   scripts/engine.sh up             make sure that an engine answers
#   scripts/engine.sh down           stop what `up` started; nothing else
#   scripts/engine.sh with COMMAND…  up, run COMMAND, and down again if this call started it
#
# An engine that answers at DOCKER_HOST or the usual socket is used as it is.
# Otherwise, as root, Debian's or Ubuntu's docker.io is installed when missing
# and started: by systemd where it runs, else by ourselves.
#
#   ASSAY_ENGINE_SOCKET  where our own dockerd listens   (/var/run/docker.sock)
#   ASSAY_ENGINE_STATE   its pid and log                 (/run/assay-engine)
#   ASSAY_ENGINE_ROOT    its data                        (the engine's default)
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

socket=${ASSAY_ENGINE_SOCKET:-/var/run/docker.sock}
state=${ASSAY_ENGINE_STATE:-/run/assay-engine}
[ -n "${ASSAY_ENGINE_SOCKET:-}" ] && export DOCKER_HOST=unix://$socket

answers() { timeout 10 docker version --format '{{.Server.Version}}' 2>/dev/null; }

up() {
	local version
	if ! command -v docker >/dev/null; then
		if [ -n "${DOCKER_HOST:-}" ] && [ -z "${ASSAY_ENGINE_SOCKET:-}" ] || [ -S "$socket" ]; then
			fail "there is an engine at ${DOCKER_HOST:-$socket} but no docker command: install it (Debian: apt-get install docker.io)"
		fi
		install_packages docker.io iptables ca-certificates
	fi
	# Twice, for an engine that is just starting (the installation may have done it).
	if version=$(answers) || { [ -S "$socket" ] && sleep 2 && version=$(answers); }; then
		say "using Docker Engine $version at ${DOCKER_HOST:-$socket}"
		return
	fi
	if [ -n "${DOCKER_HOST:-}" ] && [ -z "${ASSAY_ENGINE_SOCKET:-}" ]; then
		fail "no Docker Engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST to use this machine's own"
	fi
	if [ "$(id -u)" != 0 ]; then
		if [ -S "$socket" ] && [ ! -w "$socket" ]; then
			fail "you may not use $socket: join the group docker (sudo usermod -aG docker $USER, then sign in again), or run as root"
		fi
		fail "no Docker Engine answers at $socket, and only root can start one: run sudo scripts/engine.sh up"
	fi
	command -v dockerd >/dev/null || install_packages docker.io iptables ca-certificates

	mkdir -p "$state"
	rm -f "$state/started" # of an engine that has died
	# From here on whatever ends this script stops the engine, too; `up` takes it back.
	trap down EXIT
	if [ -d /run/systemd/system ] && [ -z "${ASSAY_ENGINE_SOCKET:-}" ]; then
		say "starting the docker service"
		systemctl start docker.service || fail "systemd could not start docker.service: see journalctl -u docker.service"
		echo systemd >"$state/started"
	else
		say "starting dockerd (log: $state/dockerd.log)"
		# A session of its own: Ctrl-C in the terminal must reach the hub first,
		# which needs the engine to clean up after itself.
		# Beside another engine it shares docker0 (never --bridge none: that
		# removes docker0 for both) and leaves the firewall alone.
		setsid dockerd --host "unix://$socket" --pidfile "$state/dockerd.pid" \
			${ASSAY_ENGINE_ROOT:+--data-root "$ASSAY_ENGINE_ROOT" --exec-root "$state/exec" --iptables=false} \
			>"$state/dockerd.log" 2>&1 </dev/null &
		echo "$!" >"$state/started"
	fi
	if ! wait_until 60 answers; then
		tail -n 15 "$state/dockerd.log" >&2 2>/dev/null || true
		fail "the Docker Engine did not start within 60 s; its last lines are above"
	fi
	say "started Docker Engine $(answers)"
}

down() {
	[ -f "$state/started" ] || return 0
	local started
	started=$(cat "$state/started")
	rm -f "$state/started"
	trap '' INT TERM # an impatient second Ctrl-C would leave it half stopped
	say "stopping the Docker Engine that we started"
	if [ "$started" = systemd ]; then
		systemctl stop docker.service docker.socket
	else
		stop_process "$started" 30
		rm -f "$socket"
	fi
}

case "${1:-}" in
up)
	up
	trap - EXIT
	;;
down) down ;;
with)
	shift
	up
	run_child "$@"
	;;
*)
	sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"
	exit 2
	;;
esac
