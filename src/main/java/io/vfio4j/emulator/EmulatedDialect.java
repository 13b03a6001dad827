package io.vfio4j.emulator;

/** The named profiles as an enum, for annotations. Each constant stands for the {@link VgpuProfile} of the same name. */
public enum EmulatedDialect {
    /** {@link VgpuProfile#V2}. */
    V2("v2"),
    /** {@link VgpuProfile#V3}. */
    V3("v3"),
    /** {@link VgpuProfile#V4}. */
    V4("v4"),
    /** {@link VgpuProfile#V5}. */
    V5("v5"),
    /** {@link VgpuProfile#V6}. */
    V6("v6"),
    /** {@link VgpuProfile#PAGE_FLIP}. */
    PAGE_FLIP("pageflip"),
    /** {@link VgpuProfile#PORT}. */
    PORT("port"),
    /** {@link VgpuProfile#PORT_DISPLAY}. */
    PORT_DISPLAY("port-display"),
    /** {@link VgpuProfile#MAINLINE}. */
    MAINLINE("none"),
    /** {@link VgpuProfile#MDPY}. */
    MDPY("mdpy"),
    /** {@link VgpuProfile#MBOCHS}. */
    MBOCHS("mbochs");

    private final String label;

    EmulatedDialect(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /**
     * The profile that this constant names.
     *
     * @return one of the constants of {@link VgpuProfile}
     */
    public VgpuProfile profile() {
        return VgpuProfile.named(label);
    }
}
