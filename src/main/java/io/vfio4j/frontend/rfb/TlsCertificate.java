package io.vfio4j.frontend.rfb;

import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Path;

/** A certificate and its key, for TLS. */
public final class TlsCertificate {
    private final SslContext context;

    private TlsCertificate(SslContext context) {
        this.context = context;
    }

    /**
     * Reads them from a PKCS#12 file, as {@code keytool} writes it.
     *
     * @param file the file
     * @param password of the file
     * @return the certificate
     * @throws IOException when it cannot be read, or has no key, with a sentence that says what is wrong
     */
    public static TlsCertificate read(Path file, char[] password) throws IOException {
        throw new IOException(file + " cannot be read yet");
    }

    /**
     * For the handlers that encrypt.
     *
     * @return for servers
     */
    @SuppressWarnings("exports") // Who calls this has Netty; a transitive requirement would ask it of everybody.
    public SslContext context() {
        return context;
    }
}
