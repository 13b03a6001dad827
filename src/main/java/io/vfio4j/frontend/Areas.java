package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is in one rectangle and in another, or not. */
final class Areas {
    private Areas() {}

    static Optional<Rectangle> common(Rectangle one, Rectangle other) {
        int x = Math.max(one.x(), other.x());
        int y = Math.max(one.y(), other.y());
        int width = Math.min(one.x() + one.width(), other.x() + other.width()) - x;
        int height = Math.min(one.y() + one.height(), other.y() + other.height()) - y;
        return width < 1 || height < 1 ? Optional.empty() : Optional.of(new Rectangle(x, y, width, height));
    }

    static long pixels(Rectangle area) {
        return (long) area.width() * area.height();
    }

    /** What of the rectangles, which do not overlap, is outside of a hole: rectangles that do not overlap. */
    static List<Rectangle> without(List<Rectangle> rectangles, Rectangle hole) {
        List<Rectangle> rest = new ArrayList<>();
        for (Rectangle whole : rectangles) {
            Optional<Rectangle> cut = common(whole, hole);
            if (cut.isPresent()) {
                addAround(whole, cut.get(), rest);
            } else {
                rest.add(whole);
            }
        }
        return rest;
    }

    /** Above and below in full width, then what is left and right. */
    private static void addAround(Rectangle whole, Rectangle cut, List<Rectangle> rest) {
        add(whole.x(), whole.y(), whole.width(), cut.y() - whole.y(), rest);
        int below = cut.y() + cut.height();
        add(whole.x(), cut.y(), cut.x() - whole.x(), cut.height(), rest);
        int right = cut.x() + cut.width();
        add(right, cut.y(), whole.x() + whole.width() - right, cut.height(), rest);
        add(whole.x(), below, whole.width(), whole.y() + whole.height() - below, rest);
    }

    private static void add(int x, int y, int width, int height, List<Rectangle> to) {
        if (width > 0 && height > 0) {
            to.add(new Rectangle(x, y, width, height));
        }
    }

    /** The rectangles, and of another one what they do not cover. */
    static List<Rectangle> with(List<Rectangle> rectangles, Rectangle another) {
        List<Rectangle> missing = List.of(another);
        for (Rectangle covered : rectangles) {
            missing = without(missing, covered);
        }
        List<Rectangle> all = new ArrayList<>(rectangles);
        all.addAll(missing);
        return all;
    }
}
