package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A file of sysfs or procfs, as far as it can be read. It is text that somebody else wrote.
 *
 * @param text what it holds, stripped; empty where it is absent or may not be read
 * @param refusal why it may not be read; empty where it is absent
 */
record Reading(Optional<String> text, Optional<LinuxException> refusal) {
    /** More entries than any directory has that is looked into. */
    private static final int MOST_NAMES = 65_536;

    static Reading of(SystemCalls calls, String path) {
        try {
            return new Reading(Optional.of(calls.readText(path).strip()), Optional.empty());
        } catch (LinuxException e) {
            return new Reading(Optional.empty(), isAbsence(e) ? Optional.empty() : Optional.of(e));
        }
    }

    boolean absent() {
        return text.isEmpty() && refusal.isEmpty();
    }

    String orEmpty() {
        return text.orElse("");
    }

    /** The names in a directory; none where there is no such directory. */
    static List<String> names(SystemCalls calls, String directory) throws LinuxException {
        try {
            return calls.list(directory).stream().limit(MOST_NAMES).toList();
        } catch (LinuxException e) {
            if (isAbsence(e)) {
                return List.of();
            }
            throw e;
        }
    }

    /** The last name of what a link leads to, for example of {@code driver}; empty where there is no link. */
    static String linked(SystemCalls calls, String link) throws LinuxException {
        try {
            String target = calls.readLink(link);
            return target.substring(target.lastIndexOf('/') + 1);
        } catch (LinuxException e) {
            if (isAbsence(e) || e.errno() == Errno.EINVAL) {
                return "";
            }
            throw e;
        }
    }

    /** A number in decimal, or in hexadecimal after 0x. */
    static OptionalLong number(String text) {
        if (text.matches("0[xX]\\p{XDigit}{1,15}")) {
            return OptionalLong.of(Long.parseLong(text.substring(2), 16));
        }
        return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    static boolean isAbsence(LinuxException e) {
        return e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ENODEV;
    }
}
