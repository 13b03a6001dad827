package io.vfio4j.emulator;

import java.util.List;
import java.util.Optional;

/** A device that can have mediated devices, and its directory in sysfs. */
final class MdevParent {
    private final String name;
    private final String path;
    private final String driverName;
    private final VgpuProfile template;
    private final List<MdevType> types;

    private MdevParent(String name, String path, String driverName, VgpuProfile template, List<MdevType> types) {
        this.name = name;
        this.path = path;
        this.driverName = driverName;
        this.template = template;
        this.types = types;
    }

    /** The parent that a vGPU of this profile has; the profile is also what devices made through sysfs will be. */
    static MdevParent of(VgpuProfile profile) {
        return switch (profile.dialect()) {
            case MDPY -> new MdevParent("mdpy", "/sys/devices/virtual/mdpy/mdpy", "mdpy", profile, MdevType.MDPY);
            case V2, V3, V4, V5, V6, PAGE_FLIP -> gpu("vfio_mdev", profile);
            case PORT, PORT_DISPLAY, MAINLINE -> gpu("intel_vgpu_mdev", profile);
        };
    }

    private static MdevParent gpu(String driverName, VgpuProfile profile) {
        return new MdevParent(
                "0000:00:02.0", "/sys/devices/pci0000:00/0000:00:02.0", driverName, profile, MdevType.GVT);
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

    /** The type whose screen a profile has; the most usual one if none has it. */
    MdevType typeOf(VgpuProfile profile) {
        Optional<MdevType> same = types.stream()
                .filter(type -> type.width() == profile.width() && type.height() == profile.height())
                .reduce((first, last) -> last);
        return same.orElse(types.get(2));
    }
}
