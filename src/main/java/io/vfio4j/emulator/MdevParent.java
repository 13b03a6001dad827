package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A device that can have mediated devices, and its directory in sysfs. */
final class MdevParent {
    /** {@code .max_instances} of samples/vfio-mdev/mdpy.c. */
    private static final int MOST_SAMPLES = 4;
    /** {@code max_mbytes} of samples/vfio-mdev/mbochs.c. */
    private static final int MOST_MEGABYTES = 256;
    /** More than GVT-g has, whose vGPUs are limited by what the GPU has for them: for tests with many. */
    private static final int MOST_VGPUS = 64;

    /**
     * How many devices a parent may have.
     *
     * @param instances at most, where that is configured
     * @param aperture the GPU's, in MiB, where that is configured
     */
    record Limits(OptionalInt instances, OptionalInt aperture) {}

    private final String name;
    private final String path;
    private final String driverName;
    private final VgpuProfile template;
    private final List<MdevType> types;
    private final int mostInstances;
    private final Optional<GvtShare> budget;

    private MdevParent(
            String name,
            String path,
            String driverName,
            VgpuProfile template,
            List<MdevType> types,
            int mostInstances,
            Optional<GvtShare> budget) {
        this.name = name;
        this.path = path;
        this.driverName = driverName;
        this.template = template;
        this.types = types;
        this.mostInstances = mostInstances;
        this.budget = budget;
    }

    /** The parent that a vGPU of this profile has; the profile is also what devices made through sysfs will be. */
    static MdevParent of(VgpuProfile profile, Limits limits) {
        return switch (profile.dialect()) {
            case MDPY ->
                new MdevParent(
                        "mdpy",
                        "/sys/devices/virtual/mdpy/mdpy",
                        "mdpy",
                        profile,
                        MdevType.MDPY,
                        limits.instances().orElse(MOST_SAMPLES),
                        Optional.empty());
            case MBOCHS ->
                new MdevParent(
                        "mbochs",
                        "/sys/devices/virtual/mbochs/mbochs",
                        "mbochs",
                        profile,
                        MdevType.MBOCHS,
                        limits.instances().orElse(MOST_MEGABYTES),
                        Optional.of(GvtShare.ofVideoMemory(MOST_MEGABYTES)));
            case V2, V3, V4, V5, V6, PAGE_FLIP -> gpu("vfio_mdev", profile, limits);
            case PORT, PORT_DISPLAY, MAINLINE -> gpu("intel_vgpu_mdev", profile, limits);
        };
    }

    private static MdevParent gpu(String driverName, VgpuProfile profile, Limits limits) {
        Optional<GvtShare> budget = limits.aperture().isPresent()
                ? Optional.of(GvtShare.leftByHost(limits.aperture().getAsInt()))
                : Optional.empty();
        // intel_gvt_init_vgpu_types(): a type that is larger than the aperture is not offered.
        List<MdevType> types = MdevType.GVT.stream()
                .filter(type -> budget.map(
                                share -> share.lowMegabytes() >= type.share().lowMegabytes())
                        .orElse(true))
                .toList();
        return new MdevParent(
                "0000:00:02.0",
                "/sys/devices/pci0000:00/0000:00:02.0",
                driverName,
                profile,
                types,
                limits.instances().orElse(MOST_VGPUS),
                budget);
    }

    String name() {
        return name;
    }

    String path() {
        return path;
    }

    String driverName() {
        return driverName;
    }

    VgpuProfile template() {
        return template;
    }

    List<MdevType> types() {
        return types;
    }

    String typePath(MdevType type) {
        return path + "/mdev_supported_types/" + type.name();
    }

    /** The attribute {@code name}, which GVT-g did not have before the mdev core made it for every driver. */
    Optional<String> label(MdevType type) {
        return driverName.equals("vfio_mdev") ? Optional.empty() : Optional.of(type.label());
    }

    /** How many more devices of a type there can be beside others. */
    int available(MdevType type, Collection<MdevType> others) {
        int left = mostInstances - others.size();
        if (budget.isEmpty()) {
            return left;
        }
        GvtShare free = budget.get();
        for (MdevType other : others) {
            free = free.minus(other.share());
        }
        return Math.min(left, free.holds(type.share()));
    }

    /** What creation is refused with when nothing is available: by the mdev core, which counts for mdpy, or by the driver. */
    int exhausted() {
        return driverName.equals("mdpy") ? Errno.EUSERS : Errno.ENOSPC;
    }

    /** The type whose screen a profile has; the most usual one if none has it. Of mbochs the smallest that is large enough. */
    MdevType typeOf(VgpuProfile profile) {
        if (profile.dialect() == EmulatedDialect.MBOCHS) {
            return types.stream()
                    .filter(type -> type.holds(profile.width(), profile.height()))
                    .findFirst()
                    .orElseThrow();
        }
        Optional<MdevType> same = types.stream()
                .filter(type -> type.width() == profile.width() && type.height() == profile.height())
                .findFirst();
        return same.orElse(types.get(Math.min(1, types.size() - 1)));
    }
}
