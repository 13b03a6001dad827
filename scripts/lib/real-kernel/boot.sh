# shellcheck shell=bash
# What QEMU boots: the kernel's image, and the first program in it.

# The kernel out of its compressed wrapper, which takes the emulated processor
# seconds to unpack; or the wrapper, where that is another kind.
boot_image=
prepare_boot_image() {
	local wrapped=$kernel_dir/image/boot/vmlinuz-$kernel offset
	boot_image=$kernel_dir/vmlinux
	[[ ! -e $boot_image ]] || return 0
	offset=$(LC_ALL=C grep -abo -m 1 $'\xfd7zXZ' "$wrapped" | head -n 1 | cut -d: -f1) || true
	tail -c "+$((${offset:-0} + 1))" "$wrapped" | xz -dcq >"$boot_image.new" 2>/dev/null || true
	if ! readelf -n "$boot_image.new" 2>/dev/null | grep -q Xen; then
		ln -sf "$wrapped" "$boot_image.new"
	fi
	mv "$boot_image.new" "$boot_image"
}

# Busybox, the program "init" beside this file, and the modules that it loads first.
initramfs=
prepare_initramfs() {
	local init=$repository/scripts/lib/real-kernel/init hash root path name
	hash=$({
		cat "$init"
		echo "${early_modules[*]}"
	} | sha256sum | cut -c1-16)
	initramfs=$kernel_dir/initramfs-$hash.gz
	[[ ! -e $initramfs ]] || return 0

	root=$(mktemp -d "$kernels/initramfs.XXXXXX")
	mkdir -p "$root/bin" "$root/modules"
	cp -L "$(find_tool busybox)" "$root/bin/busybox"
	cp "$init" "$root/init"
	chmod 755 "$root/init"
	touch "$root/modules/order"
	module_paths -a "${early_modules[@]}" | awk '!seen[$0]++' |
		while read -r path; do
			name=$(basename "${path%.xz}")
			case $path in
			*.xz) xz -dc "$path" >"$root/modules/$name" ;;
			*) cp "$path" "$root/modules/$name" ;;
			esac
			echo "$name" >>"$root/modules/order"
		done
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$initramfs.new"
	mv "$initramfs.new" "$initramfs"
	rm -r "$root"
}
