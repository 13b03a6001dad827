package io.vfio4j.handover;

import java.io.IOException;
import java.util.List;

/** A device could not be handed over, for a reason that is not the kernel's: the message says what was found, and what to do. */
public final class HandoverException extends IOException {
    private static final long serialVersionUID = 1L;

    private final List<String> choices;

    HandoverException(String message) {
        this(message, List.of());
    }

    HandoverException(String message, List<String> choices) {
        super(message);
        this.choices = List.copyOf(choices);
    }

    /**
     * The names of the devices to choose from, where that is what was missing.
     *
     * @return UUIDs and PCI addresses; empty where there is no choice
     */
    public List<String> choices() {
        return choices;
    }
}
