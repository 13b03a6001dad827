package io.vfio4j.doctor;

import io.vfio4j.linux.SystemCalls;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Whom this process runs as: proc(5), {@code status}.
 *
 * @param user the effective user id
 * @param groups the effective and the supplementary groups' ids
 * @param capabilities the effective set, one bit each
 */
record Account(long user, Set<Long> groups, long capabilities) {
    /** Of include/uapi/linux/capability.h. */
    private static final int CAP_IPC_LOCK = 14;

    private static final int CAP_SYS_PTRACE = 19;
    private static final int EFFECTIVE = 1;

    /** Empty where /proc does not say. */
    static Optional<Account> ofThisProcess(SystemCalls calls) {
        String status = Reading.of(calls, "/proc/self/status").orEmpty();
        Optional<Long> user = number(fields(status, "Uid"), EFFECTIVE);
        Optional<Long> group = number(fields(status, "Gid"), EFFECTIVE);
        if (user.isEmpty() || group.isEmpty()) {
            return Optional.empty();
        }
        Set<Long> groups = new HashSet<>(Set.of(group.get()));
        String[] others = fields(status, "Groups");
        for (int i = 0; i < others.length; i++) {
            number(others, i).ifPresent(groups::add);
        }
        String[] effective = fields(status, "CapEff");
        long capabilities = effective.length > 0 && effective[0].matches("\\p{XDigit}{1,16}")
                ? Long.parseUnsignedLong(effective[0], 16)
                : 0;
        return Optional.of(new Account(user.get(), Set.copyOf(groups), capabilities));
    }

    private static String[] fields(String status, String name) {
        return status.lines()
                .filter(line -> line.startsWith(name + ":"))
                .findFirst()
                .map(line -> line.substring(name.length() + 1).strip().split("\\s+"))
                .orElse(new String[0]);
    }

    private static Optional<Long> number(String[] fields, int index) {
        return index < fields.length && fields[index].matches("\\d{1,10}")
                ? Optional.of(Long.valueOf(fields[index]))
                : Optional.empty();
    }

    boolean isRoot() {
        return user == 0;
    }

    boolean maySkipMemlock() {
        return has(CAP_IPC_LOCK);
    }

    boolean mayTraceAnybody() {
        return has(CAP_SYS_PTRACE);
    }

    private boolean has(int capability) {
        return (capabilities >>> capability & 1) != 0;
    }

    /** The user's name, or number where there is no name. */
    String name(SystemCalls calls) {
        return nameOf(calls, "/etc/passwd", user);
    }

    static String userName(SystemCalls calls, long id) {
        return nameOf(calls, "/etc/passwd", id);
    }

    static String groupName(SystemCalls calls, long id) {
        return nameOf(calls, "/etc/group", id);
    }

    /** passwd(5) and group(5): the name first, the number third. */
    private static String nameOf(SystemCalls calls, String file, long id) {
        String wanted = Long.toString(id);
        return entries(calls, file)
                .filter(entry -> entry[2].equals(wanted))
                .map(entry -> entry[0])
                .findFirst()
                .orElse(wanted);
    }

    static boolean groupExists(SystemCalls calls, String name) {
        return entries(calls, "/etc/group").anyMatch(entry -> entry[0].equals(name));
    }

    private static java.util.stream.Stream<String[]> entries(SystemCalls calls, String file) {
        return Arrays.stream(Reading.of(calls, file).orEmpty().split("\n"))
                .map(line -> line.split(":"))
                .filter(entry -> entry.length > 2 && entry[0].matches("[\\w.][\\w.-]{0,63}\\$?"));
    }
}
