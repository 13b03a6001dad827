package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds what was only moved between two pictures: a window that was dragged, text that was scrolled, by any distance.
 *
 * <p>Of the older picture short runs of pixels on a grid are remembered, where it changed. Wherever something moved to, each cell of the
 * size of the grid holds the beginning of one such run; so a few cells of the newer picture are searched for them, and what is found
 * votes for a distance. Only where some agree are pixels compared: all that are claimed to have moved. So a picture that has nothing in
 * common with the one before costs a sixteenth of looking at it.
 *
 * <p>For one thread at a time. Allocates nothing where nothing has moved, once it is warm.
 */
final class MoveSearch {
    private static final int TILE = 32;
    /** How long a run is, and how far apart. */
    private static final int GRID = 16;
    /** As many changed tiles as make searching worth it, and as a move has to save. */
    private static final int LEAST_TILES = 12;
    /** How many cells are searched at most. */
    private static final int MOST_CELLS = 96;
    /** How many runs have to agree. */
    private static final int LEAST_VOTES = 3;

    private static final int MOST_MOVES = 3;
    private static final int DISTANCES = 64;

    private static final int TABLE = 1 << 14;
    private static final int FACTOR = 0x01000193;
    /** {@link #FACTOR} to the power of GRID: what the pixel that leaves a run has been multiplied with. */
    private static final int LEAVING = power(FACTOR, GRID);

    /** Open addressing by hash: where in the old picture a run is, plus 1; 0 for none, negative for more than one. */
    private final int[] places = new int[TABLE];

    private final int[] hashes = new int[TABLE];
    private int held;

    private final int[] distanceX = new int[DISTANCES];
    private final int[] distanceY = new int[DISTANCES];
    private final int[] votes = new int[DISTANCES];
    private int distances;

    private boolean[] changed = {};
    private boolean[] fits = {};
    private int[] heights = {};
    private int[] sums = {};
    /** The tiles around all that changed. Those between, such as the plain inside of a window, may hold a move together. */
    private int leftmost;

    private int rightmost;
    private int top;
    private int bottom;
    private int columns;
    private int rows;
    private int width;
    private int height;
    private IntBuffer before = IntBuffer.allocate(0);
    private IntBuffer now = before;
    private ByteBuffer beforeSpan = ByteBuffer.allocate(0);
    private ByteBuffer nowSpan = beforeSpan;

    private static int power(int base, int exponent) {
        int result = 1;
        for (int i = 0; i < exponent; i++) {
            result *= base;
        }
        return result;
    }

    /**
     * Searches.
     *
     * @param older the picture before
     * @param newer of the same size
     * @param changes made of whole tiles, cut at the edges: what differs between them
     * @return the moves, to be made one after the other; each is exact
     */
    List<Move> find(Frame older, Frame newer, List<Rectangle> changes) {
        width = newer.width();
        height = newer.height();
        if (older.width() != width || older.height() != height || mark(changes) < LEAST_TILES) {
            return List.of();
        }
        before = older.pixels();
        now = newer.pixels();
        remember(changes);
        if (held == 0) {
            return List.of();
        }
        vote(changes);
        int best = best();
        if (best < 0) {
            return List.of();
        }
        beforeSpan = older.bytes().duplicate();
        nowSpan = newer.bytes().duplicate();
        return moves(distanceX[best], distanceY[best]);
    }

