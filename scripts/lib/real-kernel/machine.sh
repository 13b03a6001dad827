# shellcheck shell=bash
# The machine: what it is made of, the command in it, and how that ended.

control= # a directory that the guest shares with us
qemu=
tails=()

# On any way out: nothing stays behind.
clean_up() {
	local pid
	[[ -z $qemu ]] || kill "$qemu" 2>/dev/null || true
	[[ -z $qemu ]] || wait "$qemu" 2>/dev/null || true
	for pid in "${tails[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	[[ -z $control ]] || rm -rf "$control"
}

# Prints the script that the guest runs for us.
guest_command() {
	local name
	printf 'cd %q || exit 126\n' "$PWD"
	# shellcheck disable=SC2016
	echo 'for name in $(compgen -e); do unset "$name"; done'
	for name in "${environment[@]}" $(compgen -e VFIO4J_); do
		[[ ! -v $name ]] || printf 'export %s=%q\n' "$name" "${!name}"
	done
	[[ -z $output ]] || echo 'export VFIO4J_OUTPUT=/run/vfio4j-output'
	printf 'export VFIO4J_REAL_KERNEL=%q VFIO4J_REAL_MACHINE=%q VFIO4J_REAL_PROGRAMS=%q\n' \
		"$kernel" "$(machine_name)" "$programs"
	printf 'exec'
	printf ' %q' "$@"
	echo
}

# Lines of the kernel's messages that say that something broke.
kernel_trouble() {
	grep -n -E 'BUG:|WARNING:|Oops:|general protection fault|Kernel panic|kernel BUG at|refcount_t:|UBSAN:|KASAN:|blocked for more than' \
		"$control/kernel.log" || true
}

# debian, cdev, debian-iommu or cdev-iommu
machine_name() { echo "$kernel_choice${iommu:+-iommu}"; }

# Fills the control directory and the array "machine".
machine=()
describe_machine() {
	local interactive=$1 command_line
	shift
	choose_modules
	control=$(mktemp -d "${TMPDIR:-/tmp}/vfio4j-real-kernel.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	guest_command "$@" >"$control/command"
	printf '%s\n' "$repository" "$PWD" "$cache" >"$control/visible"
	echo "$kernel_dir/image/lib/modules/$kernel" >"$control/module-tree"
	printf '%s\n' "${load_order[@]}" |
		awk '{ path = $1; sub(/^-/, "", path) } path != "" && !seen[path]++' >"$control/modules"
	touch "$control"/{stdout,stderr,kernel.log}

	# Linux 6.1 does not trust the emulated TSC, 6.12 does: its clock was seen
	# to run three times too fast. And on a busy machine the timer's irqs come so
	# late that the check for them, with remapped irqs, panics.
	command_line='console=ttyS0 panic=-1 oops=panic tsc=unstable no_timer_check nowatchdog rcupdate.rcu_cpu_stall_suppress=1'
	# shellcheck disable=SC2054
	# Not KVM, which may be there and yet not work, nested as it often is. And
	# one thread for all virtual processors: with thread=multi one of them can
	# run old code while another patches the kernel, which then dies of an int3
	# (creating a VM in the guest is enough).
	machine=(qemu-system-x86_64 -accel tcg,thread=single -cpu 'max,+svm' -smp 2
		-m "$memory" -nodefaults -no-reboot -display none -vga none -nic none)
	if [[ -n $iommu ]]; then
		command_line+=' intel_iommu=on'
		# The first two have a group each. The last two share one, as they
		# share a conventional bus, and virtio-pci takes one of them: no
		# viable group.
		machine+=(-machine 'q35,kernel-irqchip=split' -device 'intel-iommu,intremap=on'
			-device edu -device 'e1000e,romfile='
			-device 'pcie-pci-bridge,id=conventional'
			-device 'e1000,bus=conventional,addr=1,romfile='
			-device 'virtio-rng-pci,bus=conventional,addr=2')
	fi
	machine+=(-kernel "$boot_image" -initrd "$initramfs" -append "$command_line"
		-fsdev 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap'
		-device 'virtio-9p-pci,fsdev=root,mount_tag=hostroot'
		-fsdev "local,id=control,path=${control//,/,,},security_model=none"
		-device 'virtio-9p-pci,fsdev=control,mount_tag=control'
		-chardev "file,id=log,path=${control//,/,,}/kernel.log" -serial chardev:log)
	if [[ -n $interactive ]]; then
		stty size >"$control/interactive"
		machine+=(-chardev 'stdio,id=terminal,signal=off' -serial chardev:terminal)
	fi
	if [[ -n $output ]]; then
		mkdir -p "$output"
		output=$(realpath "$output")
		touch "$control/output"
		machine+=(-fsdev "local,id=output,path=${output//,/,,},security_model=none"
			-device 'virtio-9p-pci,fsdev=output,mount_tag=output')
	fi
}

# Copies what a file in the control directory gets, until the machine is off.
follow() {
	tail -q -n +1 -s 0.1 --pid="$qemu" -f "$control/$1" &
	tails+=($!)
}

# Runs the arguments in the guest, and returns their exit code.
run() {
	local status=0 pid trouble since
	describe_machine '' "$@"

	since=$SECONDS
	setpriv --pdeathsig TERM timeout -k 5 "$timeout" "${machine[@]}" \
		</dev/null >"$control/qemu.log" 2>&1 &
	qemu=$!
	follow stdout
	follow stderr >&2
	[[ -z $verbose ]] || follow kernel.log >&2
	wait "$qemu" || status=$?
	# 137 is what "timeout" says of a command that it had to kill, and of one
	# that somebody else has killed.
	((status != 137 || timeout == 0 || SECONDS - since < timeout)) || status=124
	for pid in "${tails[@]}"; do
		wait "$pid" || true
	done
	qemu=
	tails=()

	trouble=$(kernel_trouble)
	if [[ -n $trouble ]]; then
		say 'the kernel is in trouble; its messages from there on:'
		tail -n "+${trouble%%:*}" "$control/kernel.log" >&2
	fi
	if ((status == 124)); then
		say "gave up: the command had not ended after $timeout seconds (--timeout)"
		[[ -e $control/started || -n $trouble ]] || tail -n 20 "$control/kernel.log" >&2
		return 124
	fi
	[[ -z $trouble ]] || return 1
	if [[ -e $control/problem ]]; then
		say "$(<"$control/problem")"
		tail -n 3 "$control/kernel.log" >&2
		return 1
	fi
	if [[ ! -s $control/exit ]]; then
		if ((status > 128)); then
			say "QEMU was killed by signal $((status - 128)), before the command had ended, and not by the timeout"
		else
			say 'the machine went off before the command had ended'
		fi
		cat "$control/qemu.log" >&2
		tail -n 20 "$control/kernel.log" >&2
		return 1
	fi
	# Bit 7: an oops; bit 9: a warning; bit 14: a lockup.
	if (($(<"$control/tainted") & (1 << 7 | 1 << 9 | 1 << 14))); then
		say 'the kernel is tainted by an oops or a warning:'
		cat "$control/kernel.log" >&2
		return 1
	fi
	return "$(<"$control/exit")"
}
