package io.vfio4j.frontend.web;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A password for pages, asked for by the browser (HTTP Basic; any user name will do). Its text is neither kept nor shown. */
public final class WebPassword {
    private static final int LONGEST = 1024;

    private final byte[] digest;

    private WebPassword(byte[] digest) {
        this.digest = digest;
    }

    /**
     * Makes one of text.
     *
     * @param text 1 to 1024 characters, no control characters
     * @return the password
     * @throws IllegalArgumentException when it is empty, too long, or has control characters
     */
    public static WebPassword of(String text) {
        if (text.isEmpty() || text.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "a password of " + text.length() + " characters; it has 1 to " + LONGEST);
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a password with control characters, which no browser can send");
        }
        return new WebPassword(sha256(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Takes as long for a wrong one as for the right one: the digests have one length. */
    boolean matches(byte[] offered) {
        return MessageDigest.isEqual(digest, sha256(offered));
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }
}
