package io.vfio4j.doctor;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What this process may do, and where it runs. */
final class ProcessChecks {
    /** proc(5), {@code limits}: name, soft limit, hard limit, unit. */
    private static final Pattern MEMLOCK = Pattern.compile("Max locked memory\\s+(\\S+)\\s+(\\S+)\\s+bytes\\s*");

    /** {@code PROC_PID_INIT_INO} of include/linux/proc_ns.h: the number of the host's own PID namespace. */
    private static final String HOST_PID_NAMESPACE = "pid:[4026531836]";

    private static final String UNLIMITED = "unlimited";

    private final SystemCalls calls;

    ProcessChecks(SystemCalls calls) {
        this.calls = calls;
    }

    Finding memlock(Check check) {
        Optional<Matcher> limits = Reading.of(calls, "/proc/self/limits")
                .orEmpty()
                .lines()
                .map(MEMLOCK::matcher)
                .filter(Matcher::matches)
                .findFirst();
        if (limits.isEmpty()) {
            return check.unknown("/proc/self/limits does not tell the limit.", "");
        }
        String soft = limits.get().group(1);
        String hard = limits.get().group(2);
        if (soft.equals(UNLIMITED)) {
            return check.ok("Unlimited.");
        }
        String found = "At most " + size(soft) + " (hard limit: " + size(hard) + ")";
        if (Account.ofThisProcess(calls).filter(Account::maySkipMemlock).isPresent()) {
            return check.ok(found + ", which does not bind this process (CAP_IPC_LOCK).");
        }
        String raise = hard.equals(UNLIMITED)
                ? "ulimit -l unlimited before the start is enough."
                : "As root: echo '" + userName()
                        + " - memlock unlimited' > /etc/security/limits.d/vfio.conf, and log in"
                        + " again; for a service: LimitMEMLOCK=infinity.";
        return check.advice(
                found + " can be mapped for DMA. Watching a display maps nothing; a VMM maps all memory of its guest.",
                "Raise it only for a VMM: " + raise);
    }

    private String userName() {
        return Account.ofThisProcess(calls)
                .map(account -> account.name(calls))
                .filter(name -> !name.matches("\\d+"))
                .orElse("*");
    }

    private static String size(String limit) {
        OptionalLong bytes = Reading.number(limit);
        if (bytes.isEmpty()) {
            return limit;
        }
        long kibibytes = bytes.getAsLong() >> 10;
        return kibibytes >= 1024 ? String.format(Locale.ROOT, "%d MiB", kibibytes >> 10) : kibibytes + " KiB";
    }

    /** Whether the descriptors of a running VMM can be had: Documentation/admin-guide/LSM/Yama.rst. */
    Finding ptrace(Check check) {
        Reading scope = Reading.of(calls, "/proc/sys/kernel/yama/ptrace_scope");
        if (scope.refusal().isPresent()) {
            return check.unknown(scope.refusal().get().getMessage(), "");
        }
        Optional<Account> account = Account.ofThisProcess(calls);
        boolean anybody = account.filter(Account::mayTraceAnybody).isPresent();
        String level = scope.text().orElse("0");
        if (level.equals("3")) {
            return check.advice(
                    "Nobody may look into another process (kernel.yama.ptrace_scope=3), so that the name pid:PID cannot work.",
                    "The setting cannot be lowered before a restart. Have the VMM hand its device over (socket:PATH).");
        }
        if (anybody) {
            return check.ok("This process may look into others (CAP_SYS_PTRACE), which the name pid:PID needs.");
        }
        if (level.equals("0")) {
            return check.ok("This process may look into others of the same user, which the name pid:PID needs.");
        }
        return check.advice(
                "This process may not look into others (kernel.yama.ptrace_scope=" + level
                        + "), which the name pid:PID of a running VMM's device needs.",
                "Run vfio4j as root, or have the VMM hand its device over (socket:PATH)"
                        + (level.equals("1") ? ", or, as root: sysctl kernel.yama.ptrace_scope=0." : "."));
    }

    /** Only where it is certain: in a container, or in a VM that has nothing to give away. */
    Optional<Finding> surroundings(Check check) throws LinuxException {
        String namespace = "";
        try {
            namespace = calls.readLink("/proc/self/ns/pid");
        } catch (LinuxException notToldHere) {
            // Then it is not certain.
        }
        if (namespace.startsWith("pid:") && !namespace.equals(HOST_PID_NAMESPACE)) {
            return Optional.of(check.advice(
                    "This process runs in a container (it has a PID namespace of its own), so that processes, nodes and"
                            + " modules of the host may be hidden from it.",
                    "Run vfio4j doctor on the host as well. The container needs the nodes (docker: --device=/dev/vfio) and"
                            + " the limit for locked memory (docker: --ulimit memlock=-1)."));
        }
        boolean bare = Reading.names(calls, "/sys/class/iommu").isEmpty()
                && Reading.names(calls, "/sys/class/mdev_bus").isEmpty();
        if (Processor.of(calls).inVm() && bare) {
            return Optional.of(check.advice(
                    "This is a VM that has neither an IOMMU nor a device that can be split.",
                    "vGPUs are for the VM's host to use; run vfio4j there."));
        }
        return Optional.empty();
    }
}
