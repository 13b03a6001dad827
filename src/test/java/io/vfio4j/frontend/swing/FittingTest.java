package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Rectangle;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FittingTest {
    @ParameterizedTest
    @CsvSource({
        "NONE, 800, 600, 320, 200, 240, 200, 320, 200",
        "NONE, 200, 100, 320, 200, 0, 0, 320, 200",
        "INTEGER, 1000, 650, 320, 200, 20, 25, 960, 600",
        "INTEGER, 319, 1000, 320, 200, 0, 400, 319, 199",
        "FIT, 640, 640, 320, 200, 0, 120, 640, 400",
        "FIT, 1000, 100, 320, 200, 420, 0, 160, 100",
        "FIT, 1, 1, 16384, 1, 0, 0, 1, 1",
        "INTEGER, 1, 1, 1, 16384, 0, 0, 1, 1"
    })
    void thePictureIsAsLargeAsItMayBeAndInTheMiddle(
            Scaling scaling, int panelWidth, int panelHeight, int width, int height, int x, int y, int wide, int high) {
        Fitting fitting = Fitting.of(scaling, panelWidth, panelHeight, width, height);
        assertEquals(new Rectangle(x, y, wide, high), fitting.bounds());
    }

    @Test
    void everyPlaceOfThePictureLeadsBackToItsPixel() {
        long seed = 12;
        Random random = new Random(seed);
        for (int i = 0; i < 2000; i++) {
            Fitting fitting = Fitting.of(
                    Scaling.values()[random.nextInt(3)],
                    1 + random.nextInt(2000),
                    1 + random.nextInt(2000),
                    1 + random.nextInt(2000),
                    1 + random.nextInt(2000));
            int column = random.nextInt(fitting.pictureWidth());
            int line = random.nextInt(fitting.pictureHeight());
            Rectangle shown = fitting.shown(column, line, 1, 1, 0);
            assertTrue(fitting.bounds().contains(shown), "seed " + seed + ": " + fitting);
            // A place in the middle of what a pixel covers is that pixel's, unless several share it.
            if (shown.width * (long) fitting.pictureWidth() >= 2L * fitting.width()) {
                continue;
            }
            int found = fitting.column(shown.x + shown.width / 2.0);
            assertTrue(
                    Math.abs(found - column) <= 1 + fitting.pictureWidth() / fitting.width(), fitting + ": " + found);
        }
    }

    @Test
    void outsideOfThePictureIsOutside() {
        Fitting fitting = Fitting.of(Scaling.NONE, 100, 100, 50, 50);
        assertEquals(-1, fitting.column(24.5));
        assertEquals(0, fitting.column(25.5));
        assertEquals(49, fitting.line(74.5));
        assertEquals(50, fitting.line(75.5));
    }
}
