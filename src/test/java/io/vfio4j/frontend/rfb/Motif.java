package io.vfio4j.frontend.rfb;

import java.util.Random;

/** Kinds of pictures, as each encoding has its own for some. */
enum Motif {
    NOISE {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return random.nextInt();
        }
    },
    ONE_COLOUR {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return 0x336699;
        }
    },
    TWO_COLOURS {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return random.nextInt(4) == 0 ? 0xffffff : 0x101418;
        }
    },
    SOME_COLOURS {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return random.nextInt(3) > 0 ? before : random.nextInt(13) * 0x0a141e;
        }
    },
    MANY_COLOURS {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return random.nextInt(200) * 0x010203;
        }
    },
    RUNS {
        @Override
        int pixel(Random random, int x, int y, int before) {
            return random.nextInt(200) > 0 ? before : random.nextInt();
        }
    },
    PHOTO {
        @Override
        int pixel(Random random, int x, int y, int before) {
            int red = (int) (127 + 120 * Math.sin(x / 31.0 + y / 57.0));
            int green = (int) (127 + 120 * Math.sin(x / 43.0 - y / 29.0));
            int blue = (int) (127 + 120 * Math.cos(x / 61.0 + y / 37.0));
            return red << 16 | green << 8 | blue;
        }
    };

    abstract int pixel(Random random, int x, int y, int before);

    void paint(Random random, int[] picture, int width, int x, int y, int w, int h) {
        int before = random.nextInt();
        for (int line = y; line < y + h; line++) {
            for (int column = x; column < x + w; column++) {
                before = pixel(random, column, line, before) & 0xffffff;
                // The highest byte of a frame's pixel means nothing.
                picture[line * width + column] = before | random.nextInt() << 24;
            }
        }
    }

    static Motif any(Random random) {
        return values()[random.nextInt(values().length)];
    }
}
