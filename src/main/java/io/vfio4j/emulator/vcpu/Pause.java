package io.vfio4j.emulator.vcpu;

/**
 * When spinning leaves the guest: pause-loop exiting.
 *
 * @param windowNanos how long a vCPU spins before its first exit; ple_window of 4096 cycles
 * @param growth by what the window is multiplied at each exit; ple_window_grow
 * @param longestNanos what it grows to at most
 */
public record Pause(long windowNanos, int growth, long longestNanos) {
    /** KVM_VMX_DEFAULT_PLE_WINDOW of arch/x86/kvm/x86.h is 4096 cycles, at an assumed 2.5 GHz. */
    private static final long DEFAULT_WINDOW_NANOS = 1638;

    /** The longest window is UINT_MAX cycles: 1.7 s at 2.5 GHz. */
    private static final long DEFAULT_LONGEST_NANOS = 1_717_986_918;

    private static final int MOST_GROWTH = 1_000_000;

    /**
     * Makes the rule.
     *
     * @param windowNanos how long a vCPU spins before its first exit
     * @param growth by what the window is multiplied at each exit; less than 1 sets it back
     * @param longestNanos what it grows to at most
     * @throws IllegalArgumentException naming the component that is absurd
     */
    public Pause {
        Bounds.positiveNanos("windowNanos", windowNanos);
        Bounds.check("growth", growth, 0, MOST_GROWTH);
        Bounds.positiveNanos("longestNanos", longestNanos);
        if (windowNanos > longestNanos) {
            throw new IllegalArgumentException("windowNanos must not be longer than longestNanos");
        }
    }

    /**
     * As KVM sets it up on Intel: 4096 cycles of an assumed 2.5 GHz, doubled at each exit, back to the beginning when the vCPU is scheduled
     * (arch/x86/kvm/vmx/vmx.c).
     *
     * @return the rule
     */
    public static Pause defaults() {
        return new Pause(DEFAULT_WINDOW_NANOS, 2, DEFAULT_LONGEST_NANOS);
    }
}
