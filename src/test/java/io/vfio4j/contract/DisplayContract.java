package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.NoDisplayIrqException;
import io.vfio4j.display.Notes;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.display.RefreshPolicy;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.display.Subscription;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a display does with the irq of each dialect, exactly: vblanks are stepped, and what is delivered is compared with what the
 * driver counted. The same on every kernel; a subclass says on which.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DisplayContract {
    /** The watchdog and the bound on the primary's age have tests of their own, in virtual time. */
    private final DisplayOptions irqOnly = DisplayOptions.DEFAULTS
            .withPolicy(RefreshPolicy.IRQ)
            .withWatchdog(Duration.ofHours(1))
            .withPrimaryStaleness(Duration.ofHours(1))
            .withErrorHandler((what, cause) -> this.errors.add(what + ": " + cause));

    private final List<String> errors = new ArrayList<>();
    private TestHost host;
    private EventLoop loop;
    private long descriptorsBefore;

    abstract TestHost openHost() throws IOException;

    /** By which path, and which dialects there are on the kernels that have it. */
    AttachPath path() {
        return AttachPath.GROUP;
    }

    boolean speaks(String dialect) {
        return true;
    }

    Stream<String> dialects() {
        return Stream.of("v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display")
                .filter(this::speaks);
    }

    Stream<String> dialectsThatTellPlanes() {
        return dialects().filter(Set.of("v2", "v4", "v5", "v6")::contains);
    }

    Stream<String> maskableDialects() {
        return dialects().filter(dialect -> !dialect.equals("v2"));
    }

    private String anyDialect() {
        return speaks("v6") ? "v6" : "port-display";
    }

    @BeforeEach
    void openLoop() throws IOException {
        host = openHost();
        descriptorsBefore = host.openDescriptors();
        loop = EventLoop.stepped(host.systemCalls());
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        loop.close();
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
        host.close();
        assertEquals(List.of(), List.copyOf(errors), "errors");
        errors.clear();
    }

    private Display attach(TestVgpu vgpu) throws IOException {
        return attach(vgpu, irqOnly);
    }

    private Display attach(TestVgpu vgpu, DisplayOptions options) throws IOException {
        HostDevice device = HostDevice.of(host.systemCalls(), vgpu.mdev());
        return Display.attach(
                loop, VfioDevice.open(host.systemCalls(), device, AttachOptions.DEFAULTS.withPath(path())), options);
    }

    private void settle() {
        boolean worked = true;
        while (worked) {
            worked = loop.step();
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void theDialectIsRecognised(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            assertEquals(dialect, display.dialect().orElseThrow().label());
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void whatIsDeliveredAddsUpToWhatTheDriverSignalled(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            TestVgpu.Signalled before = vgpu.signalled();
            for (int frame = 0; frame < 40; frame++) {
                if (frame % 2 == 0) {
                    vgpu.flip();
                }
                if (frame % 3 == 0) {
                    vgpu.cursor();
                }
                if (frame % 5 == 0) {
                    vgpu.flipAsync();
                }
                vgpu.vblank(1);
                if (frame % 4 != 1) {
                    settle();
                }
            }
            vgpu.vblank(30);
            settle();
            TestVgpu.Signalled signalled = vgpu.signalled().minus(before);
            assertTrue(signalled.total() >= 30, () -> "the driver signalled " + signalled);
            assertEquals(signalled.total(), notes.signals());
            notes.assertNothingLost();
            assertEquals(display.stats().reads(), notes.last().sequence());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dialectsThatTellPlanes")
    void primaryAndCursorAddUpEach(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            TestVgpu.Signalled before = vgpu.signalled();
            for (int frame = 0; frame < 60; frame++) {
                if (frame % 7 < 3) {
                    vgpu.flip();
                }
                if (frame % 4 != 0) {
                    vgpu.cursor();
                }
                vgpu.vblank(1);
                if (frame % 6 == 0) {
                    settle();
                }
            }
            settle();
            TestVgpu.Signalled signalled = vgpu.signalled().minus(before);
            assertEquals(signalled.primary(), notes.primary());
            assertEquals(signalled.cursor(), notes.cursor());
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void theFirstEventIsAResyncOfAllPlanesAfterTheMode(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            assertEquals(1, notes.modes.size());
            RefreshEvent first = notes.events.get(0);
            assertEquals(RefreshSource.RESYNC, first.source());
            assertEquals(Set.of(PlaneType.PRIMARY, PlaneType.CURSOR), first.planes());
            assertEquals(0, first.merged());
            assertEquals(1, notes.events.size());
        }
    }

    @ParameterizedTest
    @MethodSource("maskableDialects")
    void theIrqIsArmedForTheFirstListenerAndMaskedWhileNobodyListens(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            assertFalse(vgpu.armed());
            Subscription first = display.subscribe(new Notes());
            Subscription second = display.subscribe(new Notes());
            settle();
            assertTrue(vgpu.armed());
            assertFalse(vgpu.masked());
            first.close();
            settle();
            assertFalse(vgpu.masked());
            second.pause();
            settle();
            assertTrue(vgpu.masked());
            second.resume();
            settle();
            assertFalse(vgpu.masked());
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void whatHappensDuringAPauseIsDroppedAndAResyncFollows(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            Subscription subscription = display.subscribe(notes);
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            subscription.pause();
            settle();
            int before = notes.events.size();
            vgpu.flip();
            vgpu.vblank(3);
            settle();
            assertEquals(before, notes.events.size());
            subscription.resume();
            settle();
            assertEquals(before + 1, notes.events.size());
            assertEquals(RefreshSource.RESYNC, notes.last().source());
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            assertEquals(RefreshSource.IRQ, notes.last().source());
            assertTrue(notes.last().planes().contains(PlaneType.PRIMARY));
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void closingDisarmsOnceAndTellsTheListenerLast(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect)) {
            Notes notes = new Notes();
            Display display = attach(vgpu);
            display.subscribe(notes);
            settle();
            assertTrue(vgpu.armed());
            display.close();
            assertFalse(vgpu.armed());
            assertEquals(List.of(Optional.empty()), notes.closes);
            display.close();
            assertEquals(1, notes.closes.size());
            assertThrows(ClosedException.class, () -> display.subscribe(new Notes()));
            assertEquals(0, vgpu.forbiddenCalls());
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void aDeviceCanBeAttachedAgain(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect)) {
            attach(vgpu).close();
            try (Display display = attach(vgpu)) {
                Notes notes = new Notes();
                display.subscribe(notes);
                settle();
                vgpu.flip();
                vgpu.vblank(1);
                settle();
                assertEquals(RefreshSource.IRQ, notes.last().source());
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("dialectsThatTellPlanes")
    void manyUndrainedEventsAreCountedUnsigned(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            TestVgpu.Signalled before = vgpu.signalled();
            for (int frame = 0; frame < 200; frame++) {
                vgpu.flip();
                vgpu.vblank(1);
            }
            settle();
            assertEquals(200, vgpu.signalled().minus(before).primary());
            assertEquals(OptionalLong.of(200), notes.last().primary());
            assertEquals(1, notes.last().merged());
            assertFalse(notes.last().saturated());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("saturatingDialects")
    void aSaturatedCounterCountsNothingButChangesEverything(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            for (int frame = 0; frame < 300; frame++) {
                vgpu.flip();
                vgpu.vblank(1);
            }
            settle();
            RefreshEvent event = notes.last();
            assertTrue(event.saturated());
            assertEquals(OptionalLong.empty(), event.signals());
            assertEquals(OptionalLong.empty(), event.primary());
            assertEquals(OptionalLong.empty(), event.cursor());
            assertEquals(Set.of(PlaneType.PRIMARY, PlaneType.CURSOR), event.planes());
            assertEquals(1, display.stats().saturated());
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            assertFalse(notes.last().saturated());
            assertEquals(OptionalLong.of(1), notes.last().primary());
        }
    }

    Stream<String> saturatingDialects() {
        return dialects().filter(Set.of("v4", "v5", "v6")::contains);
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void theTimerTakesOverAndGivesBackAtRunTime(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            display.setPolicy(RefreshPolicy.timer(Duration.ofHours(1)));
            settle();
            assertEquals(!dialect.equals("v2"), vgpu.masked());
            int before = notes.events.size();
            vgpu.flip();
            vgpu.vblank(2);
            settle();
            assertEquals(before, notes.events.size());
            display.setPolicy(RefreshPolicy.AUTO);
            settle();
            assertEquals(RefreshSource.RESYNC, notes.last().source());
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            assertEquals(RefreshSource.IRQ, notes.last().source());
        }
    }

    @Test
    void withoutTheIrqThePolicyAutoQueriesByTimer() throws Exception {
        try (TestVgpu vgpu = host.create("none");
                Display display = attach(
                        vgpu,
                        DisplayOptions.DEFAULTS.withPolicy(RefreshPolicy.AUTO).withRefreshHertz(1))) {
            assertEquals(Optional.empty(), display.dialect());
            Notes notes = new Notes();
            display.subscribe(notes);
            settle();
            assertEquals(RefreshSource.TIMER, notes.last().source());
            assertEquals(OptionalLong.empty(), notes.last().signals());
            assertEquals(0, notes.last().merged());
            assertTrue(display.stats().queries() > 0);
        }
    }

    @Test
    void insistingOnAnIrqThatIsNotThereFailsAndClosesTheDevice() throws Exception {
        try (TestVgpu vgpu = host.create("none")) {
            assertThrows(NoDisplayIrqException.class, () -> attach(vgpu));
            try (Display display = attach(vgpu, DisplayOptions.DEFAULTS)) {
                assertThrows(NoDisplayIrqException.class, () -> display.setPolicy(RefreshPolicy.IRQ));
            }
        }
    }

    @Test
    void aPipeThatIsOffIsToldOnceAndItsModeWhenItComesBack() throws Exception {
        try (TestVgpu vgpu = host.create(anyDialect())) {
            vgpu.pipe(false);
            try (Display display = attach(vgpu)) {
                Notes notes = new Notes();
                display.subscribe(notes);
                settle();
                assertEquals(1, notes.offs);
                assertEquals(List.of(), notes.modes);
                vgpu.pipe(true);
                Subscription again = display.subscribe(new Notes());
                settle();
                assertEquals(1, notes.offs);
                assertEquals(1, notes.modes.size());
                again.close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void everySubscriptionGetsEveryEvent(String dialect) throws Exception {
        try (TestVgpu vgpu = host.create(dialect);
                Display display = attach(vgpu)) {
            Notes first = new Notes();
            Notes second = new Notes();
            display.subscribe(first);
            Subscription ending = display.subscribe(second);
            settle();
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            assertEquals(first.events, second.events);
            ending.close();
            int before = second.events.size();
            vgpu.flip();
            vgpu.vblank(1);
            settle();
            assertEquals(before, second.events.size());
            assertTrue(first.events.size() > before);
            assertEquals(List.of(), second.closes);
        }
    }

    @Test
    void aDeviceThatIsOpenElsewhereIsBusy() throws Exception {
        try (TestVgpu vgpu = host.create(anyDialect());
                Display display = attach(vgpu)) {
            LinuxException e = assertThrows(LinuxException.class, () -> attach(vgpu));
            // The kernel's word for a node that is bound already.
            assertEquals(path() == AttachPath.CDEV ? Errno.EINVAL : Errno.EBUSY, e.errno());
            assertTrue(e.getMessage().contains("/dev/vfio/"), e.getMessage());
            assertFalse(e.advice().isEmpty());
            assertEquals(anyDialect(), display.dialect().orElseThrow().label());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsToldSo() {
        java.util.UUID unknown = java.util.UUID.fromString("00000000-0000-4000-8000-00000000dead");
        LinuxException e = assertThrows(LinuxException.class, () -> MdevDevice.find(host.systemCalls(), unknown));
        assertEquals(Errno.ENODEV, e.errno());
        assertTrue(e.getMessage().contains(unknown.toString()), e.getMessage());
    }

    @Test
    void theDeviceIsListed() throws Exception {
        try (TestVgpu vgpu = host.create(anyDialect())) {
            MdevDevice listed = MdevDevice.list(host.systemCalls()).stream()
                    .filter(mdev -> {
                        try {
                            return mdev.uuid().equals(vgpu.mdev().uuid());
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .findFirst()
                    .orElseThrow();
            assertEquals(host.paths().contains(AttachPath.GROUP), listed.group().isPresent());
            assertFalse(listed.type().isEmpty());
            assertFalse(listed.parent().isEmpty());
            assertTrue(HostDevice.of(host.systemCalls(), listed).hasDriver(host.systemCalls()));
        }
    }

    @ParameterizedTest
    @MethodSource("dialects")
    void aRemovedDeviceEndsInOrderAndLetsTheRemoverGoOn(String dialect) throws Exception {
        TestVgpu vgpu = host.create(dialect);
        Display display = attach(vgpu);
        CountDownLatch closed = new CountDownLatch(1);
        List<Throwable> causes = new ArrayList<>();
        display.subscribe(new RefreshListener() {
            @Override
            public void onRefresh(RefreshEvent event) {}

            @Override
            public void onClosed(Optional<Throwable> cause) {
                cause.ifPresent(causes::add);
                closed.countDown();
            }
        });
        settle();
        vgpu.beginRemoval();
        loop.await(closed);
        display.close();
        assertEquals(1, causes.size());
        assertInstanceOf(io.vfio4j.display.DeviceRemovedException.class, causes.get(0));
        vgpu.close();
        assertTrue(vgpu.isRemoved());
    }

    @Test
    void anAdoptedDescriptorIsArmedAndASharedOneIsNot() throws Exception {
        try (TestVgpu vgpu = host.create(anyDialect());
                PlainDevice plain = PlainDevice.open(host.systemCalls(), vgpu.mdev(), path())) {
            VfioDevice copy = VfioDevice.share(host.systemCalls(), plain.device(), "shared");
            try (Display shared = Display.attach(loop, copy, DisplayOptions.DEFAULTS)) {
                Notes notes = new Notes();
                shared.subscribe(notes);
                settle();
                assertEquals(anyDialect(), shared.dialect().orElseThrow().label());
                assertEquals(RefreshSource.TIMER, notes.last().source());
                assertFalse(vgpu.armed());
            }
            VfioDevice given = VfioDevice.adopt(host.systemCalls(), plain.device(), "adopted");
            try (Display adopted = Display.attach(loop, given, irqOnly)) {
                adopted.subscribe(new Notes());
                settle();
                assertTrue(vgpu.armed());
                assertEquals("adopted", adopted.name());
            }
            assertFalse(vgpu.armed());
        }
    }

    @Test
    void aFileThatIsNoDeviceIsRefused() throws Exception {
        String node = path() == AttachPath.CDEV ? "/dev/iommu" : "/dev/vfio/vfio";
        try (TestVgpu vgpu = host.create(anyDialect());
                Descriptor other = host.systemCalls().open(node, Access.READ_WRITE)) {
            assertFalse(vgpu.armed());
            VfioDevice device = VfioDevice.adopt(host.systemCalls(), other, "no device");
            assertThrows(IOException.class, () -> Display.attach(loop, device));
        }
    }
}
