package io.vfio4j.kvm;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How long the processors of this host waited for those of the machine below it, where it is a guest: {@code /proc/stat}. */
final class HostSteal {
    /** proc(5): {@code cpu user nice system idle iowait irq softirq steal}. */
    private static final Pattern ALL = Pattern.compile("^cpu +(?:\\d{1,20} ){7}(\\d{1,11})(?: .*)?\\R");

    /** USER_HZ, in which the kernel counts for programs on every architecture that has KVM: 100 a second. */
    private static final long TICK_NANOS = 10_000_000;

    private HostSteal() {}

    static OptionalLong nanos(SystemCalls calls) {
        try {
            Matcher line = ALL.matcher(calls.readText("/proc/stat"));
            return line.lookingAt()
                    ? OptionalLong.of(Long.parseLong(line.group(1)) * TICK_NANOS)
                    : OptionalLong.empty();
        } catch (LinuxException absent) {
            return OptionalLong.empty();
        }
    }
}
