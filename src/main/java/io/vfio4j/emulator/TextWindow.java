package io.vfio4j.emulator;

import java.util.Arrays;

/**
 * A window with text, a third of the screen wide and high, that goes to and fro over the desktop; its contents go with it.
 *
 * @param x its left edge on the screen
 * @param y its upper edge
 * @param width in pixels, with its frame
 * @param height in pixels, with its frame
 */
record TextWindow(int x, int y, int width, int height) {
    private static final int STEP_X = 6;
    private static final int STEP_Y = 4;
    private static final int EDGE = 2;
    private static final int TITLE = 24;
    private static final int GLYPH_WIDTH = 8;
    private static final int GLYPH_HEIGHT = 16;
    private static final int HEADING_EVERY = 8;

    private static final int EDGE_COLOUR = 0x40_4850;
    private static final int PAPER = 0xfa_fafa;
    private static final int INK = 0x20_2020;
    private static final int HEADING = 0x10_40a0;

    static TextWindow at(int screenWidth, int screenHeight, long frame) {
        int width = screenWidth / 3;
        int height = screenHeight / 3;
        return new TextWindow(
                toAndFro(frame * STEP_X, screenWidth - width),
                toAndFro(frame * STEP_Y, screenHeight - height),
                width,
                height);
    }

    private static int toAndFro(long way, int span) {
        int place = (int) (way % (2L * span));
        return place < span ? place : 2 * span - place;
    }

    boolean covers(int atX, int atY) {
        return atX >= x && atX < x + width && atY >= y && atY < y + height;
    }

    int pixel(int atX, int atY) {
        int column = atX - x;
        int line = atY - y;
        if (isEdge(column, line)) {
            return EDGE_COLOUR;
        }
        if (line < TITLE) {
            return title(line);
        }
        int glyphLine = (line - TITLE) / GLYPH_HEIGHT;
        int glyph = glyph((column - EDGE) / GLYPH_WIDTH, glyphLine);
        int bits = bits(glyph, (line - TITLE) % GLYPH_HEIGHT);
        return (bits >>> (column - EDGE) % GLYPH_WIDTH & 1) != 0 ? ink(glyphLine) : PAPER;
    }

    /** Draws what it covers of a part of a line; letter by letter, as this is done for every frame. */
    void row(int left, int atY, int count, int[] colours) {
        int line = atY - y;
        int from = Math.max(left, x);
        int to = Math.min(left + count, x + width);
        if (line < 0 || line >= height || from >= to) {
            return;
        }
        if (isEdge(EDGE, line)) {
            Arrays.fill(colours, from - left, to - left, EDGE_COLOUR);
            return;
        }
        Arrays.fill(colours, from - left, to - left, line < TITLE ? title(line) : PAPER);
        for (int i = 0; i < EDGE; i++) {
            put(x + i, from, to, left, colours, EDGE_COLOUR);
            put(x + width - 1 - i, from, to, left, colours, EDGE_COLOUR);
        }
        if (line >= TITLE) {
            text(line - TITLE, from, to, left, colours);
        }
    }

    private void text(int line, int from, int to, int left, int[] colours) {
        int ink = ink(line / GLYPH_HEIGHT);
        int begin = Math.max(from, x + EDGE);
        int end = Math.min(to, x + width - EDGE);
        for (int column = (begin - x - EDGE) / GLYPH_WIDTH; x + EDGE + column * GLYPH_WIDTH < end; column++) {
            int bits = bits(glyph(column, line / GLYPH_HEIGHT), line % GLYPH_HEIGHT);
            for (int at = x + EDGE + column * GLYPH_WIDTH; bits != 0; at++, bits >>>= 1) {
                if ((bits & 1) != 0) {
                    put(at, begin, end, left, colours, ink);
                }
            }
        }
    }

    private static void put(int at, int from, int to, int left, int[] colours, int colour) {
        if (at >= from && at < to) {
            colours[at - left] = colour;
        }
    }

    /** What shows of the desktop when another window stands where this one stood. */
    void uncoveredBy(TextWindow now, Picture.Dirty dirty) {
        int dx = now.x - x;
        int dy = now.y - y;
        if (Math.abs(dx) >= width || Math.abs(dy) >= height) {
            dirty.rectangle(x, y, width, height);
            return;
        }
        if (dx != 0) {
            dirty.rectangle(dx > 0 ? x : now.x + width, y, Math.abs(dx), height);
        }
        if (dy != 0) {
            dirty.rectangle(x, dy > 0 ? y : now.y + height, width, Math.abs(dy));
        }
    }

    private boolean isEdge(int column, int line) {
        return column < EDGE || column >= width - EDGE || line < EDGE || line >= height - EDGE;
    }

    private static int title(int line) {
        return 0x30_60a0 + line * 0x02_0202;
    }

    private static int ink(int glyphLine) {
        return glyphLine % HEADING_EVERY == 0 ? HEADING : INK;
    }

    /** No letter of any script, but as dense; 0 for a space. */
    private static int glyph(int column, int line) {
        int mixed = (column + 1) * 0x9e37_79b1 ^ (line + 1) * 0x85eb_ca77;
        mixed = (mixed ^ mixed >>> 15) * 0x2c1b_3c6d;
        mixed ^= mixed >>> 12;
        return mixed >>> 28 < 3 ? 0 : mixed;
    }

    /** A line of a glyph, its leftmost pixel lowest. */
    private static int bits(int glyph, int line) {
        return line < 3 || line > 12 ? 0 : glyph >>> line * 2 & 0x7e;
    }
}
