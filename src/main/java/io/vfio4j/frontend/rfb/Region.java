package io.vfio4j.frontend.rfb;

import io.vfio4j.display.pixels.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Some part of a picture: rectangles that do not overlap. Grows by rounding up where it would take too many. */
final class Region {
    static final int MOST_RECTANGLES = 512;

    private List<Rectangle> rectangles = new ArrayList<>();

    boolean isEmpty() {
        return rectangles.isEmpty();
    }

    void clear() {
        rectangles.clear();
    }

    void forEach(Consumer<Rectangle> action) {
        rectangles.forEach(action);
    }

    void add(Rectangle more) {
        remove(more);
        rectangles.add(more);
        if (rectangles.size() > MOST_RECTANGLES) {
            Rectangle all = rectangles.get(0);
            for (Rectangle one : rectangles) {
                int x = Math.min(all.x(), one.x());
                int y = Math.min(all.y(), one.y());
                all = new Rectangle(
                        x,
                        y,
                        Math.max(all.x() + all.width(), one.x() + one.width()) - x,
                        Math.max(all.y() + all.height(), one.y() + one.height()) - y);
            }
            rectangles.clear();
            rectangles.add(all);
        }
    }

    /** Takes rectangles that overlap neither each other nor what is here, however many. */
    void addDisjoint(List<Rectangle> more) {
        if (rectangles.isEmpty()) {
            rectangles.addAll(more);
        } else {
            more.forEach(this::add);
        }
    }

    void remove(Rectangle gone) {
        List<Rectangle> left = new ArrayList<>(rectangles.size() + 4);
        for (Rectangle one : rectangles) {
            int right = Math.min(one.x() + one.width(), gone.x() + gone.width());
            int bottom = Math.min(one.y() + one.height(), gone.y() + gone.height());
            int x = Math.max(one.x(), gone.x());
            int y = Math.max(one.y(), gone.y());
            if (right <= x || bottom <= y) {
                left.add(one);
                continue;
            }
            addIfAny(left, one.x(), one.y(), one.x() + one.width(), y);
            addIfAny(left, one.x(), bottom, one.x() + one.width(), one.y() + one.height());
            addIfAny(left, one.x(), y, x, bottom);
            addIfAny(left, right, y, one.x() + one.width(), bottom);
        }
        rectangles = left;
    }

    private static void addIfAny(List<Rectangle> into, int x, int y, int right, int bottom) {
        if (right > x && bottom > y) {
            into.add(new Rectangle(x, y, right - x, bottom - y));
        }
    }

    /** What of it is within an area, as new rectangles. */
    List<Rectangle> within(Rectangle area) {
        List<Rectangle> found = new ArrayList<>(rectangles.size());
        for (Rectangle one : rectangles) {
            int x = Math.max(one.x(), area.x());
            int y = Math.max(one.y(), area.y());
            addIfAny(
                    found,
                    x,
                    y,
                    Math.min(one.x() + one.width(), area.x() + area.width()),
                    Math.min(one.y() + one.height(), area.y() + area.height()));
        }
        return found;
    }
}
