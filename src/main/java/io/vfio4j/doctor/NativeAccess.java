package io.vfio4j.doctor;

import java.util.Optional;

/**
 * Whether Java reaches the kernel, as {@code io.vfio4j.linux.jna.JnaLinux} knows it.
 *
 * @param missing why the kernel cannot be reached ({@code JnaLinux.unavailabilityCause()}); empty where it can
 * @param bridgeMissing why the bridge is not used ({@code JnaLinux.bridgeUnavailabilityCause()}); empty where it is
 */
public record NativeAccess(Optional<Throwable> missing, Optional<Throwable> bridgeMissing) {

    Finding access(Check check) {
        return missing.map(cause -> check.problem(
                        "Java cannot reach the kernel: " + reason(cause),
                        "JNA (net.java.dev.jna:jna-jpms) has to be there, and its library has to be unpacked to a directory"
                                + " from which it may be loaded (-Djna.tmpdir=DIRECTORY)."))
                .orElseGet(() -> check.ok("Java reaches the kernel through JNA."));
    }

    Finding bridge(Check check) {
        return bridgeMissing
                .map(cause -> check.advice(
                        "It is not used: " + reason(cause),
                        "Everything works without it; an event costs about a quarter more."))
                .orElseGet(() -> check.ok("It waits for events and reads them in one transition."));
    }

    private static String reason(Throwable cause) {
        String message = cause.getMessage();
        return message == null || message.isBlank() ? cause.toString() : message;
    }
}
