package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.FrameFiller;
import io.vfio4j.display.pixels.Rectangle;
import java.util.Random;

/** Pictures that are drawn by chance, and changed by chance. */
final class Paintings {
    final Random random;
    final int width;
    final int height;
    int[] pixels;

    Paintings(long seed, int width, int height) {
        this.random = new Random(seed);
        this.width = width;
        this.height = height;
        this.pixels = new int[width * height];
        for (int i = 0; i < 30; i++) {
            window();
        }
    }

    /** Between two bounds. */
    int number(int least, int most) {
        return least + random.nextInt(Math.max(1, most - least + 1));
    }

    Rectangle area(int least) {
        int wide = number(least, Math.max(least, width - 1));
        int high = number(least, Math.max(least, height - 1));
        return new Rectangle(number(0, width - wide), number(0, height - high), wide, high);
    }

    /** Plain with something written in it, or noise. */
    void window() {
        Rectangle area = area(8);
        int ground = random.nextInt() & 0xff_ffff;
        boolean noise = random.nextInt(6) == 0;
        for (int y = area.y(); y < area.y() + area.height(); y++) {
            for (int x = area.x(); x < area.x() + area.width(); x++) {
                boolean ink = y % 13 < 8 && random.nextInt(3) == 0;
                pixels[y * width + x] = noise || ink ? random.nextInt() & 0xff_ffff : ground;
            }
        }
    }

    /** Copies a part elsewhere, as if of an unmodified source. */
    Rectangle move(int least) {
        Rectangle source = area(least);
        int x = number(0, width - source.width());
        int y = number(0, height - source.height());
        int[] before = pixels.clone();
        for (int line = 0; line < source.height(); line++) {
            System.arraycopy(
                    before, (source.y() + line) * width + source.x(), pixels, (y + line) * width + x, source.width());
        }
        return new Rectangle(x, y, source.width(), source.height());
    }

    void into(Frame frame) {
        FrameFiller.fill(frame, width, height, pixels);
    }
}
