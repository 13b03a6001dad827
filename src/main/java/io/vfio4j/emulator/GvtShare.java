package io.vfio4j.emulator;

/**
 * Graphics memory and fence registers, of which a GPU has so many for vGPUs, and a vGPU takes so many.
 *
 * @param lowMegabytes graphics memory in the aperture
 * @param highMegabytes graphics memory behind it
 * @param fences fence registers
 */
record GvtShare(int lowMegabytes, int highMegabytes, int fences) {
    static final GvtShare NOTHING = new GvtShare(0, 0, 0);

    /** A sample device, of which there is nothing but that. */
    static GvtShare ofVideoMemory(int megabytes) {
        return new GvtShare(megabytes, megabytes, megabytes);
    }

    /** What a GPU with 4 GiB of graphics addresses and 32 fences has, less what gvt.h keeps for the host. */
    static GvtShare leftByHost(int apertureMegabytes) {
        return new GvtShare(apertureMegabytes - 128, 4096 - apertureMegabytes - 384, 32 - 4);
    }

    GvtShare minus(GvtShare taken) {
        return new GvtShare(
                lowMegabytes - taken.lowMegabytes, highMegabytes - taken.highMegabytes, fences - taken.fences);
    }

    /** intel_vgpu_get_available() of kvmgt.c. */
    int holds(GvtShare each) {
        return Math.min(
                lowMegabytes / each.lowMegabytes, Math.min(highMegabytes / each.highMegabytes, fences / each.fences));
    }
}
