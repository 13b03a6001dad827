package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.display.pixels.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Rectangles, compared with the points that are in them. */
class AreasTest {
    private static final int SIDE = 24;

    private static int[] points(List<Rectangle> rectangles) {
        int[] points = new int[SIDE * SIDE];
        for (Rectangle area : rectangles) {
            for (int y = area.y(); y < area.y() + area.height(); y++) {
                for (int x = area.x(); x < area.x() + area.width(); x++) {
                    points[y * SIDE + x]++;
                }
            }
        }
        return points;
    }

    private static Rectangle any(Random random) {
        int x = random.nextInt(SIDE);
        int y = random.nextInt(SIDE);
        return new Rectangle(x, y, 1 + random.nextInt(SIDE - x), 1 + random.nextInt(SIDE - y));
    }

    @Test
    void whatIsTakenAwayAndAddedIsSoPointByPoint() {
        Random random = new Random(11);
        for (int round = 0; round < 2_000; round++) {
            List<Rectangle> some = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                some = Areas.with(some, any(random));
            }
            Rectangle other = any(random);
            int[] before = points(some);
            int[] hole = points(List.of(other));
            int[] without = points(Areas.without(some, other));
            int[] with = points(Areas.with(some, other));
            for (int i = 0; i < before.length; i++) {
                assertEquals(before[i] == 1 && hole[i] == 0 ? 1 : 0, without[i], "round " + round);
                assertEquals(before[i] == 1 || hole[i] == 1 ? 1 : 0, with[i], "round " + round);
            }
        }
    }
}
