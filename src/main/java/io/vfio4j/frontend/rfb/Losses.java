package io.vfio4j.frontend.rfb;

import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.Move;
import java.util.List;

/** Where a client's picture is not exact, and for how long that has been so. For one thread at a time. */
final class Losses {
    private Region fresh = new Region();
    private Region settled = new Region();
    private final Region due = new Region();

    /** Whether something has not come to rest yet. */
    boolean isAgeing() {
        return !fresh.isEmpty() || !settled.isEmpty();
    }

    /** Whether something has come to rest, and was not painted since. */
    boolean isDue() {
        return !due.isEmpty();
    }

    /** A part is about to be painted anew. */
    void painted(Rectangle area) {
        fresh.remove(area);
        settled.remove(area);
        due.remove(area);
    }

    /** A part was painted, and not exactly. */
    void lost(Rectangle area) {
        fresh.add(area);
    }

    /** What is copied is as exact as it was where it came from. */
    void moved(Move move) {
        Rectangle target = move.target();
        Rectangle source = new Rectangle(move.sourceX(), move.sourceY(), target.width(), target.height());
        List<Rectangle> copied = List.of(fresh, settled, due).stream()
                .flatMap(region -> region.within(source).stream())
                .map(one -> new Rectangle(
                        one.x() - source.x() + target.x(),
                        one.y() - source.y() + target.y(),
                        one.width(),
                        one.height()))
                .toList();
        painted(target);
        copied.forEach(this::lost);
    }

    /** Some time has passed: what was there the last time, too, has come to rest. */
    void age() {
        settled.forEach(due::add);
        settled = fresh;
        fresh = new Region();
    }

    /** What has come to rest, within an area. */
    List<Rectangle> due(Rectangle area) {
        return due.within(area);
    }

    void clear() {
        fresh.clear();
        settled.clear();
        due.clear();
    }
}
