package io.vfio4j.display.pixels;

import java.util.ArrayList;
import java.util.List;

/** Text, broken into lines that fit, in letters as large as is pleasant, in the middle of a picture. */
final class Caption {
    /** A letter and the gap behind it, or below it. */
    private static final int CELL_WIDTH = Glyphs.WIDTH + 1;

    private static final int CELL_HEIGHT = Glyphs.HEIGHT + 3;
    /** At a width of 640 pixels letters are two pixels thick. */
    private static final int PIXELS_PER_SCALE = 320;

    private final int width;
    private final int height;
    private final List<String> lines;
    private final int scale;

    Caption(int width, int height, String text) {
        this.width = width;
        this.height = height;
        int largest = Math.max(1, Math.min(width, height * 4 / 3) / PIXELS_PER_SCALE);
        int fitting = largest;
        while (fitting > 1 && !fits(wrap(text, columns(fitting)), fitting)) {
            fitting--;
        }
        this.scale = fitting;
        List<String> all = wrap(text, columns(scale));
        this.lines = all.subList(0, Math.min(all.size(), Math.max(0, height / (CELL_HEIGHT * scale))));
    }

    private int columns(int atScale) {
        // Half a letter's room at each side, where there is any.
        return Math.max(1, width / (CELL_WIDTH * atScale) - 1);
    }

    private boolean fits(List<String> wrapped, int atScale) {
        return wrapped.size() * CELL_HEIGHT * atScale <= height
                && wrapped.stream().allMatch(line -> line.length() <= columns(atScale));
    }

    /** At spaces where possible; words that are longer than a line are cut. */
    static List<String> wrap(String text, int columns) {
        List<String> lines = new ArrayList<>();
        for (String paragraph : text.strip().split("\\R")) {
            StringBuilder line = new StringBuilder();
            for (String word : paragraph.strip().split("\\s+")) {
                String rest = word;
                if (line.length() > 0 && line.length() + 1 + rest.length() > columns) {
                    lines.add(line.toString());
                    line.setLength(0);
                }
                while (rest.length() > columns) {
                    lines.add(rest.substring(0, columns));
                    rest = rest.substring(columns);
                }
                line.append(line.length() > 0 && !rest.isEmpty() ? " " : "").append(rest);
            }
            lines.add(line.toString());
        }
        return lines;
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    int scale() {
        return scale;
    }

    /** No letter has a pixel above it. */
    int top() {
        return Math.max(0, (height - lines.size() * CELL_HEIGHT * scale) / 2);
    }

    /** No letter has a pixel in it or below. */
    int bottom() {
        return Math.min(height, (height + lines.size() * CELL_HEIGHT * scale + 1) / 2);
    }

    /** No letter has a pixel left of it. */
    int left() {
        return Math.max(0, (width - longest() * CELL_WIDTH * scale) / 2);
    }

    /** No letter has a pixel in it or right of it. */
    int right() {
        return Math.min(width, (width + longest() * CELL_WIDTH * scale + 1) / 2);
    }

    private int longest() {
        return lines.stream().mapToInt(String::length).max().orElse(0);
    }

    /** Whether a pixel of the picture belongs to a letter. */
    boolean isSet(int x, int y) {
        int top = (height - lines.size() * CELL_HEIGHT * scale) / 2;
        int row = Math.floorDiv(y - top, CELL_HEIGHT * scale);
        if (row < 0 || row >= lines.size()) {
            return false;
        }
        String line = lines.get(row);
        int left = (width - line.length() * CELL_WIDTH * scale) / 2;
        int column = Math.floorDiv(x - left, CELL_WIDTH * scale);
        if (column < 0 || column >= line.length()) {
            return false;
        }
        int inX = (x - left) / scale % CELL_WIDTH;
        int inY = (y - top) / scale % CELL_HEIGHT;
        return inX < Glyphs.WIDTH && inY < Glyphs.HEIGHT && Glyphs.isSet(line.charAt(column), inX, inY);
    }
}
