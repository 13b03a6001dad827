package io.vfio4j.emulator;

import java.util.Locale;

/** {@code /proc/self/limits}: fs/proc/base.c, proc_pid_limits(). Only what is limited here is in it. */
final class ProcessLimits {
    private ProcessLimits() {}

    static String text(int descriptors, String lockedBytes) {
        return line("Limit", "Soft Limit", "Hard Limit", "Units")
                + line("Max open files", Integer.toString(descriptors), Integer.toString(descriptors), "files")
                + line("Max locked memory", lockedBytes, lockedBytes, "bytes");
    }

    private static String line(String name, String soft, String hard, String unit) {
        return String.format(Locale.ROOT, "%-25s %-20s %-20s %-10s\n", name, soft, hard, unit);
    }
}
