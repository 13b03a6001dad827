package io.vfio4j.doctor;

import io.vfio4j.linux.SystemCalls;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code uname -r}, checked: it becomes a part of paths. */
final class KernelRelease {
    private static final Pattern FORM = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})[\\w.+~-]{0,64}");

    private KernelRelease() {}

    static Optional<String> of(SystemCalls calls) {
        return Reading.of(calls, "/proc/sys/kernel/osrelease")
                .text()
                .filter(text -> FORM.matcher(text).matches());
    }

    static boolean isBefore(String release, int major, int minor) {
        Matcher matcher = FORM.matcher(release);
        if (!matcher.matches()) {
            return false;
        }
        int theirs = Integer.parseInt(matcher.group(1));
        return theirs < major || theirs == major && Integer.parseInt(matcher.group(2)) < minor;
    }
}
