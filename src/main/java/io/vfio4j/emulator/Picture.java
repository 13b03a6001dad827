package io.vfio4j.emulator;

import java.util.Arrays;

/**
 * What the guest shows, as a function: which colour a pixel has in a given frame, after so many character cells were drawn
 * over it.
 */
enum Picture {
    /** XRGB8888: a still background, the frame's number as a bar code, and a box that moves with it. */
    SCREEN {
        @Override
        int pixel(int width, int height, long frame, long draws, int x, int y) {
            int special = special(width, height, frame, draws, x, y);
            if (special >= 0) {
                return special;
            }
            int boxX = x - boxX(width, frame);
            int boxY = y - boxY(height, frame);
            if (boxX >= 0 && boxX < BOX && boxY >= 0 && boxY < BOX) {
                return 0xff_0000 | (int) (frame * 0x9e37 & 0xffff);
            }
            return background(x, y);
        }

        @Override
        void row(int width, int height, long frame, long draws, int left, int y, int count, int[] colours) {
            for (int i = 0; i < count; i++) {
                colours[i] = background(left + i, y);
            }
            int top = boxY(height, frame);
            if (y >= top && y < top + BOX) {
                int box = boxX(width, frame);
                again(width, height, frame, draws, left, y, count, colours, box, box + BOX);
            }
            specials(width, height, frame, draws, left, y, count, colours);
        }

        @Override
        void moves(int width, int height, long oldFrame, long frame, Dirty dirty) {
            dirty.rectangle(boxX(width, oldFrame), boxY(height, oldFrame), BOX, BOX);
            dirty.rectangle(boxX(width, frame), boxY(height, frame), BOX, BOX);
        }

        private int background(int x, int y) {
            return (x & 0x7f) << 16 | (y & 0xff) << 8 | ((x ^ y) & 0xff);
        }
    },

    /** As SCREEN, but frame 0 is the grey gradient that mdpy draws at a reset. */
    SAMPLE {
        @Override
        int pixel(int width, int height, long frame, long draws, int x, int y) {
            if (frame == 0 && draws == 0) {
                return y * 255 / height * 0x0101_0101;
            }
            return SCREEN.pixel(width, height, frame, draws, x, y);
        }

        @Override
        void row(int width, int height, long frame, long draws, int left, int y, int count, int[] colours) {
            if (frame == 0 && draws == 0) {
                Arrays.fill(colours, 0, count, pixel(width, height, frame, draws, left, y));
            } else {
                SCREEN.row(width, height, frame, draws, left, y, count, colours);
            }
        }

        @Override
        void moves(int width, int height, long oldFrame, long frame, Dirty dirty) {
            SCREEN.moves(width, height, oldFrame, frame, dirty);
        }
    },

    /** XRGB8888: a desktop that stands still, the frame's number as a bar code, and a window with text that moves over it. */
    DESKTOP {
        @Override
        int pixel(int width, int height, long frame, long draws, int x, int y) {
            int special = special(width, height, frame, draws, x, y);
            if (special >= 0) {
                return special;
            }
            return TextWindow.at(width, height, frame).covers(x, y)
                    ? TextWindow.at(width, height, frame).pixel(x, y)
                    : ground(height, y);
        }

        @Override
        void row(int width, int height, long frame, long draws, int left, int y, int count, int[] colours) {
            Arrays.fill(colours, 0, count, ground(height, y));
            TextWindow.at(width, height, frame).row(left, y, count, colours);
            specials(width, height, frame, draws, left, y, count, colours);
        }

        /** A sky, and a task bar below. */
        private int ground(int height, int y) {
            if (y >= height - TASK_BAR) {
                return y == height - TASK_BAR ? 0x70_8090 : 0x28_3038;
            }
            int light = y * 128 / height;
            return 0x20_4878 + (light << 16 | light << 8 | light / 2);
        }

        @Override
        void moves(int width, int height, long oldFrame, long frame, Dirty dirty) {
            TextWindow now = TextWindow.at(width, height, frame);
            TextWindow.at(width, height, oldFrame).uncoveredBy(now, dirty);
            dirty.rectangle(now.x(), now.y(), now.width(), now.height());
        }
    },

    /** ARGB8888: a diamond whose colour follows the frame, transparent around. */
    CURSOR {
        @Override
        int pixel(int width, int height, long frame, long draws, int x, int y) {
            int distance = Math.abs(x - width / 2) + Math.abs(y - height / 2);
            return distance < width / 2 ? 0xff00_0000 | (int) (frame * 0x2_0501 & 0xff_ffff) : 0;
        }
    };

