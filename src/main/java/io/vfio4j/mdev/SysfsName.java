package io.vfio4j.mdev;

import java.util.regex.Pattern;

/** Names of directories in sysfs that come from outside. */
final class SysfsName {
    /** NAME_MAX of linux/limits.h. */
    private static final int LONGEST = 255;
    /** Printable ASCII without a slash: so it is one name, and has the same bytes in every encoding. */
    private static final Pattern ONE_NAME = Pattern.compile("[\\x21-\\x7e&&[^/]]{1," + LONGEST + "}");

    private static final int MOST_QUOTED = 60;

    private SysfsName() {}

    /** Whether it is one name, so that no path can hide in it. */
    static boolean isValid(String name) {
        return ONE_NAME.matcher(name).matches() && !name.equals(".") && !name.equals("..");
    }

    /** Returns the name. */
    static String require(String name, String what, String example) {
        if (!isValid(name)) {
            throw new IllegalArgumentException(quoted(name) + " is not the name of " + what + ", such as " + example);
        }
        return name;
    }

    /** For a message: what could disturb a terminal is replaced, and what is too long is cut. */
    private static String quoted(String text) {
        String head = text.length() > MOST_QUOTED ? text.substring(0, MOST_QUOTED) + "…" : text;
        return "'" + head.replaceAll("\\p{C}", "?") + "'";
    }
}
