package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** __grow_ple_window() and __shrink_ple_window(), arch/x86/kvm/x86.h, Linux 6.1. */
class PauseWindowTest {
    private static final Pause PAUSE = new Pause(1638, 2, 1_717_986_918);

    /** ple_window_grow is 2 by default. */
    @Test
    void the_window_doubles_at_each_exit() {
        long window = PauseWindow.atEntry(PAUSE);
        assertEquals(1638, window);
        window = PauseWindow.grown(PAUSE, window);
        assertEquals(3276, window);
        assertEquals(6552, PauseWindow.grown(PAUSE, window));
    }

    /** ple_window_max: UINT_MAX cycles of VMX, 65535 of SVM. */
    @Test
    void the_window_grows_up_to_its_greatest() {
        Pause svm = new Pause(1200, 2, 26_214);
        assertEquals(19_200, PauseWindow.grown(svm, 9600));
        assertEquals(26_214, PauseWindow.grown(svm, 19_200));
        assertEquals(26_214, PauseWindow.grown(svm, 26_214));
    }

    /** ple_window_grow 0: the window stays what it is at first. */
    @Test
    void without_growth_the_window_stays() {
        Pause flat = new Pause(1638, 0, 1_000_000);
        assertEquals(1638, PauseWindow.grown(flat, 1638));
    }

    @Test
    void growth_does_not_overflow() {
        long longest = 1_000_000_000_000L;
        Pause wide = new Pause(1, 1_000_000, longest);
        assertEquals(longest, PauseWindow.grown(wide, longest / 2));
        assertEquals(longest, PauseWindow.grown(wide, 1_000_001));
        assertEquals(900_000_000_000L, PauseWindow.grown(wide, 900_000));
    }

    /** Windows w, 2w, 4w … fit into an uninterrupted spin of T: floor(log2(T / w + 1)) exits. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1637, 1638, 4913, 4914, 100_000, 2_000_000, 24_000_000})
    void the_exits_of_one_spin_are_the_logarithm_of_its_length(long spin) {
        int exits = 0;
        long left = spin;
        for (long window = PauseWindow.atEntry(PAUSE); window <= left; window = PauseWindow.grown(PAUSE, window)) {
            left -= window;
            exits++;
        }
        // By whole numbers: the position of the highest bit of floor(T / w) + 1.
        assertEquals(63 - Long.numberOfLeadingZeros(spin / 1638 + 1), exits);
    }
}
