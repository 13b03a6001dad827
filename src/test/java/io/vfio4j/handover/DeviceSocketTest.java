package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The giving side, in a process of an emulated host; this one is its client. */
class DeviceSocketTest {
    private static final String PATH = "/run/vgpu.sock";

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final SystemCalls calls = host.systemCalls();
    private final List<String> errors = new ArrayList<>();
    private Vmm vmm;
    private EventLoop loop;

    @BeforeEach
    void start() throws IOException {
        vmm = new Vmm(host);
        loop = EventLoop.stepped(vmm.process.systemCalls());
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        loop.close();
        vmm.assertUndisturbed();
        assertEquals(3, vmm.process.openDescriptors(), () -> "" + vmm.process.openFiles());
        assertEquals(List.of(), errors);
        host.close();
    }

    private DeviceSocket listen() throws LinuxException {
        return DeviceSocket.listen(
                loop, vmm.devices.get(0), PATH, (what, cause) -> errors.add(what + ": " + cause.getMessage()));
    }

    private VfioDevice share() throws IOException {
        return Handover.fromSocket(calls, PATH);
    }

    @Test
    void whoeverConnectsGetsTheDeviceAndKeepsItUntilHeClosesIt() throws Exception {
        try (DeviceSocket socket = listen()) {
            assertEquals(PATH, socket.path());
            List<VfioDevice> shared = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                shared.add(share());
                assertEquals(vmm.name(0), shared.get(i).name());
                assertEquals(6, shared.get(i).info().irqs());
                assertEquals(i + 1, socket.clients());
            }
            for (VfioDevice each : shared) {
                assertFalse(each.owner().orElseThrow().isGone());
                each.close();
            }
            host.clock().advance(Duration.ofMillis(100));
            assertEquals(0, socket.clients());
            assertEquals(3 + 3 + 1, vmm.process.openDescriptors(), "device, loop, listener");
        }
    }

    @Test
    void aClientWaitsATenthOfASecondAtMost() throws Exception {
        DeviceSocket socket = listen();
        long before = calls.nanoTime();
        share().close();
        assertTrue(calls.nanoTime() - before <= 100_000_000, "after " + (calls.nanoTime() - before));
        socket.close();
    }

    @Test
    void theSocketIsItsUsersAlone() throws Exception {
        DeviceSocket socket = listen();
        FileStatus status = calls.status(PATH);
        assertEquals(FileStatus.Kind.SOCKET, status.kind());
        assertEquals(0600, status.permissions());
        socket.close();
    }

    @Test
    void theEndOfTheOfferRemovesThePathAndTellsTheClients() throws Exception {
        DeviceSocket socket = listen();
        VfioDevice shared = share();
        socket.close();
        socket.close();
        assertFalse(calls.exists(PATH));
        assertTrue(shared.owner().orElseThrow().isGone());
        assertEquals(6, shared.info().irqs());
        shared.close();
        assertThrows(LinuxException.class, this::share);
    }

    @Test
    void theEndOfTheLoopIsTheEndOfTheOffer() throws Exception {
        DeviceSocket socket = listen();
        loop.close();
        assertFalse(calls.exists(PATH));
        socket.close();
        assertThrows(ClosedException.class, this::listen);
    }

    @Test
    void theLoopMayCloseIt() throws Exception {
        DeviceSocket socket = listen();
        loop.run(socket::close);
        assertFalse(calls.exists(PATH));
    }

    @Test
    void aSocketThatWasLeftBehindIsReplaced() throws Exception {
        EmulatedProcess killed = host.process("qemu");
        killed.systemCalls().listen(PATH);
        killed.end();
        assertTrue(calls.exists(PATH));
        DeviceSocket socket = listen();
        share().close();
        socket.close();
    }

    @Test
    void aSocketOnWhichSomebodyListensIsNot() throws Exception {
        EmulatedProcess other = host.process("qemu");
        Descriptor listener = other.systemCalls().listen(PATH);
        LinuxException e = assertThrows(LinuxException.class, this::listen);
        assertEquals("EADDRINUSE bind", e.errnoName() + " " + e.operation());
        assertTrue(e.getMessage().contains("choose another path"), e.getMessage());
        listener.close();
    }

    @Test
    void aFileIsNotRemovedForIt() {
        String file = "/dev/kvm";
        LinuxException e =
                assertThrows(LinuxException.class, () -> DeviceSocket.listen(loop, vmm.devices.get(0), file));
        assertEquals("EADDRINUSE", e.errnoName());
        assertTrue(calls.exists(file));
    }

    @Test
    void whereItCannotBeItIsSaidWhy() throws Exception {
        VfioDevice device = vmm.devices.get(0);
        assertTrue(assertThrows(LinuxException.class, () -> DeviceSocket.listen(loop, device, "/nowhere/socket"))
                .getMessage()
                .contains("The directory for the socket does not exist."));
        assertTrue(assertThrows(
                        LinuxException.class, () -> DeviceSocket.listen(loop, device, "/run/" + "x".repeat(103)))
                .getMessage()
                .contains("at most 107 bytes"));
        EmulatedProcess user = host.process("qemu", 1000);
        try (EventLoop its = EventLoop.stepped(user.systemCalls())) {
            assertTrue(assertThrows(LinuxException.class, () -> DeviceSocket.listen(its, device, PATH))
                    .getMessage()
                    .contains("may not create files in this directory"));
        }
    }

    @Test
    void aClientThatIsGoneBeforeItsTurnIsForgotten() throws Exception {
        DeviceSocket socket = listen();
        calls.connect(PATH, Duration.ZERO).close();
        host.clock().advance(Duration.ofMillis(100));
        host.clock().advance(Duration.ofMillis(100));
        assertEquals(0, socket.clients());
        socket.close();
    }

    @Test
    void clientsThatNeverEndGetNoMoreThanTheirShare() throws Exception {
        DeviceSocket socket = listen();
        List<Descriptor> greedy = new ArrayList<>();
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 16; i++) {
                greedy.add(calls.connect(PATH, Duration.ZERO));
            }
            host.clock().advance(Duration.ofMillis(100));
        }
        assertEquals(64, socket.clients());
        assertTrue(assertThrows(IOException.class, this::share).getMessage().contains("without handing a device over"));
        greedy.forEach(Descriptor::close);
        host.clock().advance(Duration.ofMillis(100));
        share().close();
        socket.close();
    }

    @Test
    void aClientThatSaysSomethingIsServedAllTheSame() throws Exception {
        DeviceSocket socket = listen();
        Descriptor client = calls.connect(PATH, Duration.ZERO);
        calls.send(client, new byte[1000], List.of());
        try (Received received = calls.receive(client, 256, 1, Duration.ofSeconds(1))) {
            assertEquals("vfio-device " + vmm.name(0) + "\n", new String(received.data(), StandardCharsets.US_ASCII));
            assertEquals(1, received.descriptorCount());
        }
        client.close();
        socket.close();
    }

    @Test
    void aDeviceWithoutANameIsOfferedWithoutOne() throws Exception {
        EmulatedProcess monitor = host.process("monitor");
        VfioDevice nameless;
        Descriptor its = monitor.systemCalls().openProcess(vmm.pid());
        nameless = VfioDevice.share(
                monitor.systemCalls(), monitor.systemCalls().copyDescriptor(its, 5, "a copy"), "my device\n");
        EventLoop itsLoop = EventLoop.stepped(monitor.systemCalls());
        DeviceSocket socket = DeviceSocket.listen(itsLoop, nameless, PATH);
        try (VfioDevice shared = share()) {
            assertEquals("socket:" + PATH, shared.name());
        }
        socket.close();
        itsLoop.close();
        nameless.close();
        its.close();
        assertEquals(0, monitor.openDescriptors());
    }

    @Test
    void whatGoesWrongIsToldOnceAndTheOfferGoesOn() throws Exception {
        // The faults are those of this process, so it is the owner here.
        EventLoop own = EventLoop.stepped(calls);
        VfioDevice device = Handover.fromProcess(calls, vmm.pid());
        DeviceSocket socket =
                DeviceSocket.listen(own, device, PATH, (what, cause) -> errors.add(what + ": " + cause.getMessage()));
        SystemCalls client = host.process("client").systemCalls();
        host.faults().failOn("accept4", PATH, Errno.EMFILE);
        Descriptor connection = client.connect(PATH, Duration.ZERO);
        host.clock().advance(Duration.ofMillis(500));
        assertEquals(
                List.of("nobody can get " + device.name() + " at " + PATH + ": accept4 " + PATH
                        + ": EMFILE (too many open files)"),
                errors);
        errors.clear();
        host.faults().clear();
        client.receive(connection, 256, 1, Duration.ofSeconds(1)).close();
        host.faults().failOn("unlink", PATH, Errno.EROFS);
        socket.close();
        assertEquals(
                List.of("the socket " + PATH + " stays behind: unlink " + PATH + ": EROFS (read-only file system)"),
                errors);
        errors.clear();
        device.close();
        own.close();
    }

    @Test
    void aSocketThatCannotBeMadeLeavesNothing() throws Exception {
        EventLoop own = EventLoop.stepped(calls);
        VfioDevice device = Handover.fromProcess(calls, vmm.pid());
        int before = host.openDescriptors();
        for (String call : List.of("socket", "bind", "listen")) {
            host.faults().fail(call, 1, Errno.ENOMEM);
            LinuxException e = assertThrows(LinuxException.class, () -> DeviceSocket.listen(own, device, PATH));
            assertEquals(call, e.operation());
            assertEquals(before, host.openDescriptors());
            assertFalse(calls.exists(PATH), call);
        }
        device.close();
        own.close();
    }
}
