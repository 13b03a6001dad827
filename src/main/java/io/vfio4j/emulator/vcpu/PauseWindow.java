package io.vfio4j.emulator.vcpu;

/**
 * How long a vCPU spins before it exits (arch/x86/kvm/x86.h of 6.1, __grow_ple_window and __shrink_ple_window). A growth that is no less than the
 * window's cycles, which the kernel would add, is not in here.
 */
final class PauseWindow {
    private PauseWindow() {}

    /** The window when the vCPU is scheduled in: ple_window_shrink is 0 by default, which means back to the base. */
    static long atEntry(Pause pause) {
        return pause.windowNanos();
    }

    /** The window after an exit. */
    static long grown(Pause pause, long window) {
        if (pause.growth() < 1) {
            return pause.windowNanos();
        }
        long longest = pause.longestNanos();
        return window > longest / pause.growth() ? longest : window * pause.growth();
    }
}
