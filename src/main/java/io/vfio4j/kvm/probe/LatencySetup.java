package io.vfio4j.kvm.probe;

/**
 * What {@link LatencyProbe} does.
 *
 * @param work what the vCPU does
 * @param hogs how many threads want the vCPU's processor all the time, 0 to {@value #MOST_HOGS}
 * @param signals how many, 1 to {@value #MOST_SIGNALS}
 * @param vcpuProcessor where the vCPU and the hogs are
 * @param injectorProcessor from where the signals come; another one
 * @param seed of the times of the signals
 */
public record LatencySetup(GuestWork work, int hogs, int signals, int vcpuProcessor, int injectorProcessor, long seed) {
    /** More would take hours. */
    public static final int MOST_HOGS = 64;

    /** More would take days. */
    public static final int MOST_SIGNALS = 10_000_000;

    /**
     * Refuses what cannot be done.
     *
     * @param work what the vCPU does
     * @param hogs how many threads want the vCPU's processor all the time, 0 to {@value #MOST_HOGS}
     * @param signals how many, 1 to {@value #MOST_SIGNALS}
     * @param vcpuProcessor where the vCPU and the hogs are
     * @param injectorProcessor from where the signals come; another one
     * @param seed of the times of the signals
     */
    public LatencySetup {
        if (hogs < 0 || hogs > MOST_HOGS) {
            throw new IllegalArgumentException(hogs + " hogs; there can be 0 to " + MOST_HOGS);
        }
        if (signals < 1 || signals > MOST_SIGNALS) {
            throw new IllegalArgumentException(signals + " signals; there can be 1 to " + MOST_SIGNALS);
        }
        if (vcpuProcessor == injectorProcessor) {
            throw new IllegalArgumentException(
                    "processor " + vcpuProcessor + " for both: the signals must come from another one than the vCPU's");
        }
    }
}
