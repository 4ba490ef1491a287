#!/usr/bin/env bash
# The base image that the examples and tests build on.
#
#   scripts/base-image.sh [IMAGE]    (debian:bookworm)
#
# Present already: nothing to do. Else it is pulled. Where no registry can be
# reached, debian:SUITE is made from the distribution's package mirror
# (mmdebstrap; needs root) after asking on a terminal, at once elsewhere.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

image=${1:-debian:bookworm}
docker image inspect "$image" >/dev/null 2>&1 && exit 0
docker version >/dev/null 2>&1 || fail "no Docker Engine answers: run scripts/engine.sh with scripts/base-image.sh $image"

say "pulling $image"
if timeout 60 docker pull --quiet "$image" >/dev/null 2>&1 </dev/null; then
	exit 0
fi
case $image in
debian:bookworm | debian:bullseye | debian:trixie) suite=${image#debian:} ;;
*) fail "cannot pull $image: check the name and that its registry can be reached (docker pull $image)" ;;
esac

say "no registry answers for $image; it can be made from the distribution's package mirror instead (about 20 s, 60 MB)"
if [ -t 0 ]; then
	read -r -p "Make $image with mmdebstrap now? [Y/n] " answer
	case $answer in
	n* | N*) fail "$image is missing: provide it with docker pull, docker load or docker import" ;;
	esac
fi
[ "$(id -u)" = 0 ] || fail "making $image needs root: run sudo scripts/base-image.sh $image"
command -v mmdebstrap >/dev/null || install_packages mmdebstrap debian-archive-keyring

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "making $image"
if ! mmdebstrap --variant=minbase --quiet "$suite" "$work/root.tar" ${ASSAY_MIRROR:+"$ASSAY_MIRROR"} >"$work/log" 2>&1; then
	tail -n 20 "$work/log" >&2
	fail "mmdebstrap could not make $image; its last lines are above (another mirror: ASSAY_MIRROR=http://…/debian)"
fi
docker import --change 'CMD ["bash"]' "$work/root.tar" "$image" >/dev/null
say "made $image"
