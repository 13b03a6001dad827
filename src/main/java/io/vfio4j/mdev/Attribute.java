package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.Optional;
import java.util.OptionalLong;

/** Attributes that a kernel may or may not have, and whose text nobody vouches for. */
final class Attribute {
    /** An attribute of sysfs is a page at most. */
    private static final int LONGEST = 4096;

    private Attribute() {}

    /** Its text without the last line end; control characters but line ends are replaced. Empty where it cannot be read. */
    static Optional<String> text(SystemCalls calls, String path) {
        try {
            String text = calls.readText(path);
            String page = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
            return Optional.of(page.strip().replaceAll("[\\p{C}&&[^\\n]]", "?")).filter(some -> !some.isEmpty());
        } catch (LinuxException absentOrForbidden) {
            return Optional.empty();
        }
    }

    /** An unsigned number. Empty where it cannot be read, or is none. */
    static OptionalLong number(SystemCalls calls, String path) {
        Optional<String> digits = text(calls, path).filter(text -> text.matches("\\d{1,10}"));
        return digits.isPresent() ? OptionalLong.of(Long.parseLong(digits.get())) : OptionalLong.empty();
    }

    /** The last name in a link's text. Empty where there is no such link. */
    static Optional<String> linkedName(SystemCalls calls, String path) {
        try {
            String target = calls.readLink(path);
            return Optional.of(target.substring(target.lastIndexOf('/') + 1)).filter(SysfsName::isValid);
        } catch (LinuxException absentOrForbidden) {
            return Optional.empty();
        }
    }
}