    static final int CELL_WIDTH = 8;
    static final int CELL_HEIGHT = 16;
    private static final int CODE_CELL = 8;
    private static final int CODE_BITS = 32;
    private static final int BOX = 48;
    private static final int TASK_BAR = 32;
    /** Drawing more cells than this is not worth finding out which. */
    private static final int FEW_CELLS = 4096;

    private static final int WHITE = 0xff_ffff;

    abstract int pixel(int width, int height, long frame, long draws, int x, int y);

    /** A part of a line of pixels, in the first places of an array. */
    void row(int width, int height, long frame, long draws, int left, int y, int count, int[] colours) {
        for (int i = 0; i < count; i++) {
            colours[i] = pixel(width, height, frame, draws, left + i, y);
        }
    }

    /** Draws again, pixel by pixel, where cells and bar code cover the rest. */
    final void specials(int width, int height, long frame, long draws, int left, int y, int count, int[] colours) {
        if (y < CODE_CELL) {
            again(width, height, frame, draws, left, y, count, colours, 0, CODE_BITS * CODE_CELL);
        }
        long firstCell = (long) (y / CELL_HEIGHT) * (width / CELL_WIDTH);
        int cells = (int) Math.max(0, Math.min(draws - firstCell, width / CELL_WIDTH));
        again(width, height, frame, draws, left, y, count, colours, 0, cells * CELL_WIDTH);
    }

    final void again(
            int width,
            int height,
            long frame,
            long draws,
            int left,
            int y,
            int count,
            int[] colours,
            int from,
            int to) {
        for (int x = Math.max(left, from); x < Math.min(left + count, to); x++) {
            colours[x - left] = pixel(width, height, frame, draws, x, y);
        }
    }

    /** The colour of a cell or of the bar code, or -1 where there is neither. */
    private static int special(int width, int height, long frame, long draws, int x, int y) {
        int cell = cellColour(width, height, draws, x, y);
        if (cell < 0 && y < CODE_CELL && x < CODE_BITS * CODE_CELL) {
            return (frame >>> (x / CODE_CELL) & 1) != 0 ? WHITE : 0;
        }
        return cell;
    }

    boolean hasAlpha() {
        return this == CURSOR;
    }

    /** Gets a rectangle in which pixels may have changed. */
    interface Dirty {
        void rectangle(int x, int y, int width, int height);
    }

    /** Where what moves has been, and is now. */
    void moves(int width, int height, long oldFrame, long frame, Dirty dirty) {
        dirty.rectangle(0, 0, width, height);
    }

    /** What is different between a moment and a later one; more than needed is allowed, less is not. */
    void changes(int width, int height, long oldFrame, long oldDraws, long frame, long draws, Dirty dirty) {
        int columns = width / CELL_WIDTH;
        long cells = (long) columns * (height / CELL_HEIGHT);
        boolean known = this != CURSOR && (this != SAMPLE || oldFrame > 0 && frame > 0);
        if (!known || oldDraws > FEW_CELLS || draws - oldDraws > FEW_CELLS || frame != oldFrame && draws > FEW_CELLS) {
            dirty.rectangle(0, 0, width, height);
            return;
        }
        long firstCell = oldDraws;
        if (frame != oldFrame) {
            dirty.rectangle(0, 0, CODE_BITS * CODE_CELL, CODE_CELL);
            moves(width, height, oldFrame, frame, dirty);
            firstCell = 0;
        }
        for (long draw = firstCell; draw < Math.max(oldDraws, draws); draw++) {
            int cell = (int) (draw % cells);
            dirty.rectangle(cell % columns * CELL_WIDTH, cell / columns * CELL_HEIGHT, CELL_WIDTH, CELL_HEIGHT);
        }
    }

    static int boxX(int width, long frame) {
        return (int) (frame * 16 % (width - BOX + 1));
    }

    static int boxY(int height, long frame) {
        return (int) (frame * 8 % (height - BOX + 1));
    }

    /** The colour of the last cell that was drawn here, or -1; cells fill the screen row by row, again and again. */
    private static int cellColour(int width, int height, long draws, int x, int y) {
        int columns = width / CELL_WIDTH;
        int rows = height / CELL_HEIGHT;
        if (draws == 0 || x >= columns * CELL_WIDTH || y >= rows * CELL_HEIGHT) {
            return -1;
        }
        long cells = (long) columns * rows;
        long cell = (long) (y / CELL_HEIGHT) * columns + x / CELL_WIDTH;
        if (cell >= draws) {
            return -1;
        }
        long last = draws - 1 - (draws - 1 - cell) % cells;
        return (int) (last * 0x01_2345 + 0x40_4040 & 0xff_ffff);
    }
}
