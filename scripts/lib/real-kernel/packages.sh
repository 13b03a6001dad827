# shellcheck shell=bash
# Programs and packages that real-kernel needs, and how to get them from Debian.

is_debian_12() {
	[[ -r /etc/os-release ]] || return 1
	# shellcheck source=/dev/null
	(. /etc/os-release && [[ $ID == debian && ${VERSION_ID:-} == 12 ]])
}

find_tool() { PATH=$PATH:/usr/sbin:/sbin command -v "$1"; }

busybox_is_static() {
	local busybox
	busybox=$(find_tool busybox) && ! readelf -l "$busybox" | grep -q INTERP
}

# Prints the Debian packages whose programs are missing.
missing_tools() {
	local pair
	for pair in qemu-system-x86_64:qemu-system-x86 gcc:gcc make:make \
		depmod:kmod cpio:cpio xz:xz-utils flock:util-linux; do
		find_tool "${pair%%:*}" >/dev/null || echo "${pair#*:}"
	done
	busybox_is_static || echo busybox-static
	has_header stdio.h || echo libc6-dev
}

# Prints the Debian packages that tests in the guest use, and that are missing:
# its files are this machine's own.
missing_for_tests() {
	local pair
	for pair in libEGL.so.1:libegl1 libgbm.so.1:libgbm1 libGLESv2.so.2:libgles2; do
		"$(find_tool ldconfig)" -p | grep -q "^[[:space:]]*${pair%%:*} .*x86-64" || echo "${pair#*:}"
	done
	compgen -G '/usr/lib/*/dri/kms_swrast_dri.so' >/dev/null ||
		compgen -G '/usr/lib*/dri/kms_swrast_dri.so' >/dev/null || echo libgl1-mesa-dri
	find_tool edid-decode >/dev/null || echo edid-decode
}

has_header() { echo "#include <$1>" | gcc -E - >/dev/null 2>&1; }

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@"
}

apt_lists_updated=
update_apt_lists() {
	[[ -z $apt_lists_updated ]] || return 0
	[[ $EUID == 0 ]] || return 0
	say 'apt-get update (to find the packages)'
	apt_get update >&2 || say 'apt-get update had errors; going on with what it got'
	apt_lists_updated=1
}

# ask_for WHY PACKAGE...
ask_for() {
	local why=$1
	shift
	say "missing, $why: $*"
	is_debian_12 || {
		say 'these are the names of Debian packages'
		return
	}
	say 'please run, as root:'
	say "    apt-get update && apt-get install --no-install-recommends $*"
}

# install WHY PACKAGE...
install() {
	local why=$1
	shift
	if [[ $EUID != 0 ]]; then
		ask_for "$why" "$@"
		exit 1
	fi
	update_apt_lists
	say "apt-get install $* ($why)"
	apt_get install -y --no-install-recommends "$@" >/dev/null ||
		die "cannot install $*"
}

# download PACKAGE: leaves PACKAGE_*.deb in the current directory
download() {
	if ! apt_get download "$1" >/dev/null 2>&1; then
		update_apt_lists
		apt_get download "$1" 2>&1 | grep -v unsandboxed >&2 || true
	fi
	compgen -G "$1_*.deb" >/dev/null ||
		die "cannot download the package $1: see whether apt-get update and its sources work"
}

# unpack_source PACKAGE_*.deb TARBALL: the tarball out of a linux-source package
unpack_source() {
	dpkg --fsys-tarfile "$1" | tar -xO "./usr/src/$2" >"$2"
	rm "$1"
}