    /** Returns how many tiles changed. */
    private int mark(List<Rectangle> changes) {
        columns = (width + TILE - 1) / TILE;
        rows = (height + TILE - 1) / TILE;
        if (changed.length < columns * rows) {
            changed = new boolean[columns * rows];
            fits = new boolean[columns * rows];
        } else {
            Arrays.fill(changed, 0, columns * rows, false);
        }
        if (heights.length < columns) {
            heights = new int[columns];
        }
        int count = 0;
        leftmost = columns;
        rightmost = -1;
        top = rows;
        bottom = -1;
        for (Rectangle area : changes) {
            leftmost = Math.min(leftmost, area.x() / TILE);
            rightmost = Math.max(rightmost, (area.x() + area.width() - 1) / TILE);
            top = Math.min(top, area.y() / TILE);
            bottom = Math.max(bottom, (area.y() + area.height() - 1) / TILE);
            for (int y = area.y() / TILE; y * TILE < area.y() + area.height(); y++) {
                for (int x = area.x() / TILE; x * TILE < area.x() + area.width(); x++) {
                    changed[y * columns + x] = true;
                    count++;
                }
            }
        }
        return count;
    }

    private void remember(List<Rectangle> changes) {
        Arrays.fill(places, 0);
        held = 0;
        for (Rectangle area : changes) {
            for (int y = area.y(); y < area.y() + area.height(); y += GRID) {
                for (int x = area.x(); x + GRID <= area.x() + area.width(); x += GRID) {
                    int at = y * width + x;
                    if (isTextured(before, at)) {
                        put(hash(before, at), at);
                    }
                }
            }
        }
    }

    /** Three colours at least: plain ground, and a single edge of it, are everywhere. */
    private static boolean isTextured(IntBuffer pixels, int at) {
        int first = pixels.get(at);
        int second = first;
        for (int i = 1; i < GRID; i++) {
            int pixel = pixels.get(at + i);
            if (pixel != first && pixel != second) {
                if (second != first) {
                    return true;
                }
                second = pixel;
            }
        }
        return false;
    }

    private static int hash(IntBuffer pixels, int at) {
        int hash = 0;
        for (int i = 0; i < GRID; i++) {
            hash = hash * FACTOR + pixels.get(at + i);
        }
        return hash;
    }

    private static int slot(int hash) {
        return (hash * 0x9e3779b1) >>> Integer.SIZE - 14;
    }

    private void put(int hash, int at) {
        if (held > TABLE / 2) {
            return;
        }
        int slot = slot(hash);
        while (places[slot] != 0) {
            if (hashes[slot] == hash) {
                places[slot] = -1;
                return;
            }
            slot = slot + 1 & TABLE - 1;
        }
        hashes[slot] = hash;
        places[slot] = at + 1;
        held++;
    }

    /** Where a run was, or -1. */
    private int find(int hash) {
        int slot = slot(hash);
        while (places[slot] != 0) {
            if (hashes[slot] == hash) {
                return places[slot] < 0 ? -1 : places[slot] - 1;
            }
            slot = slot + 1 & TABLE - 1;
        }
        return -1;
    }

    /** Searches cells that are spread over what changed. */
    private void vote(List<Rectangle> changes) {
        distances = 0;
        long all = 0;
        for (Rectangle area : changes) {
            all += cells(area);
        }
        long step = Math.max(1, all / MOST_CELLS);
        // Odd, so that one column of cells is not searched over and over.
        step |= all > MOST_CELLS ? 1 : 0;
        long next = step / 2;
        long passed = 0;
        for (Rectangle area : changes) {
            long here = cells(area);
            for (; next < passed + here; next += step) {
                int inArea = (int) (next - passed);
                int across = area.width() / GRID;
                search(area.x() + inArea % across * GRID, area.y() + inArea / across * GRID);
            }
            passed += here;
        }
    }

    private static long cells(Rectangle area) {
        return (long) (area.width() / GRID) * (area.height() / GRID);
    }

    /** All runs that begin in a cell. */
    private void search(int left, int top) {
        int last = Math.min(left + GRID, width - GRID + 1);
        for (int y = top; y < top + GRID; y++) {
            int at = y * width + left;
            if (last <= left) {
                return;
            }
            int hash = hash(now, at);
            for (int x = left; x < last; x++, at++) {
                int was = find(hash);
                if (was >= 0 && was != at && isSame(was, at)) {
                    vote(x - was % width, y - was / width);
                }
                if (x + 1 < last) {
                    hash = hash * FACTOR + now.get(at + GRID) - now.get(at) * LEAVING;
                }
            }
        }
    }

