package io.vfio4j.display.pixels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one consumer has seen of the changes that {@link Damage} found. {@link #take} first, then read the pixels: those of the frame that
 * was updated last, or of a later one. What changes after {@code take} is reported the next time.
 *
 * <p>The rectangles are made of whole tiles of 32x32 pixels, cut at the right and the lower edge, merged greedily into few. They do not
 * overlap, and cover exactly the tiles that changed in some update since, if possibly back again.
 *
 * <p>For one thread at a time, which need not be that of {@link Damage#update}. Once warm, only {@link #rectangles} allocates.
 */
public final class DamageHistory {
    private final Damage damage;
    private long seen;
    private int width;
    private int height;
    private int columns;
    private int rows;
    /** Tiles that changed and are in no rectangle yet. */
    private boolean[] tiles = {};
    /** Four numbers for each: x, y, width, height. */
    private int[] rectangles = new int[64];

    private int count;

    DamageHistory(Damage damage) {
        this.damage = damage;
    }

    /**
     * Takes what changed since the last call, at the first one everything. After a change of size everything has changed.
     *
     * @return how many rectangles there are now, 0 if nothing changed
     */
    public int take() {
        count = 0;
        damage.report(this);
        return count;
    }

    /** Forgets what was seen: next time everything is reported, as for a consumer who lost his picture. */
    public void forget() {
        seen = 0;
    }

    /**
     * How many rectangles the last {@link #take} found.
     *
     * @return 0 if nothing changed
     */
    public int count() {
        return count;
    }

    /**
     * The left edge of a rectangle.
     *
     * @param index 0 to {@code count() - 1}
     * @return in pixels
     */
    public int x(int index) {
        return value(index, 0);
    }

    /**
     * The upper edge of a rectangle.
     *
     * @param index 0 to {@code count() - 1}
     * @return in pixels
     */
    public int y(int index) {
        return value(index, 1);
    }

    /**
     * The width of a rectangle.
     *
     * @param index 0 to {@code count() - 1}
     * @return in pixels
     */
    public int width(int index) {
        return value(index, 2);
    }

    /**
     * The height of a rectangle.
     *
     * @param index 0 to {@code count() - 1}
     * @return in pixels
     */
    public int height(int index) {
        return value(index, 3);
    }

    /**
     * The rectangles that the last {@link #take} found.
     *
     * @return a new list
     */
    public List<Rectangle> rectangles() {
        List<Rectangle> list = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            list.add(new Rectangle(x(i), y(i), width(i), height(i)));
        }
        return List.copyOf(list);
    }

    private int value(int index, int field) {
        if (index < 0 || index >= count) {
            throw new IndexOutOfBoundsException("rectangle " + index + " of " + count);
        }
        return rectangles[4 * index + field];
    }

    long seen() {
        return seen;
    }

    void nothingChanged(long update) {
        seen = update;
    }

    /** What changed after the update that was seen: called by the tracker, whose numbers may not be kept. */
    void changed(long update, int width, int height, int columns, long[] changes) {
        this.width = width;
        this.height = height;
        this.columns = columns;
        rows = changes.length / columns;
        if (tiles.length < changes.length) {
            tiles = new boolean[changes.length];
        }
        for (int i = 0; i < changes.length; i++) {
            tiles[i] = changes[i] > seen;
        }
        seen = update;
        merge();
    }

    private void merge() {
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                if (tiles[row * columns + column]) {
                    addFrom(column, row);
                }
            }
        }
    }

    /** Of the two rectangles that grow from a tile, first to the right or first downwards, takes the larger one. */
    private void addFrom(int column, int row) {
        int wide = 1;
        while (column + wide < columns && tiles[row * columns + column + wide]) {
            wide++;
        }
        int high = 1;
        while (row + high < rows && tiles[(row + high) * columns + column]) {
            high++;
        }
        int rowsOfWide = 1;
        while (rowsOfWide < high && lineChanged(column, row + rowsOfWide, wide)) {
            rowsOfWide++;
        }
        int columnsOfHigh = 1;
        while (columnsOfHigh < wide && columnChanged(column + columnsOfHigh, row, high)) {
            columnsOfHigh++;
        }
        if (wide * rowsOfWide >= high * columnsOfHigh) {
            add(column, row, wide, rowsOfWide);
        } else {
            add(column, row, columnsOfHigh, high);
        }
    }

    private boolean lineChanged(int column, int row, int wide) {
        for (int i = 0; i < wide; i++) {
            if (!tiles[row * columns + column + i]) {
                return false;
            }
        }
        return true;
    }

    private boolean columnChanged(int column, int row, int high) {
        for (int i = 0; i < high; i++) {
            if (!tiles[(row + i) * columns + column]) {
                return false;
            }
        }
        return true;
    }

    private void add(int column, int row, int wide, int high) {
        for (int y = row; y < row + high; y++) {
            for (int x = column; x < column + wide; x++) {
                tiles[y * columns + x] = false;
            }
        }
        if (rectangles.length < 4 * (count + 1)) {
            rectangles = Arrays.copyOf(rectangles, rectangles.length * 2);
        }
        int at = 4 * count++;
        int x = column * Damage.TILE;
        int y = row * Damage.TILE;
        rectangles[at] = x;
        rectangles[at + 1] = y;
        rectangles[at + 2] = Math.min(width - x, wide * Damage.TILE);
        rectangles[at + 3] = Math.min(height - y, high * Damage.TILE);
    }
}
