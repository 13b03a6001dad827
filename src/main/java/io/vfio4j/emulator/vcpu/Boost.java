package io.vfio4j.emulator.vcpu;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Which vCPU KVM's directed yield chooses when another one spins. */
public enum Boost {
    /** None: a PAUSE exit does not happen, as with {@code KVM_CAP_X86_DISABLE_EXITS}. */
    NONE,
    /** A vCPU that was preempted: kernels before 5.3. */
    PREEMPTED,
    /**
     * A vCPU that is ready, preempted or woken: d73eb57b80b9 of Linux 5.3 alone. A woken vCPU is still judged by the privilege
     * level of its last preemption.
     */
    READY,
    /** The same with what 5.3 added before its release: only a preempted vCPU is judged by its privilege level. */
    READY_FIXED,
    /** The same, and a pending posted interrupt excuses the user mode: 52acd22faa1a of Linux 5.13. */
    PENDING_IRQ,
    /** The same with the mistake of 6.13 to 6.18, which remembers how far it looked instead of whom it found. */
    LOOP_BUG_613,
    /** Whom the spinning vCPU waits for, which no host knows: a bound. */
    ORACLE;

    /**
     * The name on the command line.
     *
     * @return for example {@code ready-fixed}
     */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Finds a policy by its name.
     *
     * @param label one of {@link #labels()}
     * @return the policy
     * @throws IllegalArgumentException when there is none of that name
     */
    public static Boost named(String label) {
        return Arrays.stream(values())
                .filter(boost -> boost.label().equals(label.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no boost is called '" + label + "'; there are " + String.join(", ", labels())));
    }

    /**
     * The names of all policies.
     *
     * @return in the order of the constants
     */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Boost::label).toList();
    }
}
