# shellcheck shell=bash
# Kernel modules: those of the kernel, its samples, and vgpu_mdev; which of them
# the guest loads.

# Loaded before the root file system is there, and after it.
readonly early_modules=(virtio_pci 9pnet_virtio 9p overlay)
readonly device_modules=(vfio vfio_iommu_type1 mdev kvm)
readonly iommu_modules=(vfio-pci)
# vgem: dma-bufs that Mesa can read.
readonly optional_modules=(kvm-amd drm vgem)
readonly samples=(mdpy mbochs mtty)

# The path of a kernel module and of all it depends on, in the order to load.
module_paths() {
	local tree=$kernel_dir/image/lib/modules/$kernel name
	for name in "$@"; do
		[[ $name != -a ]] || continue
		name=$(module_name "$name")
		# Not by modprobe: it adds what a module merely suggests (softdep), as vfio
		# does with vfio_iommu_type1, and then that could not be left out.
		awk -v name="$name" -v tree="$tree" '{
			file = $1; sub(/:$/, "", file)
			base = file; sub(/.*\//, "", base); sub(/\.ko.*/, "", base); gsub(/-/, "_", base)
			if (base != name) next
			for (i = NF; i > 1; i--) print tree "/" $i
			print tree "/" file
			found = 1
		} END { exit !found }' "$tree/modules.dep" ||
			grep -qE "/${name//_/[-_]}\.ko" "$tree/modules.builtin"
	done
}

# build WHAT DIRECTORY: out of tree; says what the compiler said if it says anything
build() {
	local log
	log=$(mktemp "$kernels/build.XXXXXX")
	say "building $1 for $kernel"
	# Without BTF, which wants vmlinux and pahole.
	if ! make -C "$headers" M="$2" CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$log" 2>&1; then
		cat "$log" >&2
		rm "$log"
		die "cannot build $1"
	fi
	grep -E '(warning|error):' "$log" >&2 || true
	rm "$log"
}

prepare_samples() {
	local work name
	[[ ! -e $kernel_dir/built-samples ]] || return 0
	work=$(mktemp -d "$kernels/build.XXXXXX")
	cp "$kernel_dir"/samples/*.[ch] "$work"
	printf 'obj-m := %s\n' "${samples[*]/%/.o}" >"$work/Kbuild"
	build "the kernel's sample devices" "$work"
	mkdir "$work/done"
	for name in "${samples[@]}"; do
		cp "$work/$name.ko" "$work/done"
	done
	mv "$work/done" "$kernel_dir/built-samples"
	rm -r "$work"
}

vgpu_mdev=
prepare_vgpu_mdev() {
	local work
	vgpu_mdev=$kernel_dir/vgpu_mdev-$(hash_of native/kernel/vgpu_mdev).ko
	if [[ -e $vgpu_mdev ]]; then
		touch "$vgpu_mdev"
		return
	fi
	find "$kernel_dir" -maxdepth 1 -mtime +30 \
		\( -name 'vgpu_mdev-*' -o -name 'smoke-*' -o -name 'initramfs-*' \) \
		-exec rm -r {} +
	work=$(mktemp -d "$kernels/build.XXXXXX")
	cp "$repository"/native/kernel/vgpu_mdev/{Kbuild,*.[ch]} "$work"
	rm -f "$work"/*.mod.c
	build vgpu_mdev "$work"
	mv "$work/vgpu_mdev.ko" "$vgpu_mdev"
	rm -r "$work"
}

# A key of the files in the directories.
hash_of() {
	(cd "$repository" && find "$@" -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' \
		! -name '*.mod*' ! -name 'Module.symvers' ! -name modules.order -print0 |
		LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

# -------------------------------------------------- what the guest will load

# The name of a module, as lsmod prints it.
module_name() {
	local name=${1##*/}
	name=${name%%.ko*}
	echo "${name//-/_}"
}

# The kernel's own modules that the module in file $1 needs.
needs_of() { "$(find_tool modinfo)" -F depends "$1" | tr -s ',' '\n'; }

# Uncompressed copies of all that may be loaded.
prepare_kernel_modules() {
	local name path copy
	mkdir -p "$kernel_dir/loaded"
	{
		printf '%s\n' "${device_modules[@]}" "${iommu_modules[@]}" "${optional_modules[@]}"
		needs_of "$vgpu_mdev"
		for name in "${samples[@]}"; do needs_of "$(sample_file "$name")"; done
	} | sort -u | while read -r name; do
		module_paths "$name" 2>/dev/null || true
	done | sort -u | while read -r path; do
		copy=$(loaded_copy "$path")
		[[ ! -e $copy ]] || continue
		case $path in
		*.xz) xz -dc "$path" >"$copy.new" ;;
		*) ln -f "$path" "$copy.new" ;;
		esac
		mv "$copy.new" "$copy"
	done
}

sample_file() { echo "$kernel_dir/built-samples/$1.ko"; }

loaded_copy() { echo "$kernel_dir/loaded/$(basename "${1%.xz}")"; }

loaded_copies() {
	local path
	module_paths "$1" | while read -r path; do loaded_copy "$path"; done
}

load_order=()    # a line for each: path and parameters, "-" before what may fail
known_modules=() # what --without can name

is_left_out() {
	local name
	for name in "${without[@]}"; do
		[[ $1 != "$name" ]] || return 0
	done
	return 1
}

# add_module NAME LINE...: the last line loads it, those before what it needs;
# nothing of that if one is left out.
add_module() {
	local name=$1 line
	shift
	known_modules+=("$name")
	! is_left_out "$name" || return 0
	for line in "${@:1:$#-1}"; do
		! is_left_out "$(module_name "$line")" || return 0
	done
	load_order+=("$@")
}

add_kernel_module() {
	local name=$1 paths lines
	paths=$(loaded_copies "$name") || die "Linux $kernel has no module $name"
	# Built in: nothing to load, or to leave out.
	[[ -n $paths ]] || return 0
	mapfile -t lines <<<"$paths"
	add_module "$(module_name "$name")" "${lines[@]}"
}

# One that a kernel may lack, or a machine refuse.
add_optional_module() {
	local name=$1 paths lines
	paths=$(loaded_copies "$name" 2>/dev/null | sed 's/^/-/') || true
	[[ -n $paths ]] || return 0
	mapfile -t lines <<<"$paths"
	add_module "$(module_name "$name")" "${lines[@]}"
}

# add_driver NAME FILE [PARAMETER...]: one that was built for this
add_driver() {
	local name=$1 file=$2 need lines=()
	shift 2
	for need in $(needs_of "$file"); do
		mapfile -t -O "${#lines[@]}" lines < <(loaded_copies "$need")
	done
	add_module "$name" "${lines[@]}" "$file $*"
}

choose_modules() {
	local name
	for name in "${device_modules[@]}" ${iommu:+"${iommu_modules[@]}"}; do
		add_kernel_module "$name"
	done
	for name in "${optional_modules[@]}"; do
		add_optional_module "$name"
	done
	if [[ -z $no_devices ]]; then
		add_driver vgpu_mdev "$vgpu_mdev" "${parameters[@]}"
		for name in "${samples[@]}"; do
			add_driver "$name" "$(sample_file "$name")"
		done
	fi
	for name in "${without[@]}"; do
		[[ " ${known_modules[*]} " == *" $name "* ]] ||
			die "--without $name: this machine loads ${known_modules[*]}"
	done
}
