package io.vfio4j.vfio;

import java.io.IOException;

/**
 * The kernel unmapped less than was mapped. The device may still reach the rest, so its memory is kept until the device is closed.
 */
public final class ShortUnmapException extends IOException {
    private static final long serialVersionUID = 1L;

    private final long unmapped;

    ShortUnmapException(DmaMapping mapping, long unmapped) {
        super("of " + mapping + " only " + Long.toUnsignedString(unmapped)
                + " bytes were unmapped: somebody else may have changed what is mapped. The memory is kept until the device is"
                + " closed.");
        this.unmapped = unmapped;
    }

    /**
     * How much was unmapped.
     *
     * @return in bytes
     */
    public long unmapped() {
        return unmapped;
    }
}
