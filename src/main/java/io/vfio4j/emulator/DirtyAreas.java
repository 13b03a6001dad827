package io.vfio4j.emulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What has changed of a screen from one look to the next. Used under the kernel's lock. */
final class DirtyAreas {
    /** A moment of a screen. */
    private record Moment(Layout layout, Picture picture, long frame, long draws) {
        static Moment of(Framebuffer shown) {
            return new Moment(shown.layout(), shown.picture(), shown.frame(), shown.draws());
        }

        boolean isComparableWith(Moment other) {
            return layout.width() == other.layout.width()
                    && layout.height() == other.layout.height()
                    && layout.format() == other.layout.format();
        }

        void shown(int left, int y, int count, int[] colours) {
            Framebuffer.shown(layout, picture, frame, draws, left, y, count, colours);
        }
    }

    private Optional<Moment> last = Optional.empty();

    /** Everything, the first time and where two moments cannot be compared; nothing while nothing is shown. */
    List<EmulatedGuest.Area> next(Optional<Framebuffer> shown) {
        Optional<Moment> before = last;
        last = shown.map(Moment::of);
        if (last.isEmpty()) {
            return List.of();
        }
        Moment now = last.get();
        if (before.filter(now::isComparableWith).isEmpty()) {
            return List.of(new EmulatedGuest.Area(
                    0, 0, now.layout().width(), now.layout().height()));
        }
        return changes(before.get(), now);
    }

    private static List<EmulatedGuest.Area> changes(Moment before, Moment now) {
        List<EmulatedGuest.Area> areas = new ArrayList<>();
        Layout layout = now.layout();
        if (before.picture() != now.picture()) {
            shrunk(before, now, 0, 0, layout.width(), layout.height()).ifPresent(areas::add);
        } else if (before.frame() != now.frame() || before.draws() != now.draws()) {
            now.picture()
                    .changes(
                            layout.width(),
                            layout.height(),
                            before.frame(),
                            before.draws(),
                            now.frame(),
                            now.draws(),
                            (x, y, width, height) ->
                                    shrunk(before, now, x, y, width, height).ifPresent(areas::add));
        }
        return List.copyOf(areas);
    }

    /** The smallest rectangle around all that is different in one. */
    private static Optional<EmulatedGuest.Area> shrunk(Moment before, Moment now, int x, int y, int width, int height) {
        Layout layout = now.layout();
        int group = layout.format().group();
        int left = x / group * group;
        int count = Math.min(layout.width(), Layout.roundUp(x + width, group)) - left;
        int[] old = new int[count];
        int[] young = new int[count];
        int first = count;
        int last = -1;
        int top = -1;
        int bottom = -1;
        for (int line = y; line < Math.min(y + height, layout.height()); line++) {
            before.shown(left, line, count, old);
            now.shown(left, line, count, young);
            for (int i = 0; i < count; i++) {
                if (old[i] != young[i]) {
                    first = Math.min(first, i);
                    last = Math.max(last, i);
                    top = top < 0 ? line : top;
                    bottom = line;
                }
            }
        }
        return last < 0
                ? Optional.empty()
                : Optional.of(new EmulatedGuest.Area(left + first, top, last - first + 1, bottom - top + 1));
    }
}
