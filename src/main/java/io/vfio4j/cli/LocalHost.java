package io.vfio4j.cli;

import io.vfio4j.doctor.NativeAccess;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.IOException;
import java.util.Optional;

/** The kernel of the machine that the command runs on. */
interface LocalHost {
    /** The real one. */
    LocalHost REAL = new LocalHost() {
        @Override
        public SystemCalls open() throws IOException {
            return openReal();
        }

        @Override
        public Optional<NativeAccess> nativeAccess() {
            return Optional.of(new NativeAccess(JnaLinux.unavailabilityCause(), JnaLinux.bridgeUnavailabilityCause()));
        }
    };

    /**
     * Reaches it.
     *
     * @throws IOException when it cannot be reached, with a sentence that says why
     */
    SystemCalls open() throws IOException;

    /** How Java reaches it; empty where that is no question, as on an emulated host. */
    default Optional<NativeAccess> nativeAccess() {
        return Optional.empty();
    }

    private static SystemCalls openReal() throws IOException {
        if (!JnaLinux.isAvailable()) {
            Throwable cause = JnaLinux.unavailabilityCause().orElseThrow();
            throw new IOException(cause.getMessage(), cause);
        }
        return JnaLinux.open();
    }
}
