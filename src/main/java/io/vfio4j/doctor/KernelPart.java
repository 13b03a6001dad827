package io.vfio4j.doctor;

import io.vfio4j.linux.SystemCalls;
import java.util.List;

/** Parts of the kernel, each of which may be built in, loaded as a module, or missing; and how one gets it. */
enum KernelPart {
    VFIO("vfio", "CONFIG_VFIO", files("drivers/vfio/vfio"), List.of("/sys/class/vfio", "/sys/class/vfio-dev")),
    TYPE1("vfio_iommu_type1", "CONFIG_VFIO_IOMMU_TYPE1", files("drivers/vfio/vfio_iommu_type1"), List.of()),
    IOMMUFD("iommufd", "CONFIG_IOMMUFD", files("drivers/iommu/iommufd/iommufd"), List.of("/sys/class/misc/iommu")),
    MDEV("mdev", "CONFIG_VFIO_MDEV", files("drivers/vfio/mdev/mdev"), List.of("/sys/bus/mdev")),
    /** Binds the mediated devices to VFIO, in kernels before 5.19; later ones have a driver of the vendor's for that. */
    VFIO_MDEV("vfio_mdev", "CONFIG_VFIO_MDEV_DEVICE", files("drivers/vfio/mdev/vfio_mdev"), List.of()),
    VFIO_PCI(
            "vfio_pci",
            "CONFIG_VFIO_PCI",
            files("drivers/vfio/pci/vfio-pci"),
            List.of("/sys/bus/pci/drivers/vfio-pci")),
    KVM("kvm", "CONFIG_KVM", files("arch/x86/kvm/kvm"), List.of("/sys/class/misc/kvm")),
    KVM_INTEL("kvm_intel", "CONFIG_KVM_INTEL", files("arch/x86/kvm/kvm-intel"), List.of()),
    KVM_AMD("kvm_amd", "CONFIG_KVM_AMD", files("arch/x86/kvm/kvm-amd"), List.of()),
    I915("i915", "CONFIG_DRM_I915", files("drivers/gpu/drm/i915/i915"), List.of("/sys/bus/pci/drivers/i915")),
    KVMGT(
            "kvmgt",
            "CONFIG_DRM_I915_GVT_KVMGT",
            files("drivers/gpu/drm/i915/kvmgt", "drivers/gpu/drm/i915/gvt/kvmgt"),
            List.of());

    private static final List<String> SUFFIXES = List.of(".ko", ".ko.xz", ".ko.zst", ".ko.gz");

    private final String module;
    private final String option;
    private final List<String> files;
    private final List<String> traces;

    /** What a part leaves in sysfs beside its directory in /sys/module, which one that is built in may lack. */
    KernelPart(String module, String option, List<String> files, List<String> traces) {
        this.module = module;
        this.option = option;
        this.files = files;
        this.traces = traces;
    }

    /** Where a module may be below /lib/modules/RELEASE/kernel. */
    private static List<String> files(String... paths) {
        return List.of(paths);
    }

    String module() {
        return module;
    }

    String option() {
        return option;
    }

    boolean isThere(SystemCalls calls) {
        return calls.exists("/sys/module/" + module) || traces.stream().anyMatch(calls::exists);
    }

    /** {@code initstate} is there for modules alone: kernel/module/sysfs.c. */
    boolean isModule(SystemCalls calls) {
        return calls.exists("/sys/module/" + module + "/initstate");
    }

    /** For a part that is there. */
    String how(SystemCalls calls) {
        return module + (isModule(calls) ? " (a module)" : " (built in)");
    }

    static boolean canLoadModules(SystemCalls calls) {
        return calls.exists("/proc/modules");
    }

    /** What brings a part that is not there, in sentences. */
    String remedy(SystemCalls calls) {
        if (!canLoadModules(calls)) {
            return "This kernel cannot load modules: start one that can, or that has " + option + " built in.";
        }
        if (Reading.of(calls, "/proc/sys/kernel/modules_disabled").orEmpty().equals("1")) {
            return "Loading modules was switched off (kernel.modules_disabled=1): restart, and load " + module
                    + " before that is done.";
        }
        String modules = "/lib/modules/" + KernelRelease.of(calls).orElse("?");
        if (!calls.exists(modules + "/kernel")) {
            return modprobe() + " " + modules
                    + " is not to be seen here: if the kernel was updated, restart first; in a"
                    + " container, do it on the host.";
        }
        if (files.stream().noneMatch(file -> isFile(calls, modules + "/kernel/" + file))) {
            return "This kernel has no such module (nothing at " + modules + "/kernel/" + files.get(0)
                    + ".ko*): start a kernel with " + option + ".";
        }
        return modprobe() + " To have it after a restart too: echo " + module + " > /etc/modules-load.d/" + module
                + ".conf.";
    }

    private static boolean isFile(SystemCalls calls, String path) {
        return SUFFIXES.stream().anyMatch(suffix -> calls.exists(path + suffix));
    }

    private String modprobe() {
        return "As root: modprobe " + module + ".";
    }
}
