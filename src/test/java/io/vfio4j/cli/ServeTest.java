package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.shinyhut.vernacular.client.exceptions.AuthenticationFailedException;
import io.vfio4j.contract.VncViewer;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command line around the servers; pictures are the contract's. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServeTest {
    private static final String FLIP = "emulated:v5:flip,size=320x200";
    private static final String CURSOR = "emulated:v6:cursor,size=330x150";
    private static final int SIGTERM = 15;
    private static final int SIGNALLED = 128;

    @TempDir
    private Path directory;

    private static boolean isListening(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (ConnectException nobody) {
            return false;
        }
    }

    private Path file(String name, String content, String permissions) throws IOException {
        Path file = directory.resolve(name);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    @Test
    void eachDeviceHasAPortAndEachClientALineWhenItComesAndGoes() throws Exception {
        try (ServeRun serve = ServeRun.anywhere(FLIP, CURSOR)) {
            int flip = serve.port(FLIP);
            int cursor = serve.port(CURSOR);
            assertTrue(flip != cursor);
            try (VncViewer one = VncViewer.connect(flip);
                    VncViewer other = VncViewer.connect(cursor)) {
                one.await("the first picture", image -> image.getWidth() == 320);
                other.await("the second picture", image -> image.getHeight() == 150);
                serve.await(
                        "client",
                        line -> FLIP.equals(line.get("device")) && Boolean.TRUE.equals(line.get("connected")));
                serve.await(
                        "client",
                        line -> CURSOR.equals(line.get("device")) && Boolean.TRUE.equals(line.get("connected")));
            }
            Map<String, Object> left = serve.await(
                    "client", line -> FLIP.equals(line.get("device")) && Boolean.FALSE.equals(line.get("connected")));
            assertTrue(((String) left.get("client")).startsWith("127.0.0.1:"), left.toString());
            assertTrue(Json.number(left, "updates") >= 1, left.toString());
            assertTrue(Json.number(left, "bytes") >= 320 * 200, left.toString());
            assertEquals("", serve.errors());
        }
    }

    @Test
    void theSummaryCountsWhatWasServed() {
        CommandRun run = CommandRun.of("serve", FLIP, CURSOR, "--listen", "0", "--for", "200ms", "--json");
        assertEquals(0, run.exitCode(), run.err());
        List<Map<String, Object>> devices = Json.members(run.summary(), "devices");
        assertEquals(
                List.of(FLIP, CURSOR),
                devices.stream().map(each -> each.get("device")).toList());
        assertEquals(0, Json.number(devices.get(0), "clients"));
        run = CommandRun.of("serve", FLIP, "--listen", "0", "--for", "100ms");
        List<String> lines = run.outLines();
        assertTrue(lines.get(0).matches(FLIP + ": VNC on 127\\.0\\.0\\.1:\\d+"), run.out());
        assertTrue(lines.get(1).startsWith("Served for 1"), run.out());
        assertEquals("  " + FLIP + ": 0 clients, 0 updates, 0 bytes", lines.get(2));
    }

    @Test
    void portsFollowOneAnother() throws Exception {
        // Whoever takes one of them in between makes this fail as a port in use; the next try has others.
        for (int attempt = 0; ; attempt++) {
            int first;
            try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                first = free.getLocalPort();
            }
            CommandRun run = CommandRun.of(
                    "serve", FLIP, CURSOR, "--listen", "[::1]:" + Math.min(first, 65_000), "--for", "1ms", "--json");
            if (run.exitCode() == 0 || attempt == 5) {
                assertEquals(0, run.exitCode(), run.err());
                List<Integer> ports = run.json("serving").stream()
                        .map(line -> (int) Json.number(line, "port"))
                        .toList();
                assertEquals(ports.get(0) + 1, ports.get(1));
                assertEquals("[::1]:" + ports.get(0), run.json("serving").get(0).get("vnc"));
                return;
            }
        }
    }

    @Test
    void aPortInUseIsASentenceThatNamesItAndNothingIsServed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                EmulatedHost host =
                        EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            int port = taken.getLocalPort();
            CommandRun run = CommandRun.on(
                    host, "serve", FLIP, host.vgpu().uuid().toString(), "--listen", "0", "--web", "" + port);
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertTrue(run.err().contains("127.0.0.1:" + port + " is in use"), run.err());
            assertTrue(run.err().contains("port"), run.err());
            assertEquals(1, run.err().lines().count(), run.err());
            assertEquals(List.of(), host.openFiles());
            run = CommandRun.of("serve", FLIP, "--listen", "" + port);
            assertTrue(run.err().startsWith("vfio4j: 127.0.0.1:" + port + " is in use: "), run.err());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsAFailureForAll() throws Exception {
        try (EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            String absent = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";
            CommandRun run =
                    CommandRun.on(host, "serve", host.vgpu().uuid().toString(), absent, "--listen", "0", "--for", "1m");
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertTrue(run.err().contains(absent + ": ENODEV"), run.err());
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    void whatCannotBeShownIsNotSaidToBeShownWhenNobodyLooksAnyMore() throws Exception {
        try (EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.MBOCHS).realTime().build()) {
            String uuid = host.vgpu().uuid().toString();
            host.faults().removeGraphics();
            host.vgpu().guest().setMode(640, 480);
            ServeRun serve = ServeRun.on(host.systemCalls(), uuid);
            try (serve) {
                try (VncViewer viewer = VncViewer.connect(serve.port(uuid))) {
                    viewer.await("a placeholder", image -> image.getWidth() == 640);
                    serve.await(
                            "device", line -> String.valueOf(line.get("why")).contains(" cannot be shown: "));
                }
                Object first = serve.await("client", line -> Boolean.FALSE.equals(line.get("connected")))
                        .get("client");
                try (VncViewer viewer = VncViewer.connect(serve.port(uuid))) {
                    viewer.await("a placeholder", image -> image.getWidth() == 640);
                    serve.await("client", line -> !first.equals(line.get("client")));
                }
            }
            assertThrows(
                    AssertionError.class, () -> serve.await("device", line -> Boolean.TRUE.equals(line.get("shown"))));
        }
    }

    @Test
    void ofSeveralDevicesTheDoctorIsToldWhichOneWasRefused() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V5)
                .vgpu(VgpuProfile.V6)
                .realTime()
                .build()) {
            String free = host.vgpus().get(0).uuid().toString();
            String taken = host.vgpus().get(1).uuid().toString();
            EmulatedProcess vmm = host.process("qemu-system-x86_64");
            vmm.systemCalls().open(host.vgpus().get(1).groupPath(), Access.READ_WRITE);
            List<String> openBefore = host.openFiles();
            CommandRun run = CommandRun.on(host, "serve", free, taken, "--listen", "0");
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertTrue(run.err().contains("EBUSY"), run.err());
            assertTrue(run.err().endsWith(" 'vfio4j doctor " + taken + "' looks for the cause.\n"), run.err());
            assertEquals(1, run.err().lines().count(), run.err());
            assertEquals(openBefore, host.openFiles());
        }
    }

    @Test
    void aDeviceThatIsWaitedForIsServedBeforeItIsThere() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().realTime().build()) {
            String uuid = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";
            VgpuProfile profile = VgpuProfile.V6.withSize(320, 200).withUuid(UUID.fromString(uuid));
            try (ServeRun serve = ServeRun.on(host.systemCalls(), uuid, "--wait");
                    VncViewer viewer = VncViewer.connect(serve.port(uuid))) {
                viewer.await("a placeholder", image -> image.getWidth() == 640);
                serve.await("device", line -> String.valueOf(line.get("why")).contains("There is no mediated device"));
                host.create(profile).guest().flip();
                viewer.await("the picture", image -> image.getWidth() == 320);
                serve.await("device", line -> Boolean.TRUE.equals(line.get("shown")));
            }
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void thePasswordIsAskedForAndNowhereShown() throws Exception {
        Path password = file("password", "opensesa\n", "rw-r--r--");
        try (ServeRun serve = ServeRun.anywhere(FLIP, "--password-file", password.toString(), "--web", "0")) {
            int port = serve.port(FLIP);
            try (VncViewer right = VncViewer.connect(port, Optional.of("opensesa"))) {
                right.await("the picture", image -> image.getWidth() == 320);
            }
            try (VncViewer wrong = VncViewer.connect(port, Optional.of("guess"))) {
                assertInstanceOf(AuthenticationFailedException.class, wrong.awaitEnd());
            }
            Map<String, Object> serving = serve.await("serving", line -> true);
            assertEquals(true, serving.get("password"));
            URI page = URI.create((String) serve.await("web", line -> true).get("url"));
            assertEquals(401, get(page).statusCode());
            assertTrue(serve.errors().contains("others have access to the password"), serve.errors());
            assertFalse((serve.errors() + serving).contains("opensesa"));
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aPasswordThatIsTooLongForVncIsRefusedWithoutShowingIt() throws Exception {
        Path password = file("password", "opensesame\n", "rw-------");
        CommandRun run = CommandRun.of("serve", FLIP, "--listen", "0", "--password-file", password.toString());
        assertEquals(1, run.exitCode());
        assertTrue(run.err().startsWith("vfio4j: no password can be read from " + password + ": "), run.err());
        assertFalse(run.err().contains("opensesa"), run.err());
    }

    private static HttpResponse<String> get(URI uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    @Test
    void browsersAndPrometheusAreServedToo() throws Exception {
        try (ServeRun serve = ServeRun.anywhere("--web", "0", "--metrics", "0", FLIP, CURSOR)) {
            serve.port(CURSOR);
            URI page = URI.create((String) serve.await("web", line -> true).get("url"));
            String list = get(page.resolve("/api/screens")).body();
            assertTrue(list.contains(FLIP) && list.contains(CURSOR), list);
            assertEquals(200, get(page).statusCode());
            URI metrics =
                    URI.create((String) serve.await("metrics", line -> true).get("url"));
            String text = get(metrics).body();
            assertTrue(
                    text.lines().anyMatch(line -> line.startsWith("vfio4j_rfb_clients{") && line.contains(CURSOR)),
                    text);
        }
    }

    @Test
    void nothingListensAfterwards() throws Exception {
        int vnc;
        int web;
        try (ServeRun serve = ServeRun.anywhere(FLIP, "--web", "0")) {
            vnc = serve.port(FLIP);
            web = URI.create((String) serve.await("web", line -> true).get("url"))
                    .getPort();
            assertTrue(isListening(vnc) && isListening(web));
        }
        assertFalse(isListening(vnc) || isListening(web));
    }

    @Test
    void anAddressAfterWebIsOneAndADeviceIsNot() {
        CommandRun run = CommandRun.of("serve", "--web", "nowhere:x", FLIP);
        assertEquals(2, run.exitCode());
        assertTrue(
                run.err().startsWith("vfio4j: Invalid value for option '--web': 'nowhere:x' is no address"), run.err());
        // pid:4194303 looks like HOST:PORT, and is a device, which is not there.
        run = CommandRun.on(
                EmulatedHost.builder().build(), "serve", "--listen", "0", "--metrics", "0", "--web", "pid:4194303");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("There is no such process"), run.err());
        run = CommandRun.of("serve", FLIP, "--web", "0.0.0.0:6080");
        assertEquals(2, run.exitCode());
        assertTrue(
                run.err()
                        .startsWith(
                                "vfio4j: --web 0.0.0.0:6080 can be reached from other machines, so it needs --password-file"),
                run.err());
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void sigtermDisconnectsTheClientsAndPrintsTheSummary() throws Exception {
        Process process = OwnJvm.start("serve", FLIP, "--listen", "0", "--json");
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            lines.add(out.readLine());
            int port = (int) Json.number(Json.object(lines.get(0)), "port");
            try (VncViewer viewer = VncViewer.connect(port)) {
                viewer.await("the picture", image -> image.getWidth() == 320);
                lines.add(out.readLine());
                assertEquals(true, Json.object(lines.get(1)).get("connected"));
                try (Socket stranger = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    assertEquals('R', stranger.getInputStream().read());
                    process.toHandle().destroy();
                    assertEquals(
                            "FB 003.008\n", new String(stranger.getInputStream().readAllBytes(), UTF_8));
                }
            }
            out.lines().forEach(lines::add);
        }
        assertEquals(SIGNALLED + SIGTERM, process.waitFor());
        CommandRun run = new CommandRun(SIGNALLED + SIGTERM, String.join("\n", lines), "");
        Map<String, Object> served = Json.members(run.summary(), "devices").get(0);
        assertEquals(1, Json.number(served, "clients"));
        assertTrue(Json.number(served, "updates") >= 1, run.out());
    }
}
