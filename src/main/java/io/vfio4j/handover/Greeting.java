package io.vfio4j.handover;

import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/** The line that comes with the descriptor: {@code vfio-device NAME}. */
final class Greeting {
    /** With its newline. */
    static final int LONGEST = 256;

    private static final String WORD = "vfio-device ";
    private static final String NOBODY = "-";
    /** Enough to recognise what else is talking there. */
    private static final int SHOWN = 60;

    private Greeting() {}

    /** The line for a device; a name that is neither a UUID nor a PCI address is nobody else's business. */
    static byte[] of(String name) {
        String known = isName(name) ? name : NOBODY;
        return (WORD + known + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads a line.
     *
     * @param line with its newline
     * @param from who sent it, for the message
     * @return the device's name; empty where the sender does not know it
     */
    static Optional<String> parse(byte[] line, String from) throws HandoverException {
        String text = new String(line, StandardCharsets.UTF_8);
        String name = text.startsWith(WORD) && text.indexOf('\n') == text.length() - 1
                ? text.substring(WORD.length(), text.length() - 1)
                : "";
        if (name.equals(NOBODY)) {
            return Optional.empty();
        }
        if (!isName(name)) {
            throw new HandoverException("What " + from + " says is not `vfio-device NAME`, but `" + shown(line)
                    + "`: it does not offer VFIO devices.");
        }
        return Optional.of(name.toLowerCase(Locale.ROOT));
    }

    private static boolean isName(String name) {
        return MdevDevice.isUuid(name) || HostDevice.isPciAddress(name);
    }

    static String shown(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8).strip().replaceAll("[^ -~]", "?");
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }
}
