package io.vfio4j.vfio;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Why the kernel refused to map or unmap, as far as it can be found out afterwards. */
final class DmaAdvice {
    private static final String LIMITS = "/proc/self/limits";
    private static final String LOCKED = "Max locked memory";

    private final SystemCalls calls;
    private final DmaBackend backend;

    DmaAdvice(SystemCalls calls, DmaBackend backend) {
        this.calls = calls;
        this.backend = backend;
    }

    /** What is known of a refusal to map. */
    LinuxException onMap(LinuxException refusal, DmaMapping wanted, int offset, List<DmaMapping> mapped) {
        String advice = switch (refusal.errno()) {
            case Errno.EEXIST -> overlap(wanted, mapped);
            case Errno.EINVAL, Errno.EOVERFLOW -> unsuitable(wanted, offset);
            case Errno.ENOMEM -> lockedMemory(wanted, mapped);
            case Errno.ENOSPC ->
                "The container has as many mappings as it may have (" + mapped.size()
                        + " of them from here): map larger pieces,"
                        + " or raise the parameter dma_entry_limit of the module vfio_iommu_type1.";
            case Errno.EFAULT ->
                "The memory cannot be pinned: it is not all there, or it is mapped read-only and the device is to write it, or it"
                        + " belongs to a file or device that does not allow it.";
            case Errno.EPERM -> "The device may not write memory that the process itself may only read.";
            case Errno.ENOENT, Errno.ENODEV -> "The address space is gone: has the device been closed meanwhile?";
            default -> "";
        };
        return advice.isEmpty() ? refusal : refusal.withAdvice(advice);
    }

    private static String overlap(DmaMapping wanted, List<DmaMapping> mapped) {
        Optional<DmaMapping> other = mapped.stream()
                .filter(known -> Long.compareUnsigned(known.iova(), wanted.lastIova()) <= 0
                        && Long.compareUnsigned(wanted.iova(), known.lastIova()) <= 0)
                .findFirst();
        return range(wanted) + " overlaps "
                + other.map(DmaMapping::toString).orElse("something that was not mapped from here")
                + ": unmap that first, as a mapping cannot be replaced.";
    }

    private static String range(DmaMapping wanted) {
        return "0x" + Long.toHexString(wanted.iova()) + " to 0x" + Long.toHexString(wanted.lastIova());
    }

    private String unsuitable(DmaMapping wanted, int offset) {
        DmaInfo info;
        try {
            info = backend.info();
        } catch (IOException unknown) {
            return "Address, memory and length have to be multiples of the page size, and the address one that the device has.";
        }
        List<String> reasons = new ArrayList<>();
        long below = info.alignment() - 1;
        if ((wanted.iova() & below) != 0) {
            reasons.add("the address 0x" + Long.toHexString(wanted.iova()) + " is no multiple of " + info.alignment());
        }
        if ((wanted.length() & below) != 0) {
            reasons.add("the length " + wanted.length() + " is no multiple of " + info.alignment());
        }
        if (info.ranges().stream().noneMatch(range -> range.holds(wanted.iova(), wanted.lastIova()))) {
            reasons.add(range(wanted) + " lies outside of what the device has, which is "
                    + info.ranges().stream().map(IovaRange::toString).collect(Collectors.joining(", ")));
        }
        if (reasons.isEmpty()) {
            reasons.add("the memory does not start on a page (allocatePages gives such)"
                    + (offset == 0 ? "" : ", or the offset " + offset + " is no multiple of one"));
        }
        String all = String.join("; ", reasons);
        return Character.toUpperCase(all.charAt(0)) + all.substring(1) + ".";
    }

    private String lockedMemory(DmaMapping wanted, List<DmaMapping> mapped) {
        String limit;
        try {
            OptionalLong bytes = lockedLimit(calls.readText(LIMITS));
            if (bytes.isEmpty()) {
                return "The kernel has no memory left for it.";
            }
            limit = "is " + bytes.getAsLong() + " bytes";
        } catch (LinuxException | NumberFormatException unknown) {
            limit = "may be too low";
        }
        long sum = mapped.stream().mapToLong(DmaMapping::length).sum();
        return "The limit of locked memory (RLIMIT_MEMLOCK) " + limit + "; " + wanted.length() + " were wanted, and "
                + sum
                + " are mapped for this device. It counts what is pinned " + backend.lockedMemoryOf()
                + ". Raise it by `ulimit -l KIB`, by LimitMEMLOCK= of the systemd unit, or by memlock in"
                + " /etc/security/limits.conf.";
    }

    /** The soft limit; empty where there is none. The columns are of fixed width: fs/proc/base.c, proc_pid_limits(). */
    static OptionalLong lockedLimit(String limits) {
        String line = limits.lines()
                .filter(each -> each.startsWith(LOCKED))
                .findFirst()
                .orElseThrow(() -> new NumberFormatException("no line " + LOCKED));
        String soft = line.substring(LOCKED.length()).strip().split("\\s+")[0];
        return soft.equals("unlimited") ? OptionalLong.empty() : OptionalLong.of(Long.parseUnsignedLong(soft));
    }

    /** What is known of a refusal to unmap. */
    static LinuxException onUnmap(LinuxException refusal) {
        return switch (refusal.errno()) {
            case Errno.EINVAL, Errno.ENOENT ->
                refusal.withAdvice(
                        "It is not mapped any more as it was: somebody else has changed what is mapped. The memory is"
                                + " kept until the device is closed.");
            default -> refusal.withAdvice("The memory is kept until the device is closed, or unmapping it succeeds.");
        };
    }
}
