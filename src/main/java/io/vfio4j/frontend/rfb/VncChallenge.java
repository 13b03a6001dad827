package io.vfio4j.frontend.rfb;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/** VNC authentication (RFC 6143, 7.2.2): the client encrypts random bytes by DES, with the password as key. For one attempt. */
final class VncChallenge {
    private static final int KEY_BYTES = 8;

    private final byte[] challenge = new byte[MessageReader.CHALLENGE_BYTES];

    VncChallenge(SecureRandom random) {
        random.nextBytes(challenge);
    }

    byte[] bytes() {
        return challenge.clone();
    }

    /** Whether a response is that of somebody who knows the password; takes as long for any. */
    boolean isMetBy(byte[] response, RfbPassword password) {
        return MessageDigest.isEqual(encrypted(challenge, password), response);
    }

    static byte[] encrypted(byte[] bytes, RfbPassword password) {
        byte[] key = Arrays.copyOf(password.bytes(), KEY_BYTES);
        for (int i = 0; i < KEY_BYTES; i++) {
            // The first implementation had its bits in the other order, and all have followed.
            key[i] = (byte) (Integer.reverse(key[i]) >>> 24);
        }
        try {
            Cipher cipher = Cipher.getInstance("DES/ECB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "DES"));
            return cipher.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no DES, which VNC authentication is made of", e);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }
}
