package io.vfio4j.frontend.rfb;

import java.nio.charset.StandardCharsets;

/** A password for VNC authentication, which uses its first eight bytes. Its text is nowhere shown. */
public final class RfbPassword {
    private static final int MOST_BYTES = 8;

    private final byte[] bytes;

    private RfbPassword(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Makes one of text.
     *
     * @param text 1 to 8 bytes of Latin-1; a longer one is refused, because it would be less secure than it looks
     * @return the password
     * @throws IllegalArgumentException when it is empty, too long, or not Latin-1; without the text in its message
     */
    public static RfbPassword of(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the password is empty");
        }
        if (text.length() > MOST_BYTES) {
            throw new IllegalArgumentException("the password has " + text.length()
                    + " characters; VNC authentication compares no more than " + MOST_BYTES);
        }
        if (!StandardCharsets.ISO_8859_1.newEncoder().canEncode(text) || text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("the password has a character that VNC clients cannot send");
        }
        return new RfbPassword(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    byte[] bytes() {
        return bytes.clone();
    }

    /** The class's name, not the text. */
    @Override
    public String toString() {
        return "RfbPassword";
    }
}
