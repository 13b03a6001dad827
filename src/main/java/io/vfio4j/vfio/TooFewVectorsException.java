package io.vfio4j.vfio;

import java.io.IOException;

/** The host cannot give a device as many interrupt vectors as were to be armed; nothing is armed. */
public final class TooFewVectorsException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int available;

    TooFewVectorsException(String irq, int wanted, int available) {
        super(irq + ": the host has " + available + " vectors for it, not " + wanted
                + ". Arm fewer; vectors below the first one count, too.");
        this.available = available;
    }

    /**
     * How many there are, counted from vector 0 on.
     *
     * @return at least 1
     */
    public int available() {
        return available;
    }
}
