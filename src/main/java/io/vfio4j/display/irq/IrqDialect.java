package io.vfio4j.display.irq;

/** The forms in which kernels offer the display irq. */
public enum IrqDialect {
    /** v2 of the series: two irqs, one for each plane, +1 at each register write; cannot be masked. */
    V2("v2"),
    /** v3: one irq, +1 at each vblank of an enabled pipe, whatever happened. */
    V3("v3"),
    /** v4: one irq whose counter tells the planes, by values built into the driver. */
    V4("v4"),
    /** v5: as v4, the values told by a capability. */
    V5("v5"),
    /** v6: as v5, with other capability ids. */
    V6("v6"),
    /** The last tree that Intel published (topic/drm-ui-direct-flip): +1 for each flip, planes not told. */
    PAGE_FLIP("pageflip"),
    /** A port to a newer kernel, whose eventfds count by one: planes not told. */
    PORT("port"),
    /** Such a port that has the capability of v6 all the same; its counter may come as plain +1. */
    PORT_DISPLAY("port-display");

    private final String label;

    IrqDialect(String label) {
        this.label = label;
    }

    /**
     * The dialect's name on the command line.
     *
     * @return for example {@code v5}
     */
    public String label() {
        return label;
    }
}
