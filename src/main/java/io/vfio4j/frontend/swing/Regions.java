package io.vfio4j.frontend.swing;

import java.awt.Rectangle;
import java.util.ArrayList;
import java.util.List;

/** What is to be painted: few rectangles, which waste little. None overlap, so that nothing is seen half painted. */
final class Regions {
    /** Each costs a call of its own. */
    private static final int MOST = 8;
    /** Beyond it, looking for the best pair costs more than painting. */
    private static final int MANY = 64;

    private final List<Rectangle> rectangles = new ArrayList<>();

    void add(Rectangle rectangle) {
        if (!rectangle.isEmpty()) {
            rectangles.add(new Rectangle(rectangle));
        }
    }

    /** Not more than a few, which cover all that was added. */
    List<Rectangle> merged() {
        if (rectangles.size() > MANY) {
            Rectangle all = rectangles.stream().reduce(Rectangle::union).orElseThrow();
            rectangles.clear();
            rectangles.add(all);
        }
        while (mergeBest(rectangles.size() > MOST)) {
            // One less each time.
        }
        return List.copyOf(rectangles);
    }

    /** Makes one of the two that belong together best; unless that would cost more than it saves, or it has to be. */
    private boolean mergeBest(boolean anyway) {
        long least = anyway ? Long.MAX_VALUE : 1;
        int first = -1;
        int second = -1;
        for (int i = 0; i < rectangles.size(); i++) {
            for (int j = i + 1; j < rectangles.size(); j++) {
                long waste = waste(rectangles.get(i), rectangles.get(j));
                if (waste < least) {
                    least = waste;
                    first = i;
                    second = j;
                }
            }
        }
        if (first < 0) {
            return false;
        }
        rectangles.set(first, rectangles.get(first).union(rectangles.remove(second)));
        return true;
    }

    private static long waste(Rectangle a, Rectangle b) {
        return a.intersects(b) ? Long.MIN_VALUE : area(a.union(b)) - area(a) - area(b);
    }

    private static long area(Rectangle rectangle) {
        return (long) rectangle.width * rectangle.height;
    }
}
