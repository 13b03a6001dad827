package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.IOException;

/** The kernel of the machine that the command runs on. */
interface LocalHost {
    /** The real one. */
    LocalHost REAL = LocalHost::openReal;

    /**
     * Reaches it.
     *
     * @throws IOException when it cannot be reached, with a sentence that says why
     */
    SystemCalls open() throws IOException;

    private static SystemCalls openReal() throws IOException {
        if (!JnaLinux.isAvailable()) {
            Throwable cause = JnaLinux.unavailabilityCause().orElseThrow();
            throw new IOException(cause.getMessage(), cause);
        }
        return JnaLinux.open();
    }
}
