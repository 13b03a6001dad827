package io.vfio4j.kvm;

import java.util.Optional;

/**
 * A way to what is counted of a VM of another process.
 *
 * @param kind which way
 * @param obstacle why it leads nowhere, or not to everything, and what to do about it; empty where it does
 */
public record KvmSource(Kind kind, Optional<String> obstacle) {
    /** The ways that there are. */
    public enum Kind {
        /** Copies of statistics descriptors that the process has open: each vCPU by itself, and histograms. */
        DESCRIPTORS("statistics descriptors of the process"),
        /** debugfs: the sum of all vCPUs, without histograms. */
        DEBUGFS("debugfs"),
        /** {@code /proc/PID/task/TID/schedstat}: how long the thread of each vCPU ran and waited. */
        SCHEDULER("schedstat of the vCPU threads");

        private final String label;

        Kind(String label) {
            this.label = label;
        }

        /**
         * What to call it.
         *
         * @return for people
         */
        public String label() {
            return label;
        }
    }

    /**
     * Whether it works in full.
     *
     * @return true when there is no obstacle
     */
    public boolean available() {
        return obstacle.isEmpty();
    }
}
