package io.vfio4j.doctor;

import io.vfio4j.doctor.PciDevices.Display;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.mdev.MdevParent;
import io.vfio4j.mdev.MdevType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The GPU, and whether GVT-g splits it. */
final class GraphicsChecks {
    private static final String GENERATIONS =
            "GVT-g supports the generations Broadwell to Comet Lake, and Apollo Lake.";
    private static final String DRIVER = "i915";
    private static final String ENABLE_GVT = "/sys/module/i915/parameters/enable_gvt";

    private final SystemCalls calls;

    GraphicsChecks(SystemCalls calls) {
        this.calls = calls;
    }

    private static Optional<IntelGeneration> generation(Display display) {
        return display.isIntel() ? IntelGeneration.of(display.device()) : Optional.empty();
    }

    /** The first GPU that GVT-g could split. */
    private Optional<Display> splittable() throws LinuxException {
        return PciDevices.displays(calls).stream()
                .filter(display ->
                        generation(display).filter(IntelGeneration::hasGvt).isPresent())
                .findFirst();
    }

    boolean hasSplittableGpu() {
        try {
            return splittable().isPresent();
        } catch (LinuxException e) {
            return false;
        }
    }

    private List<MdevParent> parents() throws LinuxException {
        return MdevParent.list(calls);
    }

    /** Empty where there is no mdev bus. */
    Optional<Finding> types(Check check) throws LinuxException {
        if (!KernelPart.MDEV.isThere(calls)) {
            return Optional.empty();
        }
        List<MdevParent> parents = parents();
        if (parents.isEmpty()) {
            String found = "No device offers mediated devices.";
            String advice = hasSplittableGpu()
                    ? "See GVT-g."
                    : "Load the driver of a device that does; for GVT-g see what is said of the GPU.";
            return Optional.of(
                    PciDevices.heldByVfio(calls).isEmpty()
                            ? check.problem(found, advice)
                            : check.advice(found, advice));
        }
        List<String> offers = new ArrayList<>();
        Optional<MdevType> free = Optional.empty();
        for (MdevParent parent : parents) {
            List<String> types = new ArrayList<>();
            for (MdevType type : parent.types(calls)) {
                long left = type.availableInstances().orElse(0);
                types.add(type.name() + " (" + left + " left)");
                if (left > 0 && free.isEmpty()) {
                    free = Optional.of(type);
                }
            }
            offers.add(parent.name() + " offers " + (types.isEmpty() ? "no type" : String.join(", ", types)));
        }
        String found = String.join("; ", offers) + ".";
        boolean none = MdevDevice.list(calls).isEmpty();
        if (free.isEmpty()) {
            return Optional.of(
                    none
                            ? check.problem(
                                    found,
                                    "No more can be created, and there is none: for GVT-g see whether the GPU has graphics"
                                            + " memory left (the firmware's setting for the aperture).")
                            : check.advice(found, "No more can be created: remove one to create another."));
        }
        return Optional.of(
                none
                        ? check.advice(
                                found,
                                "There is no mediated device yet. As root: vfio4j mdev create "
                                        + free.get().parent().name() + " "
                                        + free.get().name() + ".")
                        : check.ok(found));
    }

    Finding gpu(Check check) throws LinuxException {
        List<Display> displays = PciDevices.displays(calls);
        String found = displays.stream().map(GraphicsChecks::describe).collect(Collectors.joining("; "));
        if (hasSplittableGpu()) {
            return check.ok(found + ".");
        }
        if (!parents().isEmpty()) {
            return check.ok((displays.isEmpty() ? "No PCI graphics device" : found)
                    + "; mediated devices come from another driver.");
        }
        if (displays.isEmpty()) {
            return check.advice("There is no PCI graphics device.", GENERATIONS);
        }
        List<Display> intel = displays.stream().filter(Display::isIntel).toList();
        if (intel.isEmpty()) {
            return check.advice(
                    found + ".",
                    "GVT-g needs an Intel GPU. For another one see whether its vendor has a driver with mediated devices.");
        }
        if (intel.stream().anyMatch(display -> generation(display).isEmpty())) {
            return check.unknown(
                    found + ". This version does not know its generation.",
                    GENERATIONS + " If it is one of these, look for 'gvt' in the kernel's messages (dmesg).");
        }
        return check.problem(
                found + ". GVT-g does not support this generation.",
                GENERATIONS + " No setting changes that: it takes another GPU. (Some later ones have SR-IOV instead,"
                        + " whose virtual functions are PCI devices and no mediated ones.)");
    }

