package io.vfio4j.emulator;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a guest does by itself: once at once, and then in the interrupt handler of each vblank. */
public enum Scenario {
    /** Flips the primary plane in every vblank, on every enabled pipe: a game, a video. */
    FLIP,
    /**
     * Moves a window, a third of the screen wide and high, over a desktop that stands still: some pixels in every vblank, by flips, on
     * every enabled pipe. What is flipped by hand afterwards goes on with it, until another scenario runs.
     */
    WINDOW,
    /** Flips ten times and then nothing: a desktop that nobody uses. */
    IDLE,
    /** Draws characters into the framebuffer that is shown, and never flips: a text console. */
    CONSOLE,
    /** Updates the cursor in every vblank, and draws into the framebuffer that is shown. */
    CURSOR,
    /** Flips, and changes the screen's size every 60 vblanks. */
    MODE,
    /** Flips, and turns the pipes off for half a second every second: no vblank, no event. */
    PIPE,
    /** Eight flips in each of ten vblanks, then thirty vblanks of silence, again and again. */
    BURST;

    /**
     * The name on the command line.
     *
     * @return the constant's name in lower case
     */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Finds a scenario by its name.
     *
     * @param label one of {@link #labels()}
     * @return the scenario
     * @throws IllegalArgumentException when there is none of that name
     */
    public static Scenario named(String label) {
        return Arrays.stream(values())
                .filter(scenario -> scenario.label().equals(label.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no scenario is called " + label + "; there are " + String.join(", ", labels())));
    }

    /**
     * The names of all scenarios.
     *
     * @return flip, window, idle, console, cursor, mode, pipe, burst
     */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Scenario::label).toList();
    }
}
