package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.ClosedException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PlaceholderTest {
    private static long lit(Frame frame) {
        long lit = 0;
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                lit += frame.pixel(x, y) == frame.pixel(0, 0) ? 0 : 1;
            }
        }
        return lit;
    }

    @Test
    void aSentenceStandsOnADarkGround() {
        try (Frame frame = new Frame()) {
            Placeholder.draw(frame, 640, 480, "I");
            assertEquals(640, frame.width());
            assertEquals(480, frame.height());
            assertEquals(0xff101418, frame.pixel(0, 0));
            // Eleven pixels, each two by two.
            assertEquals(44, lit(frame));
            assertEquals(0xffc8d0d8, frame.pixel(318, 240));
            assertEquals(Optional.empty(), frame.path());
            assertEquals(Evidence.NOT_CAPTURED, frame.evidence());
        }
    }

    @Test
    void aFrameIsUsedAgain() {
        try (Frame frame = new Frame()) {
            Placeholder.draw(frame, 800, 600, Placeholder.NOTHING_YET);
            long first = lit(frame);
            assertTrue(first > 1000, first + " pixels");
            Placeholder.draw(frame, 320, 200, "");
            assertEquals(320, frame.width());
            assertEquals(0, lit(frame));
            Placeholder.draw(frame, 800, 600, Placeholder.NOTHING_YET);
            assertEquals(first, lit(frame));
        }
    }

    @Test
    void evenTheSmallestPictureIsOne() {
        try (Frame frame = new Frame()) {
            Placeholder.draw(frame, 1, 1, Placeholder.NOTHING_YET);
            assertEquals(0xff101418, frame.pixel(0, 0));
        }
    }

    @Test
    void sizesWithoutSenseAreRefused() {
        Frame frame = new Frame();
        for (int[] size : new int[][] {{0, 1}, {1, 0}, {-1, 1}, {16385, 1}, {1, 16385}}) {
            String message = assertThrows(
                            IllegalArgumentException.class, () -> Placeholder.draw(frame, size[0], size[1], ""))
                    .getMessage();
            assertTrue(message.contains(size[0] + "x" + size[1]), message);
        }
        frame.close();
        assertThrows(ClosedException.class, () -> Placeholder.draw(frame, 8, 8, ""));
    }
}
