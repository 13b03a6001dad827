package io.vfio4j.display;

import java.io.IOException;

/** The policy insists on the display irq, and there is none to be had. */
public final class NoDisplayIrqException extends IOException {
    private static final long serialVersionUID = 1L;

    NoDisplayIrqException(String device, boolean shared) {
        super(device
                + (shared
                        ? " is shared with its owner, from whom arming the display irq would take it; the policies AUTO and TIMER do"
                                + " without, DisplayOptions.takingIrq (watch --take-irq) takes it all the same"
                        : " has no display irq, as on every mainline kernel; the policies AUTO and TIMER do without"));
    }
}