    private boolean isSame(int was, int at) {
        for (int i = 0; i < GRID; i++) {
            if (before.get(was + i) != now.get(at + i)) {
                return false;
            }
        }
        return true;
    }

    private void vote(int dx, int dy) {
        for (int i = 0; i < distances; i++) {
            if (distanceX[i] == dx && distanceY[i] == dy) {
                votes[i]++;
                return;
            }
        }
        if (distances < DISTANCES) {
            distanceX[distances] = dx;
            distanceY[distances] = dy;
            votes[distances++] = 1;
        }
    }

    private int best() {
        int best = -1;
        for (int i = 0; i < distances; i++) {
            if (votes[i] >= LEAST_VOTES && (best < 0 || votes[i] > votes[best])) {
                best = i;
            }
        }
        return best;
    }

    private List<Move> moves(int dx, int dy) {
        compareTiles(dx, dy);
        sum();
        List<Move> moves = new ArrayList<>(MOST_MOVES);
        while (moves.size() < MOST_MOVES) {
            Optional<Rectangle> largest = takeLargest();
            if (largest.isEmpty()) {
                break;
            }
            Rectangle target = extend(largest.get(), dx, dy);
            Move move = new Move(target, target.x() - dx, target.y() - dy);
            if (moves.stream().allMatch(earlier -> canFollow(earlier, move))) {
                moves.add(move);
            }
        }
        return List.copyOf(moves);
    }

    /** Whether the later move finds its source as it was, and leaves the target alone. */
    private static boolean canFollow(Move earlier, Move later) {
        Rectangle target = later.target();
        Rectangle source = new Rectangle(later.sourceX(), later.sourceY(), target.width(), target.height());
        return Areas.common(earlier.target(), source).isEmpty()
                && Areas.common(earlier.target(), target).isEmpty();
    }

    /** Finds the tiles of the new picture whose pixels are all where the distance says. */
    private void compareTiles(int dx, int dy) {
        Arrays.fill(fits, 0, columns * rows, false);
        for (int row = top; row <= bottom; row++) {
            int start = row * columns;
            int lower = Math.min(height, (row + 1) * TILE);
            for (int column = leftmost; column <= rightmost; column++) {
                int left = column * TILE;
                int right = Math.min(width, left + TILE);
                fits[start + column] =
                        left - dx >= 0 && right - dx <= width && row * TILE - dy >= 0 && lower - dy <= height;
            }
            for (int y = row * TILE; y < lower && compareLine(start, y, dx, dy); y++) {
                // Each line takes out the tiles that do not fit.
            }
        }
    }

    /** Returns whether a tile is left that fits. */
    private boolean compareLine(int start, int y, int dx, int dy) {
        boolean any = false;
        int column = 0;
        while (column < columns) {
            if (!fits[start + column]) {
                column++;
                continue;
            }
            int end = column + 1;
            while (end < columns && fits[start + end]) {
                end++;
            }
            int right = Math.min(width, end * TILE);
            int difference = mismatch(column * TILE, right, y, dx, dy);
            if (difference == right) {
                any = true;
                column = end;
            } else {
                any |= difference / TILE > column;
                fits[start + difference / TILE] = false;
                column = difference / TILE + 1;
            }
        }
        return any;
    }

    /** The first column of a line from left to right whose pixel is not where the distance says. */
    private int mismatch(int left, int right, int y, int dx, int dy) {
        int at = (y * width + left) * Integer.BYTES;
        int from = ((y - dy) * width + left - dx) * Integer.BYTES;
        int bytes = (right - left) * Integer.BYTES;
        nowSpan.limit(at + bytes).position(at);
        beforeSpan.limit(from + bytes).position(from);
        int difference = nowSpan.mismatch(beforeSpan);
        return difference < 0 ? right : left + difference / Integer.BYTES;
    }

