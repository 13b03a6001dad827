package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device that comes and goes, on an emulated host in real time. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServedDeviceTest {
    private static final VgpuProfile PROFILE = VgpuProfile.V6.withSize(320, 200);

    private final EmulatedHost host =
            EmulatedHost.builder().vgpu(PROFILE).realTime().build();
    private final Vgpu vgpu = host.vgpu();
    private final DeviceName name = DeviceName.parse(vgpu.uuid().toString());
    private final Notes notes = new Notes();

    /** "shown", or why it is not. */
    private static final class Notes implements ServedDevice.Notes {
        private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
        private final List<String> errors = new CopyOnWriteArrayList<>();

        @Override
        public void shown(ServedDevice device, VfioDevice opened) {
            told.add("shown");
        }

        @Override
        public void absent(ServedDevice device, String why) {
            told.add(why);
        }

        @Override
        public ErrorHandler errors() {
            return (what, cause) -> errors.add(what + ": " + cause);
        }
    }

    @AfterEach
    void nothingStaysOpen() {
        assertEquals(List.of(), host.openFiles());
        assertEquals(List.of(), notes.errors);
        host.close();
    }

    private ServedDevice open(boolean wait) throws IOException {
        return ServedDevice.open(host::systemCalls, name, new DisplayChoice(), wait, notes);
    }

    /** Looks until what is seen is what is waited for. */
    private static final class Viewer implements AutoCloseable {
        private final Semaphore news = new Semaphore(0);
        private final Viewing viewing;

        Viewer(ServedDevice device) {
            viewing = device.screen().view(CursorStyle.DRAWN, news::release);
        }

        Optional<String> awaitLook(Predicate<Look> wanted) throws InterruptedException {
            while (true) {
                Optional<Look> look = viewing.look();
                if (look.isEmpty()) {
                    news.acquire();
                    continue;
                }
                try (Look seen = look.get()) {
                    if (wanted.test(seen)) {
                        return seen.absence();
                    }
                }
            }
        }

        @Override
        public void close() {
            viewing.close();
        }
    }

    private static boolean isPicture(Look look) {
        return look.absence().isEmpty() && look.frame().width() == 320;
    }

    @Test
    void itIsShownFromTheBeginning() throws Exception {
        vgpu.guest().run(Scenario.FLIP);
        try (ServedDevice served = open(false);
                Viewer viewer = new Viewer(served)) {
            assertEquals("shown", notes.told.take());
            viewer.awaitLook(ServedDeviceTest::isPicture);
            assertEquals(vgpu.uuid().toString(), served.screen().name());
        }
        assertFalse(vgpu.isOpen());
    }

    @Test
    void theIrqIsNotArmedForHearingOfTheEnd() throws Exception {
        try (ServedDevice served = open(false)) {
            assertEquals("shown", notes.told.take());
            assertTrue(served.screen().display().isPresent());
            assertFalse(vgpu.armed() && !vgpu.masked());
        }
        assertEquals(0, vgpu.signalled().calls());
    }

    @Test
    void aDeviceThatIsRemovedAndMadeAgainIsShownAgainToWhoStayed() throws Exception {
        vgpu.guest().run(Scenario.FLIP);
        try (ServedDevice served = open(false);
                Viewer viewer = new Viewer(served)) {
            viewer.awaitLook(ServedDeviceTest::isPicture);
            Removal removal = vgpu.remove();
            String why = viewer.awaitLook(look -> look.absence()
                            .filter(text -> text.contains("Waiting for it"))
                            .isPresent())
                    .orElseThrow();
            assertTrue(why.startsWith(vgpu.uuid() + " is being removed from the host"), why);
            assertEquals("shown", notes.told.take());
            assertEquals(vgpu.uuid() + " is being removed from the host", notes.told.take());
            String gone = notes.told.take();
            assertTrue(gone.contains("There is no mediated device of this UUID"), gone);
            assertTrue(removal.isComplete());

            Vgpu again = host.create(PROFILE.withUuid(vgpu.uuid()));
            again.guest().run(Scenario.FLIP);
            viewer.awaitLook(ServedDeviceTest::isPicture);
            assertEquals("shown", notes.told.take());
            assertTrue(again.isOpen());
        }
    }

    @Test
    void aDeviceThatIsNotThereIsAFailure() {
        vgpu.remove();
        IOException refused = assertThrows(IOException.class, () -> open(false));
        assertTrue(refused.getMessage().contains("There is no mediated device of this UUID"), refused.getMessage());
    }

    @Test
    void aDeviceThatIsWaitedForAppearsLater() throws Exception {
        vgpu.remove();
        try (ServedDevice served = open(true);
                Viewer viewer = new Viewer(served)) {
            String why = viewer.awaitLook(look -> look.absence().isPresent()).orElseThrow();
            assertTrue(why.contains("There is no mediated device of this UUID"), why);
            host.create(PROFILE.withUuid(vgpu.uuid())).guest().run(Scenario.FLIP);
            viewer.awaitLook(ServedDeviceTest::isPicture);
        }
    }

    @Test
    void aReasonIsToldOnce() throws Exception {
        vgpu.remove();
        try (ServedDevice served = open(true)) {
            assertTrue(notes.told.take().contains("There is no mediated device"));
            // Two looks more.
            assertEquals(Optional.empty(), Optional.ofNullable(notes.told.poll(2500, TimeUnit.MILLISECONDS)));
            assertTrue(served.screen().display().isEmpty());
            host.create(PROFILE.withUuid(vgpu.uuid()));
            assertEquals("shown", notes.told.take());
        }
    }

    @Test
    void closingTwiceIsClosing() throws Exception {
        ServedDevice served = open(false);
        served.close();
        served.close();
        assertFalse(vgpu.isOpen());
    }

    @Test
    void anEmulatedDeviceBringsItsHostAndItsGuest() throws Exception {
        try (ServedDevice served = ServedDevice.open(
                        CommandRun.NOWHERE,
                        DeviceName.parse("emulated:v5:flip,size=320x200"),
                        new DisplayChoice(),
                        false,
                        notes);
                Viewer viewer = new Viewer(served)) {
            viewer.awaitLook(ServedDeviceTest::isPicture);
        }
    }
}
