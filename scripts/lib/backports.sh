# shellcheck shell=bash
# An apt that knows one suite of Debian, mostly bookworm-backports, and nothing else, so that the system's own sources and lists stay as
# they are.
# It takes only what the Debian archive keyring signed, and needs no root to download. To be sourced:
#
#   backports_use DIRECTORY [SUITE]  keeps its lists there; fails if there is no keyring to check them with
#   backports_apt_get COMMAND...  apt-get, quietly; what it has to say goes to standard error
#   backports_version PACKAGE     prints the newest version of a package, once the lists are there

readonly backports_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
backports_options=()

# Where this system gets Debian from, if it says so.
backports_mirror() {
	local mirror=${VFIO4J_DEBIAN_MIRROR:-}
	# shellcheck disable=SC2016
	[[ -n $mirror ]] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Codename: bookworm' 'Component: main' 2>/dev/null | head -n 1) || true
	printf '%s\n' "${mirror:-http://deb.debian.org/debian}"
}

backports_use() {
	local directory=$1 suite=${2:-bookworm-backports}
	[[ -r $backports_keyring ]] || return
	mkdir -p "$directory"/lists/partial "$directory"/archives/partial
	printf 'deb [signed-by=%s] %s %s main\n' "$backports_keyring" "$(backports_mirror)" "$suite" \
		>"$directory/sources.list"
	backports_options=(
		-o "Dir::Etc::SourceList=$directory/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$directory/lists" -o "Dir::Cache::Archives=$directory/archives"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
		-o Acquire::Languages=none -o APT::Sandbox::User=root
		# Whatever the system's apt.conf says.
		-o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false
	)
}

backports_apt_get() { apt-get -qq "${backports_options[@]}" "$@" >&2; }

backports_version() {
	apt-cache "${backports_options[@]}" show "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1
}