    private static String describe(Display display) {
        String ids = String.format(Locale.ROOT, "%04x:%04x", display.vendor(), display.device());
        String generation = generation(display).map(IntelGeneration::label).orElse("");
        return display.address()
                + (display.isIntel() ? " is Intel " : " is ")
                + (generation.isEmpty() ? ids : generation + " (" + ids + ")")
                + (display.driver().isEmpty() ? ", without a driver" : ", driver " + display.driver());
    }

    /** Empty where there is no GPU that it could be about. */
    Optional<Finding> gvt(Check check) throws LinuxException {
        Optional<Display> gpu = splittable();
        return gpu.isEmpty() ? Optional.empty() : Optional.of(gvt(check, gpu.get()));
    }

    private Finding gvt(Check check, Display gpu) throws LinuxException {
        if (parents().stream().anyMatch(parent -> parent.name().equals(gpu.address()))) {
            return check.ok(gpu.address() + " offers vGPUs.");
        }
        if (!gpu.driver().equals(DRIVER)) {
            return check.problem(
                    gpu.address() + " is not held by i915, but by "
                            + (gpu.driver().isEmpty() ? "no driver" : gpu.driver()) + ".",
                    KernelPart.I915.isThere(calls)
                            ? "GVT-g works through i915: bind the GPU to it (as root: echo " + gpu.address()
                                    + " > /sys/bus/pci/drivers/i915/bind, after unbinding the other driver)."
                            : KernelPart.I915.remedy(calls));
        }
        Reading enabled = Reading.of(calls, ENABLE_GVT);
        if (enabled.absent()) {
            return check.problem("i915 was built without GVT-g.", "Start a kernel that has CONFIG_DRM_I915_GVT.");
        }
        boolean asked = !CommandLine.of(calls)
                .matching("i915\\.enable_gvt=(1|[yY].*|on)")
                .isEmpty();
        if (enabled.text().isPresent() && !enabled.orEmpty().equals("Y")) {
            return check.problem("GVT-g is switched off (i915: enable_gvt=" + enabled.orEmpty() + ").", enableAdvice());
        }
        if (!KernelPart.KVMGT.isThere(calls)) {
            return check.problem("The module kvmgt is not loaded.", KernelPart.KVMGT.remedy(calls));
        }
        String found = gpu.address() + " offers no vGPUs, though kvmgt is there";
        if (enabled.text().isEmpty() && !asked) {
            return check.unknown(
                    found + ". Whether GVT-g is on could not be seen: only root may read " + ENABLE_GVT + ".",
                    enableAdvice());
        }
        List<String> guc = guc();
        return check.problem(
                found + " and GVT-g is on" + (guc.isEmpty() ? "." : ", but so is " + guc.get(0) + "."),
                "Look for 'gvt' in the kernel's messages (dmesg). GVT-g does not work together with GuC submission"
                        + " (i915.enable_guc=0 switches it off), nor inside a VM.");
    }

    private static String enableAdvice() {
        return "Add i915.enable_gvt=1 to the kernel's command line (or: echo 'options i915 enable_gvt=1' >"
                + " /etc/modprobe.d/gvt.conf, and renew the initramfs), and restart.";
    }

    /** Bit 0 of enable_guc is GuC submission: drivers/gpu/drm/i915/i915_params.c. */
    private List<String> guc() {
        List<String> on = new ArrayList<>();
        Reading.number(Reading.of(calls, "/sys/module/i915/parameters/enable_guc")
                        .orEmpty())
                .stream()
                .filter(bits -> (bits & 1) != 0)
                .forEach(bits -> on.add("GuC submission (enable_guc=" + bits + ")"));
        return on;
    }
}
