package io.vfio4j.doctor;

import io.vfio4j.linux.SystemCalls;
import java.util.Arrays;
import java.util.Set;

/**
 * What /proc/cpuinfo says of the first processor.
 *
 * @param vendor for example {@code AuthenticAMD}; empty where it does not say
 * @param flags its features
 */
record Processor(String vendor, Set<String> flags) {
    static Processor of(SystemCalls calls) {
        String text = Reading.of(calls, "/proc/cpuinfo").orEmpty();
        return new Processor(
                value(text, "vendor_id"),
                Set.copyOf(Arrays.stream(value(text, "flags").split("\\s+"))
                        .distinct()
                        .toList()));
    }

    private static String value(String text, String key) {
        return text.lines()
                .filter(line -> line.matches(key + "\\s*:.*"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("");
    }

    boolean known() {
        return !vendor.isEmpty();
    }

    boolean amd() {
        return vendor.equals("AuthenticAMD") || vendor.equals("HygonGenuine");
    }

    boolean virtualizes() {
        return flags.contains("vmx") || flags.contains("svm");
    }

    /** CPUID tells guests so: X86_FEATURE_HYPERVISOR. */
    boolean inVm() {
        return flags.contains("hypervisor");
    }
}
