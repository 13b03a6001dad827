package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.Damage;
import io.vfio4j.display.pixels.DamageHistory;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What was only moved is found, and what is said of it is exact. */
class MoveTest {
    private final MoveSearch search = new MoveSearch();

    private List<Move> found(int width, int height, int[] before, int[] after) {
        try (Frame older = new Frame();
                Frame newer = new Frame()) {
            Paintings painting = new Paintings(1, width, height);
            painting.pixels = before;
            painting.into(older);
            Damage damage = new Damage();
            damage.update(older);
            DamageHistory history = damage.history();
            history.take();
            painting.pixels = after;
            painting.into(newer);
            damage.update(newer);
            history.take();
            return search.find(older, newer, history.rectangles());
        }
    }

    private static long covered(List<Move> moves) {
        return moves.stream().mapToLong(move -> Areas.pixels(move.target())).sum();
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "-7, 3", "0, 13", "0, -13", "40, -25", "100, 61", "-130, 90", "280, 0", "16, 16"})
    void aWindowThatWasDraggedIsOneMove(int dx, int dy) {
        int width = 800;
        int height = 600;
        Paintings painting = new Paintings(7, 300, 200);
        int[] before = new int[width * height];
        int[] after = new int[width * height];
        for (int i = 0; i < before.length; i++) {
            before[i] = 0x2040_60;
            after[i] = 0x2040_60;
        }
        for (int y = 0; y < 200; y++) {
            System.arraycopy(painting.pixels, y * 300, before, (205 + y) * width + 211, 300);
            System.arraycopy(painting.pixels, y * 300, after, (205 + dy + y) * width + 211 + dx, 300);
        }
        List<Move> moves = found(width, height, before, after);
        assertEquals(1, moves.size());
        Rectangle target = moves.get(0).target();
        assertEquals(dx, target.x() - moves.get(0).sourceX());
        assertEquals(dy, target.y() - moves.get(0).sourceY());
        Rectangle window = new Rectangle(211 + dx, 205 + dy, 300, 200);
        assertEquals(Optional.of(window), Areas.common(target, window), "all of it is in the move: " + target);
    }

    @Test
    void textThatIsScrolledIsAMove() {
        Paintings painting = new Paintings(3, 640, 480);
        int[] before = painting.pixels;
        int[] after = before.clone();
        System.arraycopy(before, 640 * 48, after, 640 * 16, 640 * 416);
        List<Move> moves = found(640, 480, before, after);
        assertTrue(covered(moves) >= 640 * 380, moves::toString);
    }

    @Test
    void picturesThatHaveNothingInCommonHaveNoMoves() {
        Paintings one = new Paintings(4, 640, 480);
        Paintings other = new Paintings(5, 640, 480);
        assertEquals(List.of(), found(640, 480, one.pixels, other.pixels));
        int[] black = new int[640 * 480];
        int[] white = new int[640 * 480];
        java.util.Arrays.fill(white, 0xff_ffff);
        assertEquals(List.of(), found(640, 480, black, white));
    }

    @Test
    void aSmallMoveIsNotWorthIt() {
        Paintings painting = new Paintings(6, 320, 200);
        int[] after = painting.pixels.clone();
        for (int y = 0; y < 40; y++) {
            System.arraycopy(painting.pixels, (100 + y) * 320 + 50, after, (90 + y) * 320 + 60, 40);
        }
        assertEquals(List.of(), found(320, 200, painting.pixels, after));
    }

    /** Viewers who keep up, who miss pictures by chance, and who forget; of a lane that is read without any display. */
    @Test
    void movesAndThenChangesGiveThePictureAtEveryPace() {
        long seed = Long.getLong("io.vfio4j.seed", System.nanoTime());
        System.getLogger("test").log(System.Logger.Level.INFO, "seed " + seed);
        int rounds = Integer.getInteger("io.vfio4j.rounds", 12);
        int moved = 0;
        for (int round = 0; round < rounds; round++) {
            moved += play(seed + round);
        }
        assertTrue(moved > rounds, moved + " moves in " + rounds + " rounds of seed " + seed);
    }

    private int play(long seed) {
        Paintings painting =
                new Paintings(seed, 200 + Math.floorMod(seed * 37, 300), 180 + Math.floorMod(seed * 53, 200));
        int moves = 0;
        try (LiveScreen screen = LiveScreen.named("none", ScreenStage.DIRECT)) {
            Lane lane = new Lane(screen);
            List<Viewer> viewers = new ArrayList<>();
            for (int pace = 1; pace <= 4; pace++) {
                viewers.add(new Viewer(lane.join(() -> {}), pace));
            }
            for (int picture = 0; picture < 25; picture++) {
                switch (painting.number(0, 5)) {
                    case 0 -> painting.window();
                    case 1 -> {
                        painting.move(120);
                        painting.move(100);
                    }
                    default -> painting.move(130);
                }
                if (painting.number(0, 4) == 0) {
                    painting.pixels[painting.number(0, painting.pixels.length - 1)] ^= 0x010101;
                }
                Slot slot = lane.free().orElseThrow();
                painting.into(slot.frame);
                lane.publish(
                        new Lane.Showing(
                                slot, Optional.empty(), CursorLook.HIDDEN, OptionalLong.empty(), Optional.empty()),
                        this::step);
                for (Viewer viewer : viewers) {
                    if (painting.number(1, viewer.pace) == 1) {
                        moves += viewer.look(painting, seed);
                    }
                    if (painting.number(0, 40) == 0) {
                        viewer.viewing.forget();
                    }
                }
            }
        }
        return moves;
    }

    private Lane.Step step(Slot older, Slot newer, List<Rectangle> changes) {
        List<Move> moves = search.find(older.frame, newer.frame, changes);
        List<Rectangle> rest = changes;
        for (Move move : moves) {
            rest = Areas.without(rest, move.target());
        }
        return new Lane.Step(moves, rest);
    }

    private static final class Viewer {
        final Viewing viewing;
        final int pace;
        int[] copy = {};

        Viewer(Viewing viewing, int pace) {
            this.viewing = viewing;
            this.pace = pace;
        }

        int look(Paintings painting, long seed) {
            Optional<Look> taken = viewing.look();
            if (taken.isEmpty()) {
                return 0;
            }
            try (Look look = taken.get()) {
                int width = look.frame().width();
                if (copy.length != painting.pixels.length) {
                    copy = new int[painting.pixels.length];
                }
                for (Move move : look.moves()) {
                    int[] before = copy.clone();
                    Rectangle target = move.target();
                    for (int y = 0; y < target.height(); y++) {
                        System.arraycopy(
                                before,
                                (move.sourceY() + y) * width + move.sourceX(),
                                copy,
                                (target.y() + y) * width + target.x(),
                                target.width());
                    }
                    for (Rectangle area : look.changes()) {
                        assertEquals(Optional.empty(), Areas.common(area, target), "seed " + seed);
                    }
                }
                for (Rectangle area : look.changes()) {
                    for (int y = area.y(); y < area.y() + area.height(); y++) {
                        int at = y * width + area.x();
                        System.arraycopy(painting.pixels, at, copy, at, area.width());
                    }
                }
                for (int i = 0; i < copy.length; i++) {
                    if (copy[i] != painting.pixels[i]) {
                        throw new AssertionError("seed " + seed + ": " + i % width + "," + i / width + " of picture "
                                + look.generation() + "; moves " + look.moves() + ", changes " + look.changes());
                    }
                }
                return look.moves().size();
            }
        }
    }
}
