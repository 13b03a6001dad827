package io.vfio4j.emulator;

import java.util.Locale;

/**
 * What a process may have: the resource limits that are emulated.
 *
 * @param descriptors RLIMIT_NOFILE
 * @param lockedBytes RLIMIT_MEMLOCK
 */
record ProcessLimits(int descriptors, long lockedBytes) {

    /** {@code /proc/self/limits}: fs/proc/base.c, proc_pid_limits(). */
    String text() {
        return line("Limit", "Soft Limit", "Hard Limit", "Units")
                + line("Max open files", Integer.toString(descriptors), Integer.toString(descriptors), "files")
                + line("Max locked memory", lockedText(), lockedText(), "bytes");
    }

    private String lockedText() {
        return lockedBytes == Long.MAX_VALUE ? "unlimited" : Long.toString(lockedBytes);
    }

    private static String line(String name, String soft, String hard, String unit) {
        return String.format(Locale.ROOT, "%-25s %-20s %-20s %-10s\n", name, soft, hard, unit);
    }
}
