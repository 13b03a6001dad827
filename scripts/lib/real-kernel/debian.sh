# shellcheck shell=bash
# The kernel of Debian 12, or one that the user has unpacked.

has_own_kernel() { [[ -n ${VFIO4J_KERNEL_IMAGE:-} ]]; }

# The kernel that linux-image-amd64 stands for, such as 6.1.0-56-amd64.
newest_debian_kernel() {
	apt-cache depends linux-image-amd64 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)$/\1/p' | head -n 1 || true
}

# Unpacks image and samples of Debian kernel $1 into the directory $2.
fetch_debian_kernel() {
	local version=$1 to=$2 source=linux-source-6.1 tarball
	local patterns='linux-source-*/samples/vfio-mdev'

	cd "$to"
	say "downloading linux-image-$version"
	download "linux-image-$version"
	dpkg -x linux-image-*.deb image
	rm linux-image-*.deb

	tarball=/usr/src/$source.tar.xz
	if [[ ! -r $tarball ]]; then
		say "downloading $source (for the sample devices)"
		download "$source"
		tarball=$source.tar.xz
		unpack_source "$source"_*.deb "$tarball"
	fi
	mkdir samples
	tar -xf "$tarball" -C samples --strip-components=3 --wildcards "$patterns"
	rm -f "$source.tar.xz"
	cd "$OLDPWD"
}

# Debian's build directory wants to be in /usr/src: links to it, and its
# Makefile with the place where it is.
unpacked_headers() {
	local from=$headers file common
	headers=$kernel_dir/build
	[[ ! -d $headers ]] || return 0
	common=("$from"/usr/src/linux-headers-*-common)
	mkdir "$headers"
	for file in "$from/usr/src/linux-headers-$kernel"/{.[!.]*,*}; do
		ln -s "$(realpath "$file")" "$headers"
	done
	rm "$headers/Makefile"
	echo "include $(realpath "${common[0]}")/Makefile" >"$headers/Makefile"
}

# Sets "kernel", or leaves it empty if apt does not know one yet.
choose_debian_kernel() {
	if has_own_kernel; then
		[[ -n ${VFIO4J_KERNEL_HEADERS:-} && -n ${VFIO4J_KERNEL_SAMPLES:-} ]] ||
			die 'VFIO4J_KERNEL_IMAGE needs VFIO4J_KERNEL_HEADERS and VFIO4J_KERNEL_SAMPLES'
		kernel=$(basename "$VFIO4J_KERNEL_IMAGE"/lib/modules/*)
		[[ -r $VFIO4J_KERNEL_IMAGE/boot/vmlinuz-$kernel ]] ||
			die "no boot/vmlinuz-$kernel in $VFIO4J_KERNEL_IMAGE"
	elif [[ -r $kernels/kernel && $1 != --update ]]; then
		kernel=$(<"$kernels/kernel")
	else
		[[ $1 != --update ]] || update_apt_lists
		kernel=$(newest_debian_kernel)
		if [[ -z $kernel ]]; then
			update_apt_lists
			kernel=$(newest_debian_kernel)
		fi
	fi
}

has_debian_headers() {
	[[ -n $kernel ]] || return 1
	headers=/lib/modules/$kernel/build
	[[ -e $headers/Makefile ]] || headers=/usr/src/linux-headers-$kernel
	[[ -e $headers/Makefile ]]
}

# Prints the packages that are missing to build modules for it.
missing_for_debian_kernel() {
	has_own_kernel || has_debian_headers || echo "linux-headers-${kernel:-amd64}"
}

prepare_debian_kernel() {
	local fresh
	[[ -n $kernel ]] ||
		die 'apt knows no linux-image-amd64: please run "apt-get update" as root'
	has_own_kernel || has_debian_headers || die "no headers of Linux $kernel"
	kernel_dir=$kernels/$kernel
	! has_own_kernel || kernel_dir=$kernels/own-$kernel
	if [[ ! -d $kernel_dir ]]; then
		fresh=$(mktemp -d "$kernels/fetch.XXXXXX")
		if has_own_kernel; then
			cp -r "$VFIO4J_KERNEL_IMAGE" "$fresh/image"
			cp -r "$VFIO4J_KERNEL_SAMPLES" "$fresh/samples"
		else
			fetch_debian_kernel "$kernel" "$fresh"
		fi
		"$(find_tool depmod)" -b "$fresh/image" "$kernel"
		chmod 755 "$fresh"
		mv "$fresh" "$kernel_dir"
	fi
	if has_own_kernel; then
		headers=$VFIO4J_KERNEL_HEADERS
		[[ ! -d $headers/usr/src ]] || unpacked_headers
	else
		echo "$kernel" >"$kernels/kernel"
	fi
}
