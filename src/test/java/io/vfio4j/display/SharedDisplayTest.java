package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.UnreadablePixelsException;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.handover.Handover;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A display of a device that is shared with its owner: what is there only once stays the owner's. */
class SharedDisplayTest {

    /** A VMM that has the device, and this process, which has a copy. */
    private static final class Beside implements AutoCloseable {
        final Stage stage;
        final EmulatedProcess owner;
        final VfioDevice its;

        Beside(VgpuProfile profile) throws IOException {
            stage = new Stage(profile);
            owner = stage.host.process("qemu");
            its = VfioDevice.open(
                    owner.systemCalls(),
                    MdevDevice.find(owner.systemCalls(), stage.vgpu().uuid()));
            stage.host.clearTrace();
        }

        VfioDevice share() throws IOException {
            return Handover.fromProcess(stage.host.systemCalls(), owner.pid());
        }

        Display attach(DisplayOptions options) throws IOException {
            return Display.attach(stage.loop, share(), options);
        }

        long calls(String operation) {
            return stage.host.trace().stream()
                    .filter(call -> call.startsWith(operation + " "))
                    .count();
        }

        @Override
        public void close() {
            stage.close();
        }
    }

    @Test
    void pixelsOfDmaBufsAreReadOnlyWhereTheOptionsSayThatTheyMayBeFetched() throws Exception {
        VgpuProfile profile = VgpuProfile.MAINLINE.withSize(128, 64).withMappableDmabufs(true);
        try (Beside beside = new Beside(profile);
                Display display = beside.attach(beside.stage.options())) {
            UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, display.screen()::capture);
            assertTrue(e.getMessage().contains("shared"), e::getMessage);
            assertThrows(UnreadablePixelsException.class, () -> display.screen().dmaBuf(PlaneType.PRIMARY));
            assertEquals(0, beside.calls("VFIO_DEVICE_GET_GFX_DMABUF"));
        }
        try (Beside beside = new Beside(profile);
                Display display = beside.attach(beside.stage.options().fetchingDmaBufs())) {
            assertTrue(display.screen().capture().isPresent());
        }
        try (Beside beside = new Beside(VgpuProfile.MDPY);
                Display display = beside.attach(beside.stage.options())) {
            assertTrue(display.screen().capture().isPresent(), "a region disturbs nobody");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v5", "v6", "pageflip", "port-display", "none", "mdpy"})
    void aTimerLooksAndNothingIsArmedOrFetched(String dialect) throws Exception {
        try (Beside beside = new Beside(VgpuProfile.named(dialect).withRequestIrq(true))) {
            Notes notes = new Notes();
            Display display = beside.attach(beside.stage.options());
            display.subscribe(notes);
            beside.stage.host.vgpu().guest().run(Scenario.FLIP);
            beside.stage.passMillis(1_000);
            assertTrue(notes.from(RefreshSource.TIMER).size() >= 55, () -> "" + notes.events.size());
            assertEquals(List.of(), notes.from(RefreshSource.IRQ));
            display.close();
            assertEquals(List.of(Optional.empty()), notes.closes);
            assertEquals(0, beside.calls("VFIO_DEVICE_SET_IRQS"));
            assertEquals(0, beside.calls("VFIO_DEVICE_GET_GFX_DMABUF"));
            assertEquals(beside.its.regions().size(), beside.its.info().regions());
        }
    }

    @Test
    void theOwnersIrqGoesOn() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            EventLoop itsLoop = EventLoop.stepped(beside.owner.systemCalls());
            Notes its = new Notes();
            Display itsDisplay = Display.attach(itsLoop, beside.its, beside.stage.options());
            itsDisplay.subscribe(its);
            beside.stage.settle();
            beside.stage.host.vgpu().guest().run(Scenario.FLIP);
            Display display = beside.attach(beside.stage.options());
            display.subscribe(new Notes());
            beside.stage.passMillis(500);
            display.close();
            beside.stage.passMillis(500);
            assertEquals(
                    beside.stage.vgpu().signalled().calls(), itsDisplay.stats().reads());
            assertTrue(its.from(RefreshSource.IRQ).size() > 60, () -> "" + its.events.size());
            its.assertNothingLost();
            itsDisplay.close();
            itsLoop.close();
        }
    }

    @Test
    void whoInsistsOnTheIrqIsToldHowToTakeIt() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            NoDisplayIrqException e = assertThrows(
                    NoDisplayIrqException.class,
                    () -> beside.attach(beside.stage.options().withPolicy(RefreshPolicy.IRQ)));
            assertTrue(e.getMessage().contains("shared with its owner"), e.getMessage());
            assertTrue(e.getMessage().contains("DisplayOptions.takingIrq"), e.getMessage());
            Display display = beside.attach(beside.stage.options());
            assertThrows(NoDisplayIrqException.class, () -> display.setPolicy(RefreshPolicy.IRQ));
            display.close();
        }
    }

    @Test
    void whoTakesTheIrqGetsItAndLeavesItDisarmed() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6.withRequestIrq(true))) {
            Notes notes = new Notes();
            Display display = beside.attach(
                    beside.stage.options().withPolicy(RefreshPolicy.IRQ).takingIrq());
            display.subscribe(notes);
            beside.stage.settle();
            beside.stage.host.vgpu().guest().run(Scenario.FLIP);
            beside.stage.passMillis(500);
            assertTrue(beside.stage.vgpu().armed());
            assertTrue(notes.from(RefreshSource.IRQ).size() >= 30, () -> "" + notes.events.size());
            notes.assertNothingLost();
            display.close();
            assertFalse(beside.stage.vgpu().armed());
            assertEquals(0, beside.calls("VFIO_DEVICE_GET_GFX_DMABUF"));
            assertTrue(
                    beside.stage.host.trace().stream().noneMatch(call -> call.contains("index 4")),
                    "the REQ irq stays the owner's");
            // Its owner may use it from now on.
            EventLoop itsLoop = EventLoop.stepped(beside.owner.systemCalls());
            Notes its = new Notes();
            Display itsDisplay = Display.attach(itsLoop, beside.its, beside.stage.options());
            itsDisplay.subscribe(its);
            beside.stage.passMillis(500);
            assertTrue(its.from(RefreshSource.IRQ).size() >= 30, () -> "" + its.events.size());
            itsDisplay.close();
            itsLoop.close();
        }
    }

    @Test
    void takingTheIrqTakesItFromAnOwnerThatUsesIt() throws Exception {
        EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
        EmulatedProcess owner = host.process("qemu");
        VfioDevice its = VfioDevice.open(
                owner.systemCalls(),
                MdevDevice.find(owner.systemCalls(), host.vgpu().uuid()));
        Descriptor event = owner.systemCalls().eventFd("its own");
        its.irq(5).arm(event);
        EventLoop loop = EventLoop.stepped(host.systemCalls());
        Display display = Display.attach(
                loop, Handover.fromProcess(host.systemCalls(), owner.pid()), DisplayOptions.DEFAULTS.takingIrq());
        Notes notes = new Notes();
        display.subscribe(notes);
        host.clock().advance(java.time.Duration.ZERO);
        owner.systemCalls().drain(event);
        host.vgpu().guest().run(Scenario.FLIP);
        host.clock().advance(java.time.Duration.ofMillis(200));
        assertTrue(notes.from(RefreshSource.IRQ).size() > 5);
        assertEquals(0, owner.systemCalls().drain(event), "the owner hears nothing any more");
        assertEquals(1, host.vgpu().leakedContexts(), "and the driver has lost its eventfd");
        display.close();
        assertFalse(host.vgpu().armed());
        loop.close();
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    @Test
    void aProcessThatIsKilledLeavesTheIrqItTookArmed() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            EmulatedProcess owner = host.process("qemu");
            VfioDevice its = VfioDevice.open(
                    owner.systemCalls(),
                    MdevDevice.find(owner.systemCalls(), host.vgpu().uuid()));
            EmulatedProcess watcher = host.process("watcher");
            EventLoop loop = EventLoop.stepped(watcher.systemCalls());
            Display display = Display.attach(
                    loop,
                    Handover.fromProcess(watcher.systemCalls(), owner.pid()),
                    DisplayOptions.DEFAULTS.takingIrq());
            display.subscribe(event -> {});
            host.clock().advance(java.time.Duration.ofMillis(20));
            watcher.end();
            assertTrue(host.vgpu().armed());
            assertEquals(6, its.info().irqs());
            // Somebody else who takes it in order leaves it disarmed.
            try (EventLoop next = EventLoop.stepped(host.systemCalls());
                    Display second = Display.attach(
                            next,
                            Handover.fromProcess(host.systemCalls(), owner.pid()),
                            DisplayOptions.DEFAULTS.takingIrq())) {
                second.subscribe(event -> {});
                host.clock().advance(java.time.Duration.ofMillis(20));
            }
            assertFalse(host.vgpu().armed());
        }
    }

    @Test
    void whoFetchesDmaBufsOnASharedDeviceConsumesTheOwnersReference() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Display display = beside.attach(beside.stage.options().fetchingDmaBufs());
            display.subscribe(new Notes());
            beside.stage.passMillis(50);
            assertEquals(1, beside.calls("VFIO_DEVICE_GET_GFX_DMABUF"));
            int id = beside.its
                    .plane(PlaneType.PRIMARY, PlaneAccess.DMABUF)
                    .orElseThrow()
                    .source();
            beside.its.dmaBuf(id).close();
            display.close();
        }
    }

    @Test
    void theEndOfTheOwnerEndsTheDisplaySoThatTheGroupIsFree() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Notes notes = new Notes();
            Display display = beside.attach(beside.stage.options());
            display.subscribe(notes);
            beside.stage.passMillis(100);
            beside.owner.end();
            assertTrue(beside.stage.vgpu().isOpen());
            beside.stage.passMillis(250);
            Throwable cause = notes.closes.get(0).orElseThrow();
            assertInstanceOf(DeviceOwnerGoneException.class, cause);
            assertEquals(
                    "process 1001 (qemu) has ended, or has given "
                            + beside.stage.vgpu().uuid() + " up, so it was closed here, too",
                    cause.getMessage());
            assertFalse(beside.stage.vgpu().isOpen());
            EmulatedProcess next = beside.stage.host.process("qemu");
            VfioDevice.open(
                            next.systemCalls(),
                            MdevDevice.find(
                                    next.systemCalls(), beside.stage.vgpu().uuid()))
                    .close();
            display.close();
        }
    }

    @Test
    void theEndOfTheOwnerEndsADisplayThatTookTheIrqInOrder() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Notes notes = new Notes();
            Display display = beside.attach(beside.stage.options().takingIrq());
            display.subscribe(notes);
            beside.stage.passMillis(100);
            assertTrue(beside.stage.vgpu().armed());
            beside.owner.end();
            beside.stage.passMillis(300);
            assertInstanceOf(DeviceOwnerGoneException.class, notes.closes.get(0).orElseThrow());
            assertFalse(beside.stage.vgpu().armed());
            assertFalse(beside.stage.vgpu().isOpen());
            display.close();
        }
    }

    @Test
    void theRemovalOfASharedDeviceIsNoticedHereToo() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Notes notes = new Notes();
            Display display = beside.attach(beside.stage.options());
            display.subscribe(notes);
            beside.stage.passMillis(100);
            Removal removal = beside.stage.vgpu().remove();
            beside.stage.passMillis(250);
            assertInstanceOf(DeviceRemovedException.class, notes.closes.get(0).orElseThrow());
            assertFalse(removal.isComplete(), "its owner has it");
            beside.its.close();
            assertTrue(removal.isComplete());
            display.close();
        }
    }

    @Test
    void anOwnerOfWhomNothingIsHeardAnyMoreIsReportedOnce() throws Exception {
        try (Beside beside = new Beside(VgpuProfile.V6)) {
            Notes notes = new Notes();
            Display display = beside.attach(beside.stage.options());
            display.subscribe(notes);
            beside.stage.passMillis(100);
            beside.stage.host.faults().failOn("poll", "process", Errno.ENOMEM);
            beside.stage.passMillis(2_000);
            assertEquals(
                    List.of("whether process 1001 (qemu) is still there cannot be told any more"), beside.stage.errors);
            beside.stage.errors.clear();
            assertEquals(List.of(), notes.closes);
            display.close();
        }
    }
}
