package io.vfio4j.emulator;

import java.util.List;
import java.util.Map;

/** What a host shows of its kernel, its processors and its users: /proc, /sys/module, /sys/class, /etc, /lib/modules. */
final class SystemFiles {
    /** The group that Debian gives /dev/kvm to. */
    static final int KVM_GROUP = 106;

    /** By their numbers; /proc/cpuinfo and /proc/stat say the same. */
    static final List<Integer> PROCESSORS = List.of(0);

    private static final Map<String, String> MODULES = Map.of(
            "vfio", "drivers/vfio/vfio",
            "vfio_iommu_type1", "drivers/vfio/vfio_iommu_type1",
            "vfio_pci", "drivers/vfio/pci/vfio-pci",
            "mdev", "drivers/vfio/mdev/mdev",
            "kvm", "arch/x86/kvm/kvm",
            "kvm_intel", "arch/x86/kvm/kvm-intel",
            "i915", "drivers/gpu/drm/i915/i915",
            "kvmgt", "drivers/gpu/drm/i915/kvmgt");

    /** Those that every host has loaded; a GPU brings its own. */
    private static final List<String> LOADED = List.of("vfio", "vfio_iommu_type1", "mdev", "kvm", "kvm_intel");

    private final FileTree files;

    SystemFiles(FileTree files) {
        this.files = files;
    }

    void install(String release) {
        files.put("/proc/sys/kernel/osrelease", release);
        files.put("/proc/sys/kernel/modules_disabled", "0");
        if (!release.startsWith("5.")) {
            files.put("/proc/sys/kernel/arch", "x86_64");
        }
        files.put("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on i915.enable_gvt=1");
        files.put(
                "/proc/cpuinfo",
                "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Emulated CPU\nflags\t\t: fpu vme msr apic vmx");
        files.put("/proc/stat", "cpu  3000 0 1000 90000 10 0 5 0 0 0\ncpu0 3000 0 1000 90000 10 0 5 0 0 0");
        files.makeDirectory(KvmDebugfs.MOUNT_POINT);
        files.put("/proc/modules", "vfio 45056 0 - Live 0x0000000000000000");
        MODULES.values().forEach(file -> files.put("/lib/modules/" + release + "/kernel/" + file + ".ko", ""));
        LOADED.forEach(this::load);
        files.put("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N");
        files.makeDirectory("/sys/class/misc/kvm");
        files.makeDirectory("/sys/class/iommu/dmar0");
        files.put("/sys/firmware/acpi/tables/DMAR", "DMAR");
        files.put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh");
        files.put("/etc/group", "root:x:0:\nkvm:x:" + KVM_GROUP + ":\nuser:x:1000:");
    }

    /** A GPU, driven by i915 with GVT-g switched on. Its parameters are root's alone to read: i915_params.c, mode 0400. */
    void addGpu(String address, String path) throws KernelError {
        files.put(path + "/vendor", "0x8086");
        files.put(path + "/device", "0x1912");
        files.put(path + "/class", "0x030000");
        files.link("/sys/bus/pci/devices/" + address, path);
        files.makeDirectory("/sys/bus/pci/drivers/i915");
        files.link(path + "/driver", "/sys/bus/pci/drivers/i915");
        files.link(path + "/iommu_group", "/sys/kernel/iommu_groups/0");
        files.link("/sys/kernel/iommu_groups/0/devices/" + address, path);
        load("i915");
        load("kvmgt");
        for (Map.Entry<String, String> parameter :
                Map.of("enable_gvt", "Y", "enable_guc", "0").entrySet()) {
            String attribute = "/sys/module/i915/parameters/" + parameter.getKey();
            files.put(attribute, parameter.getValue());
            files.own(attribute, FileTree.Ownership.ofRoot(0400));
        }
    }

    private void load(String module) {
        files.put("/sys/module/" + module + "/initstate", "live");
    }
}
