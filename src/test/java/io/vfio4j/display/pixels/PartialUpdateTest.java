package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Parts of pictures: copied, and compared where alone they can differ. */
class PartialUpdateTest {
    private static final int WIDTH = 150;
    private static final int HEIGHT = 100;

    private final Random random = new Random(5);

    private Rectangle area() {
        int x = random.nextInt(WIDTH);
        int y = random.nextInt(HEIGHT);
        return new Rectangle(x, y, 1 + random.nextInt(WIDTH - x), 1 + random.nextInt(HEIGHT - y));
    }

    @Test
    void comparingWhereItDiffersFindsWhatComparingEverythingFinds() {
        int[] pixels = new int[WIDTH * HEIGHT];
        Damage whole = new Damage();
        Damage parts = new Damage();
        DamageHistory everything = whole.history();
        DamageHistory known = parts.history();
        try (Frame frame = new Frame()) {
            for (int round = 0; round < 500; round++) {
                List<Rectangle> areas = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    Rectangle area = area();
                    areas.add(area);
                    for (int n = random.nextInt(5); n > 0; n--) {
                        int x = area.x() + random.nextInt(area.width());
                        int y = area.y() + random.nextInt(area.height());
                        pixels[y * WIDTH + x] ^= random.nextBoolean() ? 0x01000000 : 0x0100;
                    }
                }
                FrameFiller.fill(frame, WIDTH, HEIGHT, pixels);
                assertEquals(whole.update(frame), parts.update(frame, areas), "round " + round);
                everything.take();
                known.take();
                assertEquals(everything.rectangles(), known.rectangles(), "round " + round);
            }
            assertFalse(parts.update(frame, List.of(new Rectangle(WIDTH + 40, HEIGHT + 40, 9, Integer.MAX_VALUE))));
            FrameFiller.fill(frame, 10, 10, pixels);
            assertTrue(parts.update(frame, List.of()), "of another size");
            assertThrows(IllegalArgumentException.class, () -> parts.update(new Frame(), List.of()));
        }
    }

    @Test
    void aPartIsCopiedToItsPlaceAndNothingElse() {
        int[] one = random.ints(WIDTH * HEIGHT).toArray();
        int[] other = random.ints(WIDTH * HEIGHT).toArray();
        try (Frame source = new Frame();
                Frame target = new Frame()) {
            FrameFiller.fill(source, WIDTH, HEIGHT, one);
            FrameFiller.fill(target, WIDTH, HEIGHT, other);
            for (int round = 0; round < 50; round++) {
                Rectangle area = area();
                target.copyFrom(source, area);
                for (int y = area.y(); y < area.y() + area.height(); y++) {
                    System.arraycopy(one, y * WIDTH + area.x(), other, y * WIDTH + area.x(), area.width());
                }
                for (int i = 0; i < other.length; i++) {
                    assertEquals(other[i], target.pixels().get(i), "round " + round);
                }
            }
            assertThrows(
                    IllegalArgumentException.class,
                    () -> target.copyFrom(source, new Rectangle(1, 0, WIDTH, Integer.MAX_VALUE)));
            FrameFiller.fill(source, WIDTH - 1, HEIGHT, one);
            assertThrows(IllegalArgumentException.class, () -> target.copyFrom(source, new Rectangle(0, 0, 1, 1)));
        }
    }
}
