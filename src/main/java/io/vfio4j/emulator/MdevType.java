package io.vfio4j.emulator;

import java.util.List;

/**
 * A kind of mediated device that a parent offers.
 *
 * @param name the directory in {@code mdev_supported_types}
 * @param description the attribute of that name
 * @param width of the screen
 * @param height of the screen
 */
record MdevType(String name, String description, int width, int height) {
    /** {@code vgpu_types} of drivers/gpu/drm/i915/gvt/vgpu.c; the last number is the share of the GPU. */
    static final List<MdevType> GVT = List.of(
            gvt("1", 512, 2048, 1920, 1200, 16),
            gvt("2", 256, 1024, 1920, 1200, 8),
            gvt("4", 128, 512, 1920, 1200, 4),
            gvt("8", 64, 384, 1024, 768, 2));

    /** {@code mdpy_types} of samples/vfio-mdev/mdpy.c. */
    static final List<MdevType> MDPY = List.of(mdpy("hd", 1920, 1080), mdpy("vga", 640, 480), mdpy("xga", 1024, 768));

    private static MdevType gvt(String name, int low, int high, int width, int height, int weight) {
        String description = "low_gm_size: " + low + "MB\nhigh_gm_size: " + high + "MB\nfence: 4\nresolution: " + width
                + "x" + height + "\nweight: " + weight;
        return new MdevType("i915-GVTg_V5_" + name, description, width, height);
    }

    private static MdevType mdpy(String name, int width, int height) {
        return new MdevType("mdpy-" + name, "virtual display, " + width + "x" + height + " framebuffer", width, height);
    }
}
