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
	network
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
	setsid nsenter --net="/proc/$network_pid/ns/net" dockerd \
		--host "unix://$work/docker.sock" --containerd "$work/containerd.sock" \
		--data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/docker.pid" \
		>"$work/dockerd.log" 2>&1 </dev/null &
	dockerd_pid=$!
	wait_until 60 answers || {
		tail -n 15 "$work/dockerd.log" >&2
		fail "Docker Engine 29 did not start; its last lines are above"
	}
}

# network makes a network namespace for the engine, with a way out: two engines
# in one would fight over docker0 and leave their firewall rules behind.
network() {
	setsid unshare --net sleep infinity </dev/null >/dev/null 2>&1 &
	network_pid=$!
	wait_until 10 apart
	local inside=(nsenter --net="/proc/$network_pid/ns/net")
	ip link add "$link" type veth peer name out netns "$network_pid"
	ip address add "$subnet.1/30" dev "$link"
	ip link set "$link" up
	"${inside[@]}" ip link set lo up
	"${inside[@]}" ip address add "$subnet.2/30" dev out
	"${inside[@]}" ip link set out up
	"${inside[@]}" ip route add default via "$subnet.1"
	echo 1 >/proc/sys/net/ipv4/ip_forward
	rules -I
}

apart() { [ "$(readlink "/proc/$network_pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# rules -I|-D: the firewall's part of the way out. The machine's own engine may
# have made DROP the policy for what is forwarded.
rules() {
	iptables -w "$1" FORWARD -i "$link" -j ACCEPT
	iptables -w "$1" FORWARD -o "$link" -j ACCEPT
	iptables -w -t nat "$1" POSTROUTING -s "$subnet.0/30" ! -o "$link" -j MASQUERADE
}

stop() {
	[ -z "${dockerd_pid:-}" ] || stop_process "$dockerd_pid" 30
	[ -z "${containerd_pid:-}" ] || stop_process "$containerd_pid" 10
	[ -z "${network_pid:-}" ] || stop_process "$network_pid" 5
	rules -D 2>/dev/null || true
	ip link delete "$link" 2>/dev/null || true
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
	command -v ip >/dev/null && command -v iptables >/dev/null || install_packages iproute2 iptables
	"$here/base-image.sh" "$image"
	work=$(mktemp -d /tmp/assay-engine29.XXXXXX)
	link=assay29-$(($$ % 100000))
	subnet=10.229.$(($$ % 256))
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
