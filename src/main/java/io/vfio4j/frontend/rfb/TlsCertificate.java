package io.vfio4j.frontend.rfb;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.UnrecoverableKeyException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;

/** A certificate and its key, for TLS 1.2 and 1.3. */
public final class TlsCertificate {
    private final SslContext context;

    private TlsCertificate(SslContext context) {
        this.context = context;
    }

    /**
     * Reads them from a PKCS#12 file, as {@code keytool} writes it. Blocks.
     *
     * @param file the file, with one key and its certificate
     * @param password of the file
     * @return the certificate
     * @throws IOException when it cannot be read, or has no key, with a sentence that says what is wrong
     */
    public static TlsCertificate read(Path file, char[] password) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, password);
            List<String> keys = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                if (store.isKeyEntry(alias)) {
                    keys.add(alias);
                }
            }
            if (keys.size() != 1) {
                throw new IOException(file + (keys.isEmpty() ? " has no key" : " has the keys " + keys)
                        + "; it needs one key and its certificate");
            }
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(store, password);
            return new TlsCertificate(SslContextBuilder.forServer(managers)
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .build());
        } catch (NoSuchFileException missing) {
            throw new IOException(file + " does not exist", missing);
        } catch (GeneralSecurityException broken) {
            throw new IOException(file + " cannot be used for TLS: " + broken.getMessage(), broken);
        } catch (IOException unreadable) {
            if (unreadable.getCause() instanceof UnrecoverableKeyException) {
                throw new IOException("the password of " + file + " is another one", unreadable);
            }
            if (String.valueOf(unreadable.getMessage()).startsWith(file.toString())) {
                throw unreadable;
            }
            throw new IOException(
                    file + " is no PKCS#12 file that can be read: " + unreadable.getMessage(), unreadable);
        }
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
