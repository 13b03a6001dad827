package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RegionsTest {
    private static List<Rectangle> merged(Rectangle... added) {
        Regions regions = new Regions();
        List.of(added).forEach(regions::add);
        return regions.merged();
    }

    @Test
    void whatIsFarApartStaysApart() {
        Rectangle left = new Rectangle(0, 0, 10, 10);
        Rectangle right = new Rectangle(500, 300, 10, 10);
        assertEquals(Set.of(left, right), Set.copyOf(merged(left, right)));
    }

    @Test
    void neighboursBecomeOne() {
        assertEquals(
                List.of(new Rectangle(0, 0, 64, 32)),
                merged(new Rectangle(0, 0, 32, 32), new Rectangle(32, 0, 32, 32)));
    }

    @Test
    void nothingIsNothing() {
        assertEquals(List.of(), merged(new Rectangle(), new Rectangle(5, 5, 0, 7)));
    }

    @Test
    void aFewCoverAllThatWasAddedWithoutOverlapping() {
        long seed = 99;
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            Regions regions = new Regions();
            List<Rectangle> added = new ArrayList<>();
            for (int n = random.nextInt(100); n >= 0; n--) {
                Rectangle one = new Rectangle(
                        random.nextInt(1000), random.nextInt(1000), 1 + random.nextInt(60), 1 + random.nextInt(60));
                added.add(one);
                regions.add(one);
            }
            List<Rectangle> merged = regions.merged();
            assertTrue(merged.size() <= 8, "seed " + seed);
            for (Rectangle one : added) {
                assertTrue(merged.stream().anyMatch(part -> part.contains(one)), "seed " + seed);
            }
            for (int a = 0; a < merged.size(); a++) {
                for (int b = a + 1; b < merged.size(); b++) {
                    assertFalse(merged.get(a).intersects(merged.get(b)), "seed " + seed);
                }
            }
        }
    }
}
