package io.vfio4j.proc;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Processes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a process may not be looked into, or its descriptors not be copied: ptrace(2), "Ptrace access mode checking". */
public final class TraceRights {
    private static final String SCOPE = "/proc/sys/kernel/yama/ptrace_scope";
    private static final Pattern USERS = Pattern.compile("(?m)^Uid:\\s+(\\d+)\\s+(\\d+)\\s+(\\d+)\\s");
    private static final Pattern PERMITTED = Pattern.compile("(?m)^CapPrm:\\s+(\\p{XDigit}{1,16})$");
    private static final Pattern EFFECTIVE = Pattern.compile("(?m)^CapEff:\\s+(\\p{XDigit}{1,16})$");

    private final String ours;
    private final String theirs;

    private TraceRights(String ours, String theirs) {
        this.ours = ours;
        this.theirs = theirs;
    }

    /**
     * What is in the way, as far as can be seen, and what to do about it.
     *
     * @param calls the host
     * @param pid the process that could not be looked into
     * @param otherWay what to do without the right, as the end of a sentence: {@code let the VMM offer the device on a socket}
     * @return sentences; never fails
     */
    public static String advice(SystemCalls calls, int pid, String otherWay) {
        TraceRights rights = new TraceRights(read(calls, "/proc/self/status"), read(calls, "/proc/" + pid + "/status"));
        return rights.advice(scope(calls)) + " Without it, " + otherWay + ".";
    }

    private static String read(SystemCalls calls, String path) {
        try {
            return calls.readText(path);
        } catch (LinuxException notShown) {
            return "";
        }
    }

    private static Optional<Integer> scope(SystemCalls calls) {
        String text = read(calls, SCOPE).strip();
        return text.matches("\\d") ? Optional.of(Integer.valueOf(text)) : Optional.empty();
    }

    private String advice(Optional<Integer> scope) {
        boolean mayTrace = capabilities(EFFECTIVE, ours)
                .map(effective -> (effective >> Processes.CAP_SYS_PTRACE & 1) != 0)
                .orElse(false);
        if (scope.filter(level -> level >= 3).isPresent()) {
            return "kernel.yama.ptrace_scope is " + scope.get()
                    + ": nobody may take a descriptor from a process, not even root, until the next boot.";
        }
        if (mayTrace) {
            return "This process has CAP_SYS_PTRACE here, so something else forbids it: a user namespace that the other"
                    + " process is not in, a security module (SELinux, AppArmor), or a container's seccomp filter.";
        }
        List<String> reasons = new ArrayList<>();
        if (!sameUser()) {
            reasons.add("the process runs as " + user(theirs) + ", this one as " + user(ours));
        } else if (hasMore()) {
            reasons.add("the process has capabilities that this one lacks");
        }
        scope.filter(level -> level == 1)
                .ifPresent(level -> reasons.add("kernel.yama.ptrace_scope is 1, which allows it to ancestors only"));
        scope.filter(level -> level == 2)
                .ifPresent(level -> reasons.add("kernel.yama.ptrace_scope is 2, which allows it to nobody else"));
        if (reasons.isEmpty()) {
            reasons.add("the process may have forbidden it (it is not dumpable, as after a change of its user),"
                    + " or a security module does");
        }
        return "It needs CAP_SYS_PTRACE, which root has: " + String.join("; and ", reasons) + ".";
    }

    /** Real user against real, effective and saved ones: __ptrace_may_access(). */
    private boolean sameUser() {
        Matcher our = USERS.matcher(ours);
        Matcher their = USERS.matcher(theirs);
        if (!our.find() || !their.find()) {
            return true; // not known to differ
        }
        String own = our.group(1);
        return own.equals(their.group(1)) && own.equals(their.group(2)) && own.equals(their.group(3));
    }

    private boolean hasMore() {
        Optional<Long> our = capabilities(PERMITTED, ours);
        Optional<Long> their = capabilities(PERMITTED, theirs);
        return our.isPresent() && their.isPresent() && (their.get() & ~our.get()) != 0;
    }

    private static Optional<Long> capabilities(Pattern line, String status) {
        Matcher matcher = line.matcher(status);
        return matcher.find() ? Optional.of(Long.parseUnsignedLong(matcher.group(1), 16)) : Optional.empty();
    }

    private static String user(String status) {
        Matcher users = USERS.matcher(status);
        return users.find() ? "user " + users.group(2) : "another user";
    }
}
