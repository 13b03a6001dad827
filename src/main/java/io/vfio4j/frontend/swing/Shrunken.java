package io.vfio4j.frontend.swing;

import java.awt.Rectangle;
import java.util.ArrayList;
import java.util.List;

/**
 * A picture by halves, down to the last one that is not smaller than what is wanted: interpolation looks at four pixels, and would miss
 * most of the lines of a picture that is shown at a fifth of its size.
 */
final class Shrunken {
    private final List<Picture> levels = new ArrayList<>();

    Shrunken(Picture picture, int wantedWidth, int wantedHeight) {
        Picture last = picture;
        levels.add(last);
        while (last.width() / 2 >= wantedWidth && last.height() / 2 >= wantedHeight) {
            last = Picture.opaque((last.width() + 1) / 2, (last.height() + 1) / 2);
            levels.add(last);
        }
        update(new Rectangle(picture.width(), picture.height()));
    }

    /** A part of the picture has changed. */
    void update(Rectangle part) {
        Rectangle changed = part;
        for (int i = 1; i < levels.size(); i++) {
            int x = changed.x / 2;
            int y = changed.y / 2;
            changed = new Rectangle(
                    x, y, (changed.x + changed.width + 1) / 2 - x, (changed.y + changed.height + 1) / 2 - y);
            levels.get(i).halve(levels.get(i - 1), changed);
        }
    }

    Picture smallest() {
        return levels.get(levels.size() - 1);
    }

    /** How many pixels of the picture one of the smallest stands for, in each direction. */
    int step() {
        return 1 << levels.size() - 1;
    }
}
