package io.vfio4j.cli;

/** What the emulated dialects are, in a few words. */
final class Dialects {
    private Dialects() {}

    static String describe(String name) {
        return switch (name) {
            case "v2" -> "GVT-g, series v2: an irq for each plane, at each register write";
            case "v3" -> "GVT-g, series v3: one irq, at each vblank";
            case "v4" -> "GVT-g, series v4: tells the planes, by values built in";
            case "v5" -> "GVT-g, series v5: tells the planes, by values of a capability";
            case "v6" -> "GVT-g, series v6: as v5, with other capability ids";
            case "pageflip" -> "GVT-g, Intel's last tree: one irq for flips, planes not told";
            case "port" -> "a port to a newer kernel: planes not told";
            case "port-display" -> "such a port whose capability promises values that never come";
            case "none" -> "GVT-g of mainline: no display irq, timer mode";
            case "mdpy" -> "the kernel's sample mdpy: a framebuffer in a region, timer mode";
            case "mbochs" -> "the kernel's sample mbochs: dma-bufs that cannot be mapped, EDID, timer mode";
            default -> "an emulated vGPU";
        };
    }
}
