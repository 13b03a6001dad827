package io.vfio4j.display.pixels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A font of 5x7 pixels for the printable characters of ASCII, drawn in {@code glyphs.txt}: 16 beside each other, then an empty line. */
final class Glyphs {
    static final int WIDTH = 5;
    static final int HEIGHT = 7;

    private static final int FIRST = ' ';
    private static final int COUNT = 95;
    private static final int PER_BAND = 16;
    private static final List<String> LINES = lines();

    private Glyphs() {}

    private static List<String> lines() {
        try (InputStream resource = Glyphs.class.getResourceAsStream("glyphs.txt")) {
            if (resource == null) {
                throw new IOException("glyphs.txt is missing");
            }
            return new ArrayList<>(new String(resource.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a pixel of a character is set; what is not printable ASCII looks like a question mark. */
    static boolean isSet(char letter, int x, int y) {
        int index = letter - FIRST;
        int glyph = index >= 0 && index < COUNT ? index : '?' - FIRST;
        String line = LINES.get(glyph / PER_BAND * (HEIGHT + 1) + y);
        return line.charAt(glyph % PER_BAND * (WIDTH + 1) + x) == '#';
    }
}
