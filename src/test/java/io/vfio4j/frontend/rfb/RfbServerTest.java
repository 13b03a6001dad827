package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server on real sockets: where it listens, TLS, crowds, and its end. */
@Timeout(60)
class RfbServerTest {
    private static final char[] FILE_PASSWORD = "changeit".toCharArray();

    private static Socket connect(RfbStage stage) throws IOException {
        return connect(stage.server);
    }

    private static Socket connect(RfbServer server) throws IOException {
        Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout((int) RfbStage.patience().toMillis());
        return socket;
    }

    private static byte[] read(Socket socket, int count) throws IOException {
        byte[] bytes = new byte[count];
        new DataInputStream(socket.getInputStream()).readFully(bytes);
        return bytes;
    }

    private static void say(Socket socket, int... bytes) throws IOException {
        socket.getOutputStream().write(Bytes.of().u8(bytes).array());
        socket.getOutputStream().flush();
    }

    private static void agreeOn38(Socket socket) throws IOException {
        assertEquals("RFB 003.008\n", new String(read(socket, 12), StandardCharsets.US_ASCII));
        socket.getOutputStream().write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
    }

    private static Path keyStore(Path directory, String... more) throws Exception {
        Path file = directory.resolve("server.p12");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(FILE_PASSWORD),
                "-keystore",
                file.toString()));
        command.addAll(List.of(more));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, keytool.waitFor(), said);
        return file;
    }

    /** Trusts anybody, so that it is the server that is tested. */
    private static SSLSocket encrypted(Socket socket) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                null,
                new TrustManager[] {
                    new X509TrustManager() {
                        @Override
                        public void checkClientTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public void checkServerTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public X509Certificate[] getAcceptedIssuers() {
                            return new X509Certificate[0];
                        }
                    }
                },
                null);
        SSLSocket encrypted =
                (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", socket.getPort(), true);
        encrypted.startHandshake();
        return encrypted;
    }

    private static void chooseVeNCrypt(Socket socket, int type) throws IOException {
        agreeOn38(socket);
        assertArrayEquals(new byte[] {1, 19}, read(socket, 2));
        say(socket, 19);
        assertArrayEquals(new byte[] {0, 2}, read(socket, 2));
        say(socket, 0, 2);
        assertArrayEquals(Bytes.of().u8(0, 1).u32(type).array(), read(socket, 6));
        socket.getOutputStream().write(Bytes.of().u32(type).array());
        assertArrayEquals(new byte[] {1}, read(socket, 1));
    }

    private static String serverName(Socket socket) throws IOException {
        byte[] start = read(socket, 20);
        assertEquals(160, (start[0] & 255) << 8 | start[1] & 255);
        int length = new DataInputStream(socket.getInputStream()).readInt();
        return new String(read(socket, length), StandardCharsets.UTF_8);
    }

    @Test
    void tlsWithoutAPassword(@TempDir Path directory) throws Exception {
        TlsCertificate certificate = TlsCertificate.read(keyStore(directory), FILE_PASSWORD);
        try (RfbStage stage = new RfbStage(RfbOptions.DEFAULTS.withCertificate(certificate));
                Socket socket = connect(stage)) {
            chooseVeNCrypt(socket, 260);
            SSLSocket secret = encrypted(socket);
            assertTrue(secret.getSession().getProtocol().startsWith("TLSv1."));
            assertArrayEquals(new byte[4], read(secret, 4));
            say(secret, 1);
            assertEquals("vgpu", serverName(secret));
            secret.getOutputStream().write(Bytes.request(false, 0, 0, 160, 120));
            byte[] update = read(secret, 4 + 12 + 160 * 120 * 4);
            assertEquals(1, update[3], "one rectangle");
        }
    }

    @Test
    void tlsWithAPassword(@TempDir Path directory) throws Exception {
        TlsCertificate certificate = TlsCertificate.read(keyStore(directory), FILE_PASSWORD);
        RfbPassword password = RfbPassword.of("s3cret");
        try (RfbStage stage = new RfbStage(
                        RfbOptions.DEFAULTS.withCertificate(certificate).withPassword(password));
                Socket socket = connect(stage)) {
            chooseVeNCrypt(socket, 261);
            SSLSocket secret = encrypted(socket);
            secret.getOutputStream().write(VncChallenge.encrypted(read(secret, 16), password));
            assertArrayEquals(new byte[4], read(secret, 4));
            say(secret, 1);
            assertEquals("vgpu", serverName(secret));
        }
    }

    @Test
    void whereThereIsACertificateOthersAreRefused(@TempDir Path directory) throws Exception {
        TlsCertificate certificate = TlsCertificate.read(keyStore(directory), FILE_PASSWORD);
        try (RfbStage stage = new RfbStage(RfbOptions.DEFAULTS.withCertificate(certificate))) {
            try (Socket old = connect(stage)) {
                read(old, 12);
                old.getOutputStream().write("RFB 003.003\n".getBytes(StandardCharsets.US_ASCII));
                String reason = new String(old.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                assertTrue(reason.endsWith("connections without TLS are not accepted"), reason);
            }
            try (Socket stubborn = connect(stage)) {
                agreeOn38(stubborn);
                read(stubborn, 2);
                say(stubborn, 1);
                assertEquals(-1, stubborn.getInputStream().read());
            }
            try (Socket hasty = connect(stage)) {
                chooseVeNCrypt(hasty, 260);
                hasty.getOutputStream().write(new byte[100]);
                byte[] rest = hasty.getInputStream().readAllBytes();
                assertTrue(rest.length < 20, "at most an alert");
            } catch (java.net.SocketException reset) {
                // Closed while it spoke.
            }
        }
    }

    @Test
    void filesThatAreNoCertificatesAreCalledWhatTheyAre(@TempDir Path directory) throws Exception {
        Path missing = directory.resolve("missing.p12");
        assertEquals(
                missing + " does not exist",
                assertThrows(IOException.class, () -> TlsCertificate.read(missing, FILE_PASSWORD))
                        .getMessage());
        Path text = Files.writeString(directory.resolve("text"), "no certificate");
        String message = assertThrows(IOException.class, () -> TlsCertificate.read(text, FILE_PASSWORD))
                .getMessage();
        assertTrue(message.startsWith(text + " is no PKCS#12 file that can be read"), message);
        Path file = keyStore(directory);
        assertEquals(
                "the password of " + file + " is another one",
                assertThrows(IOException.class, () -> TlsCertificate.read(file, "guess".toCharArray()))
                        .getMessage());
    }

    @Test
    void aPortInUseIsNamedAndAnotherOneSuggested() throws Exception {
        try (RfbStage stage = new RfbStage()) {
            String message = assertThrows(
                            IOException.class,
                            () -> RfbServer.start(
                                    stage.screen, stage.server.address(), RfbOptions.DEFAULTS, stage.threads))
                    .getMessage();
            assertEquals(
                    "127.0.0.1:" + stage.port() + " is in use: stop what listens there, or take another port, such as "
                            + (stage.port() + 1),
                    message.replace("localhost", "127.0.0.1"));
        }
    }

    @Test
    void otherMachinesNeedAPasswordOrTls() throws Exception {
        InetSocketAddress everywhere = new InetSocketAddress(0);
        try (LiveScreen screen = LiveScreen.named("vgpu", LiveOptions.DEFAULTS);
                FrontendThreads threads = new FrontendThreads()) {
            String message = assertThrows(
                            IllegalArgumentException.class,
                            () -> RfbServer.start(screen, everywhere, RfbOptions.DEFAULTS, threads))
                    .getMessage();
            assertTrue(message.contains("can be reached from other machines"), message);
            RfbOptions secured = RfbOptions.DEFAULTS.withPassword(RfbPassword.of("s3cret"));
            try (RfbServer server = RfbServer.start(screen, everywhere, secured, threads)) {
                assertTrue(server.address().getPort() > 0);
            }
            InetSocketAddress elsewhere = new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0);
            assertEquals(
                    "192.0.2.1 is no address of this machine",
                    assertThrows(IOException.class, () -> RfbServer.start(screen, elsewhere, secured, threads))
                            .getMessage());
        }
    }

    @Test
    void aCrowdOfStrangersKeepsNobodyOut() throws Exception {
        try (RfbStage stage = new RfbStage()) {
            List<Socket> crowd = new ArrayList<>();
            try {
                for (int i = 0; i < 1000; i++) {
                    crowd.add(connect(stage));
                }
                try (Socket friend = connect(stage)) {
                    agreeOn38(friend);
                    assertArrayEquals(new byte[] {1, 1}, read(friend, 2));
                    say(friend, 1);
                    assertArrayEquals(new byte[4], read(friend, 4));
                    say(friend, 1);
                    assertEquals("vgpu", serverName(friend));
                    assertTrue(stage.server.service().connections() <= RfbService.MOST_STRANGERS + 50);
                }
            } finally {
                for (Socket socket : crowd) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void clientsAreDisconnectedWhenTheServerEndsAndItsPortIsFree() throws Exception {
        try (LiveScreen screen = LiveScreen.named("vgpu", LiveOptions.DEFAULTS);
                FrontendThreads threads = new FrontendThreads()) {
            RfbServer server = RfbServer.start(screen, RfbStage.ANY_PORT, RfbOptions.DEFAULTS, threads);
            try (Socket client = connect(server)) {
                read(client, 12);
                server.close();
                assertEquals(-1, client.getInputStream().read());
            }
            server.close();
            RfbServer.start(screen, server.address(), RfbOptions.DEFAULTS, threads)
                    .close();
            assertEquals(0, screen.stats().viewers());
        }
        assertFalse(
                Thread.getAllStackTraces().keySet().stream()
                        .anyMatch(thread -> thread.getName().startsWith("vfio4j network")
                                || thread.getName().startsWith("vfio4j encoder")),
                "threads");
    }

    @Test
    void passwordsAreCheckedAndNotShown() {
        assertEquals("RfbPassword", RfbPassword.of("s3cret").toString());
        assertFalse(RfbOptions.DEFAULTS
                .withPassword(RfbPassword.of("s3cret"))
                .toString()
                .contains("s3cret"));
        for (String bad : List.of("", "123456789", "\u20ac", "a\0b")) {
            String message = assertThrows(IllegalArgumentException.class, () -> RfbPassword.of(bad))
                    .getMessage();
            assertFalse(bad.length() > 1 && message.contains(bad), message);
        }
    }

    @Test
    void optionsAreBounded() {
        assertThrows(IllegalArgumentException.class, () -> RfbOptions.DEFAULTS.withMaxClients(0));
        assertThrows(IllegalArgumentException.class, () -> RfbOptions.DEFAULTS.withMaxClients(10_001));
        assertThrows(
                IllegalArgumentException.class,
                () -> RfbOptions.DEFAULTS.withHandshakeTimeout(java.time.Duration.ofMillis(99)));
        assertThrows(
                IllegalArgumentException.class,
                () -> RfbOptions.DEFAULTS.withStallTimeout(java.time.Duration.ofDays(2)));
    }
}
