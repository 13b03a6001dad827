# shellcheck shell=bash
# What a script needs, and how to get it. To be sourced:
#
#   need_command CMD PACKAGE...   notes that CMD is needed; PACKAGEs of Debian have it
#   need_library FILE PACKAGE     the same for a shared library
#   need_file FILE PACKAGE        the same for a file
#   need_jdk VERSION              the same for a JDK of at least that version
#   need_install                  gets what is missing, or says what to install and exits
#
# On Debian and its kin, as root, packages are installed by apt; nothing else is ever installed.

need_packages=()
need_missing=()

need_say() { printf '%s\n' "$*" >&2; }

need_command() {
	local command=$1
	shift
	command -v "$command" >/dev/null && return
	need_missing+=("$command (Debian: $*)")
	need_packages+=("$@")
}

need_library() {
	local file=$1 package=$2
	PATH=$PATH:/usr/sbin:/sbin ldconfig -p | grep -q "^[[:space:]]*$file " && return
	need_missing+=("$file (Debian: $package)")
	need_packages+=("$package")
}

need_file() {
	local file=$1 package=$2
	[[ -e $file ]] && return
	need_missing+=("$file (Debian: $package)")
	need_packages+=("$package")
}

# Prints the directory of a JDK of at least version $1; prefers JAVA_HOME, then what is on the PATH.
need_find_jdk() {
	local home javac version
	for home in "${JAVA_HOME:-}" "" /usr/lib/jvm/*; do
		if [[ -z $home ]]; then
			javac=$(command -v javac) || continue
			home=$(need_home_of "$javac")
		fi
		[[ -x $home/bin/javac && -x $home/bin/java ]] || continue
		version=$("$home/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
		if [[ -n $version && $version -ge $1 ]]; then
			printf '%s\n' "$home"
			return
		fi
	done
	return 1
}

# The JDK that a javac, mostly the first of a chain of links, belongs to.
need_home_of() {
	local path=$1 link
	while link=$(readlink "$path"); do
		case $link in
		/*) path=$link ;;
		*) path=$(dirname "$path")/$link ;;
		esac
	done
	(cd "$(dirname "$path")/.." && pwd -P)
}

need_jdk() {
	need_find_jdk "$1" >/dev/null && return
	need_missing+=("a JDK, version $1 or later (Debian: default-jdk-headless)")
	need_packages+=(default-jdk-headless)
}

need_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

need_install() {
	[[ ${#need_missing[@]} -gt 0 ]] || return 0
	if [[ $EUID == 0 ]] && command -v apt-get >/dev/null; then
		need_say "installing by apt-get: ${need_packages[*]}"
		need_apt update || need_say 'apt-get update had errors; going on with what it got'
		if need_apt install -y --no-install-recommends "${need_packages[@]}"; then
			need_missing=()
			need_packages=()
			hash -r
			return 0
		fi
		need_say 'apt-get could not install them.'
	fi
	need_say 'Please install:'
	printf '  %s\n' "${need_missing[@]}" >&2
	if command -v apt-get >/dev/null; then
		need_say "for example by: sudo apt-get install --no-install-recommends ${need_packages[*]}"
	fi
	exit 1
}
