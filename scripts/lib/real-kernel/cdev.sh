# shellcheck shell=bash
# A kernel with iommufd and the VFIO device cdev, which Debian builds its own
# without: Linux 6.12 of Debian's backports, configured by native/kernel/cdev.config.
#
# What is kept of it, in a directory named after version and configuration:
#   vmlinux  image/lib/modules  built-samples  build (for modules)  config  release

readonly cdev_package=linux-source-6.12
readonly cdev_config=$repository/native/kernel/cdev.config
# Lines that make prints, about; for the progress only.
readonly cdev_lines=1800
# What is kept of a build; to be counted up where that changes.
readonly cdev_layout=1
# What of the source is not unpacked, half of it, since nothing here uses it.
# Where configuration and makefiles are read all the same, only the code.
readonly cdev_unused=(
	Documentation/'*/*' tools/{perf,testing}
	{sound,drivers/{accel,clk,crypto,gpu,iio,infiniband,media,mtd,pinctrl,scsi,staging,usb,video}}/'*.[chS]'
	drivers/net/{ethernet,wireless}/'*.[chS]'
	arch/{arm,arm64,m68k,mips,powerpc,riscv,s390,sh,sparc}/{'*.[chS]','*.dts*'}
)

# The directory of the kernel that is built from source version $1.
cdev_directory() {
	local key
	key=$({
		echo "$1 $cdev_layout"
		cat "$cdev_config"
	} | sha256sum | cut -c1-16)
	echo "$kernels/$1-$key"
}

# Sets "kernel" and "kernel_dir", or leaves them empty if it has to be built.
choose_cdev_kernel() {
	local source
	[[ $1 != --update && -r $kernels/source ]] || return 0
	source=$(<"$kernels/source")
	use_cdev_kernel "$source"
}

use_cdev_kernel() {
	local directory
	directory=$(cdev_directory "$1")
	[[ -r $directory/release ]] || return 0
	kernel_dir=$directory
	kernel=$(<"$kernel_dir/release")
	headers=$kernel_dir/build
	touch "$kernel_dir"
}

# Prints the packages that are missing to build it, or modules for it.
missing_for_cdev_kernel() {
	# Its objtool, which works on modules too, needs the library.
	has_header libelf.h || echo libelf-dev
	[[ -z $kernel ]] || return 0
	[[ -r $backports_keyring ]] || echo debian-archive-keyring
	local tool
	for tool in flex bison bc; do
		find_tool "$tool" >/dev/null || echo "$tool"
	done
}

prepare_cdev_kernel() {
	local source
	[[ -z $kernel ]] || return 0
	backports_use "$kernels/apt" || die "there is no $backports_keyring, by which downloads are checked"
	say "looking for $cdev_package in bookworm-backports"
	backports_apt_get update || die "cannot get the lists of $(backports_mirror)"
	source=$(backports_version "$cdev_package") || true
	[[ -n $source ]] || die "there is no $cdev_package in bookworm-backports of $(backports_mirror)"
	use_cdev_kernel "$source"
	[[ -n $kernel ]] || build_cdev_kernel "$source"
	echo "$source" >"$kernels/source"
	# Those of other versions and configurations, once nobody has used them for long.
	find "$kernels" -maxdepth 1 -mtime +30 -name '*-????????????????' -exec rm -r {} +
}

cdev_work=
cdev_process=

# Ends the build, if it still runs, and leaves nothing of it.
abandon_cdev_kernel() {
	[[ -z $cdev_process ]] || say 'stopping the build, and removing what there is of it'
	[[ -z $cdev_process ]] || kill "$cdev_process" 2>/dev/null || true
	[[ -z $cdev_process ]] || wait "$cdev_process" 2>/dev/null || true
	rm -rf "$cdev_work"
}

# Starts what takes long in the background, since bash heeds no signal while it
# waits for a command in the foreground.
start() {
	setpriv --pdeathsig TERM "$@" </dev/null &
	cdev_process=$!
}

finish() {
	local status=0
	wait "$cdev_process" || status=$?
	cdev_process=
	return "$status"
}

