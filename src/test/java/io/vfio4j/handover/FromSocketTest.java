package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that is offered on a socket, by a process that does as it likes, on the emulated host. */
class FromSocketTest {
    private static final String PATH = "/run/vgpu.sock";
    private static final String OWNER = "the owner of the socket " + PATH;

    private final EmulatedHost host =
            EmulatedHost.builder().vgpu(VgpuProfile.V6).vgpu(VgpuProfile.MDPY).build();
    private final SystemCalls calls = host.systemCalls();
    private Vmm vmm;

    /** What a server does with a connection, step by step: each as soon as it can. */
    private interface Script {
        void run(Connection connection) throws IOException;
    }

    private final class Connection {
        private final Descriptor descriptor;

        private Connection(Descriptor descriptor) {
            this.descriptor = descriptor;
        }

        void send(String text, Descriptor... attached) throws LinuxException {
            vmm.process.systemCalls().send(descriptor, text.getBytes(StandardCharsets.UTF_8), List.of(attached));
        }

        void close() {
            descriptor.close();
        }
    }

    @BeforeEach
    void start() throws IOException {
        vmm = new Vmm(host);
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        vmm.assertUndisturbed();
        host.close();
    }

    /** The server runs whenever time has passed. */
    private List<Connection> serve(Script script) throws LinuxException {
        SystemCalls its = vmm.process.systemCalls();
        Descriptor listener = its.listen(PATH);
        List<Connection> connections = new ArrayList<>();
        host.clock().onInstant(() -> {
            try {
                Optional<Descriptor> accepted = its.accept(listener);
                if (accepted.isPresent()) {
                    Connection connection = new Connection(accepted.get());
                    connections.add(connection);
                    script.run(connection);
                }
                return accepted.isPresent();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        return connections;
    }

    private String line() {
        return "vfio-device " + vmm.name(0) + "\n";
    }

    /** A copy of the nth descriptor that the VMM has of a kind. */
    private Descriptor file(String link) throws LinuxException {
        SystemCalls its = vmm.process.systemCalls();
        for (String number : its.list("/proc/self/fd")) {
            if (its.readLink("/proc/self/fd/" + number).equals(link)) {
                Descriptor itself = its.openProcess(vmm.pid());
                Descriptor copy = its.copyDescriptor(itself, Integer.parseInt(number), link);
                itself.close();
                return copy;
            }
        }
        throw new AssertionError("it has no " + link);
    }

    private Descriptor device() throws LinuxException {
        return file("anon_inode:[vfio-device]");
    }

    private VfioDevice share() throws IOException {
        return Handover.fromSocket(calls, PATH);
    }

    private String refusal() {
        String message = assertThrows(HandoverException.class, this::share).getMessage();
        assertEquals(List.of(), host.openFiles());
        return message;
    }

    private LinuxException failure() {
        LinuxException e = assertThrows(LinuxException.class, this::share);
        assertEquals(List.of(), host.openFiles());
        return e;
    }

    @Test
    void whatIsOfferedIsSharedAndKnown() throws Exception {
        List<Connection> connections = serve(connection -> connection.send(line(), device()));
        try (VfioDevice device = share()) {
            assertTrue(device.shared());
            assertEquals(vmm.name(0), device.name());
            assertEquals(host.vgpu().sysfsPath(), device.host().orElseThrow().path());
            assertEquals(OWNER, device.owner().orElseThrow().description());
            assertEquals(6, device.info().irqs());
            assertEquals(2, host.openDescriptors(), () -> "" + host.openFiles());
            assertFalse(device.owner().orElseThrow().isGone());
            assertFalse(vmm.process.systemCalls().isHungUp(connections.get(0).descriptor));
        }
        assertTrue(vmm.process.systemCalls().isHungUp(connections.get(0).descriptor), "our side closes the connection");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-", "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11", "0000:0a:00.0"})
    void aDeviceThatNobodyKnowsHereIsSharedAllTheSame(String name) throws Exception {
        serve(connection -> connection.send("vfio-device " + name + "\n", device()));
        try (VfioDevice device = share()) {
            assertEquals(name.equals("-") ? "socket:" + PATH : name, device.name());
            assertEquals(Optional.empty(), device.host());
            assertEquals(6, device.info().irqs());
        }
    }

    @Test
    void theLineMayComeInPiecesAndTheDescriptorWithAnyOfThem() throws Exception {
        serve(connection -> {
            connection.send("vfio");
            connection.send("-device ", device());
            for (char letter : line().substring("vfio-device ".length()).toCharArray()) {
                connection.send(String.valueOf(letter));
            }
        });
        try (VfioDevice device = share()) {
            assertEquals(vmm.name(0), device.name());
        }
    }

    @Test
    void theEndOfTheConnectionIsTheEndOfTheOwner() throws Exception {
        List<Connection> connections = serve(connection -> connection.send(line(), device()));
        try (VfioDevice device = share()) {
            connections.get(0).close();
            assertTrue(device.owner().orElseThrow().isGone());
            assertEquals(6, device.info().irqs());
        }
    }

    @Test
    void somebodyWhoSaysNothingIsNotWaitedForLong() throws Exception {
        serve(connection -> {});
        long before = calls.nanoTime();
        LinuxException e = failure();
        assertEquals("EAGAIN recvmsg", e.errnoName() + " " + e.operation());
        assertTrue(e.getMessage().contains("said nothing, or not all, in time"), e.getMessage());
        assertEquals(Handover.DEFAULT_PATIENCE.toNanos(), calls.nanoTime() - before);
    }

    @Test
    void somebodyWhoGoesOnTalkingIsNotWaitedForLongerEither() throws Exception {
        List<Connection> connections = serve(connection -> connection.send("vfio-device "));
        host.clock().onInstant(new io.vfio4j.linux.VirtualTime.Step() {
            private long last;

            @Override
            public boolean run() {
                if (connections.isEmpty() || calls.nanoTime() - last < 900_000_000) {
                    return false;
                }
                last = calls.nanoTime();
                try {
                    connections.get(0).send("8");
                } catch (LinuxException gone) {
                    return false;
                }
                return true;
            }
        });
        long before = calls.nanoTime();
        assertEquals("EAGAIN", failure().errnoName());
        assertEquals(Handover.DEFAULT_PATIENCE.toNanos(), calls.nanoTime() - before);
    }

    @Test
    void thePatienceIsTheCallers() throws Exception {
        serve(connection -> {});
        long before = calls.nanoTime();
        assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, PATH, Duration.ofMillis(30)));
        assertEquals(30_000_000, calls.nanoTime() - before);
        assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, PATH, Duration.ZERO));
        assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, PATH, Duration.ofSeconds(-1)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'vfio-device'",
                "'vfio-device '",
                "'vfio-device x'",
                "'vfio-device ../../etc'",
                "'vfio-device 8f9c1a8e3f5d4b2a9a550d0f1d5a7b11'",
                "'vfio-device -- '",
                "'VFIO-DEVICE -'",
                "' vfio-device -'",
                "'vfio-device  -'",
                "'vfio-device -\r'",
                "'SSH-2.0-OpenSSH_9.2'",
                "''",
            })
    void anyOtherLineIsNoOffer(String text) throws Exception {
        serve(connection -> connection.send(text + "\n", device()));
        String message = refusal();
        assertTrue(message.startsWith("What " + OWNER + " says is not `vfio-device NAME`, but `"), message);
        assertTrue(message.matches("[ -~]*"), message);
    }

    @Test
    void moreThanOneLineIsNoOffer() throws Exception {
        serve(connection -> connection.send(line() + "and more", device()));
        assertTrue(refusal().contains("and more"));
    }

    @Test
    void aLineWithoutEndIsNoOffer() throws Exception {
        serve(connection -> {
            connection.send("x".repeat(200), device());
            connection.send("y".repeat(200));
        });
        String message = refusal();
        assertTrue(message.contains("longer than 256 bytes"), message);
        assertTrue(message.endsWith("`" + "x".repeat(60) + "...`."), message);
    }

    @Test
    void anOfferWithoutADeviceIsNone() throws Exception {
        serve(connection -> connection.send(line()));
        assertEquals(OWNER + " has sent no descriptor.", refusal());
    }

    @Test
    void twoDescriptorsAreNoOffer() throws Exception {
        serve(connection -> connection.send(line(), device(), device()));
        assertTrue(refusal().contains("has sent more than one descriptor"));
    }

    @Test
    void twoDescriptorsOneAfterTheOtherAreNoOfferEither() throws Exception {
        serve(connection -> {
            connection.send("vfio", device());
            connection.send(line().substring(4), device());
        });
        assertEquals(OWNER + " has sent 2 descriptors instead of one.", refusal());
    }

    @Test
    void aHundredDescriptorsAreNoOfferAndAreClosed() throws Exception {
        serve(connection -> {
            for (int i = 0; i < 100; i++) {
                connection.send("x", Collections.nCopies(100, device()).toArray(Descriptor[]::new));
            }
        });
        assertTrue(refusal().contains("more than one descriptor"));
    }

    @Test
    void anEndWithoutAnOfferIsSaidToBeOne() throws Exception {
        serve(Connection::close);
        assertEquals(OWNER + " has closed the connection without handing a device over.", refusal());
    }

    @Test
    void anEndInTheMiddleIsTheSame() throws Exception {
        serve(connection -> {
            connection.send("vfio-dev", device());
            connection.close();
        });
        assertEquals(OWNER + " has closed the connection without handing a device over.", refusal());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/dev/vfio/1", "/dev/vfio/vfio", "anon_inode:[eventfd]"})
    void whatIsNoDeviceIsNotTakenForOne(String link) throws Exception {
        vmm.process.systemCalls().eventFd("an event");
        serve(connection -> connection.send(line(), file(link)));
        assertEquals("What " + OWNER + " has handed over is no VFIO device, but " + link + ".", refusal());
    }

    @Test
    void aNodeThatIsNotBoundIsExplained() throws Exception {
        var vgpu = host.create(VgpuProfile.V6.withNodes(DeviceNodes.CDEV));
        SystemCalls its = vmm.process.systemCalls();
        String node = "/dev/vfio/devices/" + its.list("/dev/vfio/devices").get(0);
        Descriptor unbound = its.open(node, Access.READ_WRITE);
        serve(connection -> connection.send("vfio-device " + vgpu.uuid() + "\n", unbound));
        assertTrue(failure().getMessage().contains("has not bound it to an iommufd yet"));
    }

    @Test
    void theNameIsNotBelievedWhereTheKernelKnowsBetter() throws Exception {
        try (EmulatedHost other = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6)
                .vgpu(VgpuProfile.V5)
                .devicesInFdinfo()
                .build()) {
            Vmm its = new Vmm(other);
            Descriptor listener = its.process.systemCalls().listen(PATH);
            other.clock().onInstant(() -> {
                try {
                    Optional<Descriptor> accepted = its.process.systemCalls().accept(listener);
                    if (accepted.isPresent()) {
                        byte[] line = ("vfio-device " + its.name(1) + "\n").getBytes(StandardCharsets.US_ASCII);
                        its.devices.get(0).sendTo(accepted.get(), line);
                    }
                    return accepted.isPresent();
                } catch (LinuxException e) {
                    throw new AssertionError(e);
                }
            });
            HandoverException e =
                    assertThrows(HandoverException.class, () -> Handover.fromSocket(other.systemCalls(), PATH));
            assertEquals(
                    "What " + OWNER + " has handed over is the device " + its.name(0) + ", not " + its.name(1) + ".",
                    e.getMessage());
            its.assertUndisturbed();
        }
    }

    @Test
    void whereNobodyListensItIsSaid() throws Exception {
        assertTrue(failure().getMessage().contains("There is no such socket"));
        vmm.process.systemCalls().listen(PATH).close();
        assertTrue(failure().getMessage().contains("left behind by a process that has ended"));
        LinuxException e =
                assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, "/sys/bus/mdev/devices"));
        assertTrue(e.getMessage().contains("it is no socket"), e.getMessage());
        LinuxException tooLong =
                assertThrows(LinuxException.class, () -> Handover.fromSocket(calls, "/run/" + "x".repeat(103)));
        assertTrue(tooLong.getMessage().contains("at most 107 bytes"), tooLong.getMessage());
    }

    @Test
    void aSocketOfAnotherUserIsNotForUs() throws Exception {
        try (EmulatedHost other =
                EmulatedHost.builder().vgpu(VgpuProfile.V6).user(1000).build()) {
            other.process("qemu").systemCalls().listen(PATH);
            LinuxException e = assertThrows(LinuxException.class, () -> Handover.fromSocket(other.systemCalls(), PATH));
            assertEquals("EACCES connect", e.errnoName() + " " + e.operation());
            assertTrue(e.getMessage().contains("mostly to its owner's user alone"), e.getMessage());
        }
    }

    @Test
    void anOwnerThatEndsBeforeItAcceptsIsSaidTo() throws Exception {
        vmm.process.systemCalls().listen(PATH);
        host.faults().before("poll", 1, () -> vmm.process.end());
        assertEquals("ECONNRESET", failure().errnoName());
        vmm.devices.clear();
    }

    @Test
    void aListenerThatDoesNotAcceptAnyMoreIsNotWaitedForLong() throws Exception {
        Descriptor listener = vmm.process.systemCalls().listen(PATH);
        List<Descriptor> waiting = new ArrayList<>();
        assertThrows(LinuxException.class, () -> {
            for (int i = 0; i < 100; i++) {
                waiting.add(vmm.process.systemCalls().connect(PATH, Duration.ZERO));
            }
        });
        LinuxException e = failure();
        assertEquals("EAGAIN connect", e.errnoName() + " " + e.operation());
        assertTrue(e.getMessage().contains("does not accept connections any more"), e.getMessage());
        waiting.forEach(Descriptor::close);
        listener.close();
    }

    @Test
    void withoutRoomForTheDescriptorNothingStaysOpen() throws Exception {
        serve(connection -> connection.send(line(), device()));
        List<Descriptor> taken = new ArrayList<>();
        for (int i = 0; i < 1024 - 3 - 1; i++) {
            taken.add(calls.eventFd("taken"));
        }
        assertTrue(
                assertThrows(HandoverException.class, this::share).getMessage().contains("too many files are open"));
        assertEquals(taken.size(), host.openDescriptors());
        taken.forEach(Descriptor::close);
    }
}