    /** The rectangle of tiles that fit with the most changed ones in it; it is taken out. */
    private Optional<Rectangle> takeLargest() {
        int most = LEAST_TILES - 1;
        int bestLeft = 0;
        int bestRight = -1;
        int bestTop = 0;
        int bestBottom = -1;
        Arrays.fill(heights, 0, columns, 0);
        for (int row = top; row <= bottom; row++) {
            for (int column = leftmost; column <= rightmost; column++) {
                heights[column] = fits[row * columns + column] ? heights[column] + 1 : 0;
            }
            for (int left = leftmost; left <= rightmost; left++) {
                int high = heights[left];
                if (left > leftmost && heights[left - 1] >= high) {
                    // Whatever begins here can begin further left.
                    continue;
                }
                for (int right = left; right <= rightmost && heights[right] > 0; right++) {
                    high = Math.min(high, heights[right]);
                    int saved = changedWithin(left, right, row - high + 1, row);
                    if (saved > most) {
                        most = saved;
                        bestLeft = left;
                        bestRight = right;
                        bestTop = row - high + 1;
                        bestBottom = row;
                    }
                }
            }
        }
        if (bestRight < bestLeft) {
            return Optional.empty();
        }
        for (int row = bestTop; row <= bestBottom; row++) {
            Arrays.fill(fits, row * columns + bestLeft, row * columns + bestRight + 1, false);
        }
        int x = bestLeft * TILE;
        int y = bestTop * TILE;
        return Optional.of(new Rectangle(
                x, y, Math.min(width, (bestRight + 1) * TILE) - x, Math.min(height, (bestBottom + 1) * TILE) - y));
    }

    /** How many tiles changed above and left of each. */
    private void sum() {
        int line = columns + 1;
        if (sums.length < line * (rows + 1)) {
            sums = new int[line * (rows + 1)];
        }
        Arrays.fill(sums, 0, line, 0);
        for (int row = 0; row < rows; row++) {
            int inRow = 0;
            sums[(row + 1) * line] = 0;
            for (int column = 0; column < columns; column++) {
                inRow += changed[row * columns + column] ? 1 : 0;
                sums[(row + 1) * line + column + 1] = sums[row * line + column + 1] + inRow;
            }
        }
    }

    private int changedWithin(int left, int right, int upper, int lower) {
        int line = columns + 1;
        return sums[(lower + 1) * line + right + 1]
                - sums[upper * line + right + 1]
                - sums[(lower + 1) * line + left]
                + sums[upper * line + left];
    }

    /** Moves the edges outwards as far as the pixels fit, at most through the next tile. */
    private Rectangle extend(Rectangle tiles, int dx, int dy) {
        int x = tiles.x();
        int right = x + tiles.width();
        int y = tiles.y();
        int under = y + tiles.height();
        int highest = Math.max(Math.max(0, dy), y - TILE);
        while (y > highest && mismatch(x, right, y - 1, dx, dy) == right) {
            y--;
        }
        int lowest = Math.min(Math.min(height, height + dy), under + TILE);
        while (under < lowest && mismatch(x, right, under, dx, dy) == right) {
            under++;
        }
        int furthestLeft = Math.max(Math.max(0, dx), x - TILE);
        while (x > furthestLeft && columnFits(x - 1, y, under, dx, dy)) {
            x--;
        }
        int furthestRight = Math.min(Math.min(width, width + dx), right + TILE);
        while (right < furthestRight && columnFits(right, y, under, dx, dy)) {
            right++;
        }
        return new Rectangle(x, y, right - x, under - y);
    }

    private boolean columnFits(int x, int top, int bottom, int dx, int dy) {
        for (int y = top; y < bottom; y++) {
            if (now.get(y * width + x) != before.get((y - dy) * width + x - dx)) {
                return false;
            }
        }
        return true;
    }
}
