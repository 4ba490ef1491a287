#!/usr/bin/env bash
# A second, current Docker Engine (29, containerd image store) beside the one
# of the machine, for tests. Needs root.
#
#   scripts/engine29.sh build          build it from Go modules: minutes, once
#   scripts/engine29.sh run COMMAND…   start it on temporary directories with the base image
#                                      in it, run COMMAND with DOCKER_HOST set, remove all of it
#
# The base image is copied from the engine that DOCKER_HOST or the socket names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

engine=v2.0.0-beta.24
containerd=v2.4.2
runc=v1.5.2
bin=${XDG_CACHE_HOME:-$HOME/.cache}/assay/engine29/$engine-$containerd-$runc
image=debian:bookworm

build() {
	[ -e "$bin/complete" ] && return
	if ! command -v gcc >/dev/null || ! command -v pkg-config >/dev/null || ! pkg-config --exists libseccomp; then
		install_packages gcc libc6-dev pkg-config libseccomp-dev
	fi
	say "building Docker Engine 29 into $bin (once; minutes on a cold Go cache)"
	mkdir -p "$bin"
	# Outside any module, so that each program is built with its own dependencies.
	(
		cd /
		export GOBIN=$bin GOFLAGS=-buildvcs=false CGO_ENABLED=1
		go install "github.com/moby/moby/v2/cmd/dockerd@$engine"
		go install "github.com/moby/moby/v2/cmd/docker-proxy@$engine"
		go install "github.com/containerd/containerd/v2/cmd/containerd@$containerd"
		go install "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2@$containerd"
		go install -tags seccomp "github.com/opencontainers/runc@$runc"
	) || fail "Docker Engine 29 could not be built; the reason is above"
	touch "$bin/complete"
}

answers() { docker --host "unix://$work/docker.sock" version; }

start() {
	PATH=$bin:$PATH
	cat >"$work/containerd.toml" <<-TOML
		version = 3
		root = "$work/containerd"
		state = "$work/containerd-state"
		[grpc]
		  address = "$work/containerd.sock"
		[ttrpc]
		  address = "$work/containerd.sock.ttrpc"
		[debug]
		  level = "warn"
	TOML
	setsid containerd --config "$work/containerd.toml" >"$work/containerd.log" 2>&1 </dev/null &
	containerd_pid=$!
	wait_until 30 test -S "$work/containerd.sock" || {
		tail -n 15 "$work/containerd.log" >&2
		fail "containerd did not start; its last lines are above"
	}
	# A bridge of its own: two engines must not share docker0.
	ip link add name "$bridge" type bridge
	ip address add 172.31.29.1/24 dev "$bridge"
	ip link set "$bridge" up
	setsid dockerd --host "unix://$work/docker.sock" --containerd "$work/containerd.sock" \
		--data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
		--bridge "$bridge" >"$work/dockerd.log" 2>&1 </dev/null &
	dockerd_pid=$!
	wait_until 60 answers || {
		tail -n 15 "$work/dockerd.log" >&2
		fail "Docker Engine 29 did not start; its last lines are above"
	}
}

stop() {
	[ -z "${dockerd_pid:-}" ] || stop_process "$dockerd_pid" 30
	[ -z "${containerd_pid:-}" ] || stop_process "$containerd_pid" 10
	ip link delete "$bridge" 2>/dev/null || true
	# What a daemon that had to be killed left mounted.
	awk -v w="$work/" 'index($2, w) == 1 {print $2}' /proc/mounts | sort -r | while read -r mount; do
		umount -l "$mount" || true
	done
	rm -rf "$work"
}

case "${1:-}" in
build) build ;;
run)
	shift
	[ "$(id -u)" = 0 ] || fail "a second engine needs root: run as root, or leave these tests to CI"
	build
	command -v ip >/dev/null || install_packages iproute2
	"$here/base-image.sh" "$image"
	work=$(mktemp -d /tmp/assay-engine29.XXXXXX)
	bridge=assay29-$(($$ % 10000))
	trap stop EXIT
	start
	docker save "$image" | docker --host "unix://$work/docker.sock" load --quiet >&2
	export DOCKER_HOST=unix://$work/docker.sock
	say "Docker Engine $(docker version --format '{{.Server.Version}}') (API $(docker version --format '{{.Server.APIVersion}}')) at $DOCKER_HOST"
	run_child "$@"
	;;
*)
	sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"
	exit 2
	;;
esac
