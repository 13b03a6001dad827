package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The kernel and its parts. */
final class KernelChecks {
    private static final String CAPABLE = "vfio4j speaks to Linux on x86-64 and aarch64 only.";

    private final SystemCalls calls;

    KernelChecks(SystemCalls calls) {
        this.calls = calls;
    }

    Finding kernel(Check check) {
        Optional<String> release = KernelRelease.of(calls);
        if (release.isEmpty()) {
            return check.unknown("/proc/sys/kernel/osrelease does not say which kernel this is.", "Is /proc mounted?");
        }
        // Since Linux 6.1.
        Optional<String> architecture =
                Reading.of(calls, "/proc/sys/kernel/arch").text();
        String found = "Linux " + release.get()
                + architecture.map(name -> " on " + name).orElse("") + ".";
        if (!architecture.map(KernelChecks::isKnown).orElse(true)) {
            return check.problem(found, CAPABLE);
        }
        if (KernelRelease.isBefore(release.get(), 4, 16)) {
            return check.problem(found, "Displays of mediated devices came with Linux 4.16: update the kernel.");
        }
        return check.ok(found);
    }

    private static boolean isKnown(String architecture) {
        return architecture.equals("x86_64") || architecture.equals("aarch64");
    }

    Finding vfio(Check check) {
        return KernelPart.VFIO.isThere(calls)
                ? check.ok(KernelPart.VFIO.how(calls) + ".")
                : check.problem("The kernel has no VFIO at present.", KernelPart.VFIO.remedy(calls));
    }

    Finding iommuBackend(Check check) {
        List<String> there = Stream.of(KernelPart.TYPE1, KernelPart.IOMMUFD)
                .filter(part -> part.isThere(calls))
                .map(part -> part.how(calls))
                .toList();
        return there.isEmpty()
                ? check.problem(
                        "Neither vfio_iommu_type1 nor iommufd is there, and no group or device can be used without.",
                        KernelPart.TYPE1.remedy(calls))
                : check.ok(String.join(", ", there) + ".");
    }

    Finding mdev(Check check) throws LinuxException {
        if (KernelPart.MDEV.isThere(calls)) {
            return check.ok(KernelPart.MDEV.how(calls) + "; "
                    + counted(MdevDevice.list(calls).size()) + ".");
        }
        String found = "The kernel has no mediated devices at present (module mdev).";
        String advice = KernelPart.MDEV.remedy(calls)
                + (KernelPart.canLoadModules(calls)
                        ? " The driver that offers mediated devices brings it along; for GVT-g that is kvmgt."
                        : "");
        return PciDevices.heldByVfio(calls).isEmpty() ? check.problem(found, advice) : check.advice(found, advice);
    }

    private static String counted(int devices) {
        return switch (devices) {
            case 0 -> "no mediated device was created yet";
            case 1 -> "1 mediated device";
            default -> devices + " mediated devices";
        };
    }

    /** KVM is needed where the vGPU's driver insists on it. */
    Finding kvm(Check check, boolean needed) {
        if (KernelPart.KVM.isThere(calls) && calls.exists("/sys/class/misc/kvm")) {
            return check.ok(vendors().isEmpty() ? KernelPart.KVM.how(calls) + "." : String.join(", ", vendors()) + ".");
        }
        String found = "KVM is not to be had"
                + (KernelPart.KVM.isThere(calls) ? " (kvm is there, but no driver of the processor's)." : ".")
                + (needed ? " It is needed: the driver opens a vGPU only for a process with a KVM VM." : "");
        return needed ? check.problem(found, kvmRemedy()) : check.advice(found, kvmRemedy() + " Only GVT-g needs it.");
    }

    private List<String> vendors() {
        return Stream.of(KernelPart.KVM_INTEL, KernelPart.KVM_AMD)
                .filter(part -> part.isThere(calls))
                .map(part -> part.how(calls))
                .toList();
    }

    private String kvmRemedy() {
        Processor processor = Processor.of(calls);
        if (!processor.known()) {
            return KernelPart.KVM_INTEL.remedy(calls) + " (On AMD: kvm_amd.)";
        }
        if (!processor.virtualizes()) {
            return processor.inVm()
                    ? "This is a VM: have its host give it nested virtualization (the processor shows neither vmx nor svm)."
                    : "The processor shows neither vmx nor svm: switch virtualization on in the firmware.";
        }
        return (processor.amd() ? KernelPart.KVM_AMD : KernelPart.KVM_INTEL).remedy(calls);
    }

    Finding iommu(Check check) throws LinuxException {
        int iommus = Reading.names(calls, "/sys/class/iommu").size();
        int grouped = PciDevices.grouped(calls);
        String unsafe = Reading.of(calls, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode")
                .orEmpty();
        if (iommus > 0 && grouped > 0) {
            return check.ok("On: " + iommus + (iommus == 1 ? " IOMMU, " : " IOMMUs, ") + grouped
                    + " PCI devices in groups. Mediated devices need none.");
        }
        if (unsafe.equals("Y")) {
            return check.advice(
                    "There is none, and VFIO works without (enable_unsafe_noiommu_mode=Y): a PCI device that is given"
                            + " away can write to any memory.",
                    "Mediated devices need no IOMMU. " + iommuRemedy());
        }
        return check.advice(
                "There is none in use. Mediated devices need none; PCI devices cannot be given away without.",
                iommuRemedy());
    }

    /** How to get an IOMMU. */
    String iommuRemedy() throws LinuxException {
        CommandLine boot = CommandLine.of(calls);
        Processor processor = Processor.of(calls);
        if (processor.inVm()) {
            return "This is a VM: have its host give it a virtual IOMMU (QEMU: -device intel-iommu).";
        }
        String table = processor.amd() ? "IVRS" : "DMAR";
        List<String> tables = Reading.names(calls, "/sys/firmware/acpi/tables");
        if (!tables.isEmpty() && !tables.contains(table)) {
            return "Switch " + (processor.amd() ? "the IOMMU (AMD-Vi)" : "VT-d")
                    + " on in the firmware: it tells of none" + " (no ACPI table " + table + ").";
        }
        List<String> off = new ArrayList<>(boot.matching("(intel_iommu|amd_iommu|iommu)=(off|.*,off.*)"));
        if (!off.isEmpty()) {
            return "Remove " + String.join(" ", off) + " from the kernel's command line, and restart.";
        }
        return processor.amd()
                ? "Switch the IOMMU on in the firmware, and restart with a kernel that has CONFIG_AMD_IOMMU."
                : "Add intel_iommu=on to the kernel's command line, and restart.";
    }
}
