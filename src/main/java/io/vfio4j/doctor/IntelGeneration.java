package io.vfio4j.doctor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Which generation an Intel GPU is of, by its PCI device id: include/drm/intel/i915_pciids.h of Linux 6.12. Which of them GVT-g
 * knows: {@code is_supported_device} of drivers/gpu/drm/i915/intel_gvt.c.
 */
enum IntelGeneration {
    SANDY_BRIDGE("Sandy Bridge", false, "010", "011", "012"),
    IVY_BRIDGE("Ivy Bridge", false, "015", "016"),
    HASWELL("Haswell", false, "04", "0a0", "0a1", "0a2", "0c", "0d"),
    BAY_TRAIL("Bay Trail", false, "0f3"),
    CHERRY_TRAIL("Cherry Trail or Braswell", false, "22b"),
    BROADWELL("Broadwell", true, "16"),
    SKYLAKE("Skylake", true, "19"),
    APOLLO_LAKE("Apollo Lake", true, "0a84", "1a8", "5a8"),
    GEMINI_LAKE("Gemini Lake", false, "318"),
    KABY_LAKE("Kaby Lake or Amber Lake", true, "59", "87c0"),
    COFFEE_LAKE("Coffee Lake, Whiskey Lake or Amber Lake", true, "3e9", "3ea", "87ca"),
    COMET_LAKE("Comet Lake", true, "9b"),
    CANNON_LAKE("Cannon Lake", false, "5a4", "5a5"),
    ICE_LAKE("Ice Lake", false, "8a"),
    ELKHART_LAKE("Elkhart Lake", false, "45"),
    JASPER_LAKE("Jasper Lake", false, "4e"),
    TIGER_LAKE("Tiger Lake", false, "9a"),
    ROCKET_LAKE("Rocket Lake", false, "4c"),
    DG1("DG1", false, "490"),
    ALDER_LAKE("Alder Lake", false, "46"),
    RAPTOR_LAKE("Raptor Lake", false, "a7"),
    DG2("DG2 (Arc) or ATS-M", false, "569", "56a", "56b", "56c"),
    METEOR_LAKE("Meteor Lake or Arrow Lake", false, "7d", "b64"),
    LUNAR_LAKE("Lunar Lake", false, "64"),
    BATTLEMAGE("Battlemage", false, "e2");

    private final String label;
    private final boolean gvt;
    private final List<String> prefixes;

    /** The prefixes are of the four hexadecimal digits; none of two generations fits the same id. */
    IntelGeneration(String label, boolean gvt, String... prefixes) {
        this.label = label;
        this.gvt = gvt;
        this.prefixes = List.of(prefixes);
    }

    /** Empty for what the table does not know: older than all of these, or newer. */
    static Optional<IntelGeneration> of(int deviceId) {
        String digits = String.format(Locale.ROOT, "%04x", deviceId);
        return Arrays.stream(values())
                .filter(generation -> generation.prefixes.stream().anyMatch(digits::startsWith))
                .findFirst();
    }

    String label() {
        return label;
    }

    /** Whether GVT-g can split it. */
    boolean hasGvt() {
        return gvt;
    }
}