build_cdev_kernel() {
	local source=$1 work free seconds=$SECONDS
	free=$(df --output=avail -m "$kernels" | tail -n 1)
	((free >= 1500)) ||
		die "building a kernel takes 1.5 GB in $kernels for a while, and there are $free MB"
	work=$(mktemp -d "$kernels/build.XXXXXX")
	cdev_work=$work
	trap abandon_cdev_kernel EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	fetch_cdev_source "$source" "$work"
	mkdir "$work"/{objects,done}
	configure_cdev_kernel "$work"
	kernel=$(make -s -C "$work/objects" kernelrelease)
	make_cdev_kernel "$work"
	collect_cdev_kernel "$work" "$work/done"
	chmod 755 "$work/done"
	mv "$work/done" "$(cdev_directory "$source")"
	use_cdev_kernel "$source"

	abandon_cdev_kernel
	trap - EXIT INT TERM HUP
	say "built Linux $kernel in $(((SECONDS - seconds) / 60)) min $(((SECONDS - seconds) % 60)) s"
}

# Unpacks version $1 of the source into $2/source.
fetch_cdev_source() {
	local work=$2 unused
	say "downloading $cdev_package $1"
	cd "$work"
	backports_apt_get download "$cdev_package=$1" || die "cannot download $cdev_package"
	unpack_source "$cdev_package"_*.deb "$cdev_package.tar.xz"
	unused=("${cdev_unused[@]/#/"$cdev_package/"}")
	mkdir source
	say 'unpacking it'
	start tar -xf "$cdev_package.tar.xz" -C source --strip-components=1 "${unused[@]/#/--exclude=}"
	finish
	rm "$cdev_package.tar.xz"
	cd "$OLDPWD"
}

# Nothing but what cdev.config says, and all of that.
configure_cdev_kernel() {
	local work=$1 line refused=()
	make -s -C "$work/source" O="$work/objects" KCONFIG_ALLCONFIG="$cdev_config" \
		allnoconfig >"$work/log" 2>&1 || { cat "$work/log" >&2; die 'cannot configure the kernel'; }
	while read -r line; do
		[[ $line == CONFIG_* ]] || continue
		grep -qxF -- "$line" "$work/objects/.config" || refused+=("$line")
	done <"$cdev_config"
	((${#refused[@]} == 0)) || die "this source does not take all of $cdev_config: ${refused[*]}"
}

make_cdev_kernel() {
	local work=$1
	: >"$work/log"
	KBUILD_BUILD_USER=vfio4j KBUILD_BUILD_HOST=real-kernel \
		start make -C "$work/objects" -j "$(nproc)" vmlinux modules >"$work/log" 2>&1
	show_progress "building Linux $kernel" "$work/log" "$cdev_lines" "$cdev_process"
	if ! finish; then
		mv "$work/log" "$kernels/failed.log"
		grep -E -A 5 '(error:|Error |\*\*\*)' "$kernels/failed.log" | tail -n 30 >&2
		die "cannot build the kernel; what make printed is in $kernels/failed.log"
	fi
}

# show_progress WHAT FILE LINES PROCESS: by the lines in a file, until the process
# ends; on a terminal in one line.
show_progress() {
	local what=$1 file=$2 lines=$3 process=$4 percent shown=-10 began=$SECONDS
	while kill -0 "$process" 2>/dev/null; do
		percent=$(($(wc -l <"$file") * 100 / lines))
		((percent < 100)) || percent=99
		if [[ -t 2 ]]; then
			printf '\r%s: %s: %d %%, %d s ' "$me" "$what" "$percent" $((SECONDS - began)) >&2
		elif ((percent >= shown + 10)); then
			say "$what: $percent %, $((SECONDS - began)) s"
			shown=$percent
		fi
		sleep 1
	done
	[[ ! -t 2 ]] || echo >&2
}

# What is needed of the build in $1, into $2.
collect_cdev_kernel() {
	local work=$1 to=$2 modules=$2/image/lib/modules/$kernel
	local make=(make -s -C "$work/objects")
	say "keeping what is needed of it"
	{
		"${make[@]}" INSTALL_MOD_PATH="$to/image" INSTALL_MOD_STRIP=1 modules_install
		# shellcheck disable=SC2016
		"${make[@]}" run-command \
			KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$to/build"
	} >"$work/log" 2>&1 || { cat "$work/log" >&2; die 'cannot install the kernel'; }
	rm -f "$modules"/{build,source}
	mkdir "$to/built-samples"
	mv "$modules"/kernel/samples/vfio-mdev/*.ko "$to/built-samples"
	rm -r "$modules/kernel/samples"
	"$(find_tool depmod)" -b "$to/image" "$kernel"
	strip -s -o "$to/vmlinux" "$work/objects/vmlinux"
	cp "$work/objects/.config" "$to/config"
	echo "$kernel" >"$to/release"
}
