package io.vfio4j.emulator;

/**
 * What the guest shows, as a function: which colour a pixel has in a given frame, after so many character cells were drawn
 * over it.
 */
enum Picture {
    /** XRGB8888: a still background, the frame's number as a bar code, and a box that moves with it. */
    SCREEN {
        @Override
        int pixel(int width, int height, long frame, long draws, int x, int y) {
            int cell = cellColour(width, height, draws, x, y);
            if (cell >= 0) {
                return cell;
            }
            if (y < CODE_CELL && x < CODE_BITS * CODE_CELL) {
                return (frame >>> (x / CODE_CELL) & 1) != 0 ? WHITE : 0;
            }
            int boxX = x - boxX(width, frame);
            int boxY = y - boxY(height, frame);
            if (boxX >= 0 && boxX < BOX && boxY >= 0 && boxY < BOX) {
                return 0xff_0000 | (int) (frame * 0x9e37 & 0xffff);
            }
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
    private static final int WHITE = 0xff_ffff;

    abstract int pixel(int width, int height, long frame, long draws, int x, int y);

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
