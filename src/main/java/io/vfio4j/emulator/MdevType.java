package io.vfio4j.emulator;

import java.util.List;

/**
 * A kind of mediated device that a parent offers.
 *
 * @param name the directory in {@code mdev_supported_types}
 * @param label the attribute {@code name}
 * @param description the attribute of that name
 * @param width of the screen
 * @param height of the screen
 * @param share what a device of it takes from its parent
 */
record MdevType(String name, String label, String description, int width, int height, GvtShare share) {
    /** {@code intel_vgpu_configs} of drivers/gpu/drm/i915/gvt/vgpu.c; the last number is the share of the GPU's time. */
    static final List<MdevType> GVT = List.of(
            gvt("8", new GvtShare(64, 384, 4), 1024, 768, 2),
            gvt("4", new GvtShare(128, 512, 4), 1920, 1200, 4),
            gvt("2", new GvtShare(256, 1024, 4), 1920, 1200, 8),
            gvt("1", new GvtShare(512, 2048, 4), 1920, 1200, 16));

    /** {@code mbochs_types} of samples/vfio-mdev/mbochs.c, with the largest screen; the last has no limit. */
    static final List<MdevType> MBOCHS =
            List.of(mbochs("small", 4, 800, 600), mbochs("medium", 16, 1920, 1440), mbochs("large", 64, 0, 0));

    /** {@code mdpy_types} of samples/vfio-mdev/mdpy.c. */
    static final List<MdevType> MDPY = List.of(mdpy("vga", 640, 480), mdpy("xga", 1024, 768), mdpy("hd", 1920, 1080));

    private static MdevType gvt(String name, GvtShare share, int width, int height, int weight) {
        String description = "low_gm_size: " + share.lowMegabytes() + "MB\nhigh_gm_size: " + share.highMegabytes()
                + "MB\nfence: " + share.fences() + "\nresolution: " + width + "x" + height + "\nweight: " + weight;
        return new MdevType("i915-GVTg_V5_" + name, "GVTg_V5_" + name, description, width, height, share);
    }

    private static MdevType mbochs(String name, int megabytes, int width, int height) {
        return new MdevType(
                "mbochs-" + name,
                "mbochs-" + name,
                "virtual display, " + megabytes + " MB video memory",
                width,
                height,
                GvtShare.ofVideoMemory(megabytes));
    }

    /** What a device of this type is; a guest of mbochs has 1024x768 where nobody tells it otherwise and there is room. */
    VgpuProfile applied(VgpuProfile template) {
        if (template.dialect() != EmulatedDialect.MBOCHS) {
            return template.withSize(width, height);
        }
        return holds(1024, 768) ? template.withSize(1024, 768) : template.withSize(width, height);
    }

    /** Whether a screen is not larger than allowed. */
    boolean holds(int screenWidth, int screenHeight) {
        return (width == 0 || screenWidth <= width) && (height == 0 || screenHeight <= height);
    }

    private static MdevType mdpy(String name, int width, int height) {
        return new MdevType(
                "mdpy-" + name,
                "mdpy-" + name,
                "virtual display, " + width + "x" + height + " framebuffer",
                width,
                height,
                GvtShare.NOTHING);
    }
}
