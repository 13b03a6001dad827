package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GuestScheduleTest {
    private static final long MS = 1_000_000;
    private static final long PERIOD = 16 * MS;

    private record Flip(long vblank, long time, long happened) {}

    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final Kernel kernel = host.vgpu().driver().kernel();
    private final List<Flip> flips = new ArrayList<>();
    private List<ScriptedGuest> models;

    @BeforeEach
    void noModelYet() {
        models = new ArrayList<>();
    }

    private GuestSchedule drawing(long... millis) {
        return new GuestSchedule(
                kernel,
                told -> {
                    models.add(new ScriptedGuest(told, millis));
                    return models.get(0);
                },
                (vblank, now) -> flips.add(new Flip(vblank.time() / MS, now / MS, kernel.nanoTime() / MS)));
    }

    private void advanceTo(long millis) {
        host.clock().advance(Duration.ofNanos(millis * MS - kernel.nanoTime()));
    }

    private void vblankAt(GuestSchedule schedule, long millis) {
        advanceTo(millis);
        kernel.lock();
        try {
            assertTrue(schedule.vblank(new GuestSchedule.Vblank(millis * MS, PERIOD)));
        } finally {
            kernel.unlock();
        }
    }

    @Test
    void aFlipHappensWhenTheModelSaysSo() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        advanceTo(20);
        assertEquals(List.of(), flips);
        advanceTo(21);
        assertEquals(List.of(new Flip(16, 21, 21)), flips);
        vblankAt(schedule, 32);
        advanceTo(48);
        assertEquals(List.of(new Flip(16, 21, 21), new Flip(32, 37, 37)), flips);
    }

    @Test
    void aFrameThatTakesLongerThanAPeriodIsStillThatOfItsVblank() {
        GuestSchedule schedule = drawing(20, 5);
        vblankAt(schedule, 16);
        vblankAt(schedule, 32);
        vblankAt(schedule, 48);
        advanceTo(64);
        assertEquals(List.of(new Flip(16, 36, 36), new Flip(32, 41, 41), new Flip(48, 53, 53)), flips);
    }

    @Test
    void vblanksThatTheGuestDoesNotTakeMerge() {
        GuestSchedule schedule = drawing(40, 5);
        vblankAt(schedule, 16);
        vblankAt(schedule, 32);
        vblankAt(schedule, 48);
        advanceTo(70);
        assertEquals(List.of(new Flip(16, 56, 56), new Flip(48, 61, 61)), flips);
    }

    @Test
    void theModelRunsInSlicesAndNeverBeyondTheNextVblank() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        assertEquals(GuestSchedule.SLICE, models.get(0).nanoTime());
        advanceTo(31);
        assertEquals(PERIOD, models.get(0).nanoTime());
        advanceTo(32);
        assertEquals(PERIOD, models.get(0).nanoTime());
        assertEquals(GuestSchedule.SLICE, models.get(0).longestSlice());
    }

    @Test
    void withoutVblanksTheModelFinishesItsFrameAndSleeps() {
        GuestSchedule schedule = drawing(40);
        vblankAt(schedule, 16);
        advanceTo(3_600_000);
        assertEquals(List.of(new Flip(16, 56, 56)), flips);
        assertEquals(40 * MS, models.get(0).worked());
        assertTrue(host.clock().untilNextEvent().isEmpty());
        vblankAt(schedule, 3_600_000);
        advanceTo(3_600_040);
        assertEquals(new Flip(3_600_000, 3_600_040, 3_600_040), flips.get(1));
    }

    @Test
    void aGuestThatNeverFinishesIsWaitedForASecondAndNotForEver() {
        GuestSchedule schedule = drawing(1_000_000);
        vblankAt(schedule, 16);
        advanceTo(10_000);
        assertTrue(host.clock().untilNextEvent().isEmpty());
        assertEquals(GuestSchedule.LONGEST_FINISH, models.get(0).worked(), 2.0 * GuestSchedule.SLICE);
    }

    @Test
    void aVblankOutOfTurnIsPostedAtMostASliceLate() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        advanceTo(22);
        host.clock().advance(Duration.ofNanos(MS / 4));
        kernel.lock();
        schedule.vblank(new GuestSchedule.Vblank(kernel.nanoTime(), PERIOD));
        kernel.unlock();
        advanceTo(28);
        assertEquals(List.of(new Flip(16, 21, 21), new Flip(22, 28, 28)), flips);
    }

    @Test
    void vblanksAtOneInstantMerge() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        vblankAt(schedule, 16);
        vblankAt(schedule, 16);
        advanceTo(40);
        assertEquals(2, flips.size());
    }

    @Test
    void vblanksAtOneInstantDoNotSendTheModelAhead() {
        GuestSchedule schedule = drawing(5);
        for (int i = 0; i < 50; i++) {
            vblankAt(schedule, 16);
        }
        assertEquals(GuestSchedule.SLICE, models.get(0).worked());
        advanceTo(20);
        assertEquals(5 * MS, models.get(0).worked());
    }

    @Test
    void whatIsForgottenIsNeverShown() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        advanceTo(17);
        kernel.lock();
        schedule.forget();
        kernel.unlock();
        assertTrue(host.clock().untilNextEvent().isEmpty());
        vblankAt(schedule, 48);
        advanceTo(100);
        // What was in the drawing is finished first, for nobody.
        assertEquals(List.of(new Flip(48, 56, 56)), flips);
    }

    @Test
    void aFlipThatIsScheduledIsForgottenToo() {
        GuestSchedule schedule = drawing(5);
        vblankAt(schedule, 16);
        host.clock().advance(Duration.ofNanos(9 * MS / 2));
        kernel.lock();
        schedule.forget();
        kernel.unlock();
        advanceTo(100);
        assertEquals(List.of(), flips);
        assertFalse(host.clock().untilNextEvent().isPresent());
    }

    @Test
    void nothingIsSimulatedBeforeItIsNeeded() {
        GuestSchedule schedule = drawing(5);
        assertEquals(List.of(), models);
        schedule.prepare();
        schedule.prepare();
        assertEquals(1, models.size());
    }
}
