package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Move;
import io.vfio4j.frontend.Viewing;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Only what changed is painted, and then all is as if everything had been. */
class SurfaceTest {
    private ShownGuest shown;
    private Viewing viewing;
    private Surface surface;
    /** What was painted so far, and nothing cleared in between. */
    private BufferedImage panel;

    @BeforeEach
    void open() throws Exception {
        shown = new ShownGuest();
        viewing = shown.screen.view(CursorStyle.SEPARATE, () -> {});
        shown.guest.flip();
    }

    @AfterEach
    void close() {
        viewing.close();
        shown.close();
    }

    private void use(Scaling scaling, int width, int height) {
        surface = new Surface();
        surface.fit(scaling, width, height);
        panel = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    }

    private void paint(BufferedImage into, Rectangle part) {
        Graphics2D graphics = into.createGraphics();
        graphics.setClip(part);
        surface.paint(graphics);
        graphics.dispose();
    }

    private BufferedImage painted() {
        BufferedImage whole = new BufferedImage(panel.getWidth(), panel.getHeight(), BufferedImage.TYPE_INT_RGB);
        paint(whole, new Rectangle(whole.getWidth(), whole.getHeight()));
        return whole;
    }

    /** Takes what is new, paints what has to be, and returns it. */
    private List<Rectangle> look() {
        shown.settle();
        Optional<Look> look = viewing.look();
        if (look.isEmpty()) {
            return List.of();
        }
        Surface.Change change;
        try (Look seen = look.get()) {
            change = surface.take(seen);
        }
        List<Rectangle> parts = change instanceof Surface.Change.Parts some
                ? some.parts()
                : List.of(new Rectangle(panel.getWidth(), panel.getHeight()));
        parts.forEach(part -> paint(panel, part));
        return parts;
    }

    private static long area(List<Rectangle> parts) {
        return parts.stream().mapToLong(part -> (long) part.width * part.height).sum();
    }

    @Test
    void beforeThereIsAPictureAllIsBlack() {
        use(Scaling.FIT, 40, 30);
        Graphics2D graphics = panel.createGraphics();
        graphics.setColor(Color.RED);
        graphics.fillRect(0, 0, 40, 30);
        graphics.dispose();
        paint(panel, new Rectangle(40, 30));
        Pictures.assertSame(new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB), panel);
        assertTrue(surface.isEmpty());
    }

    @Test
    void flipsCursorsAndModesAreShownPixelForPixel() {
        use(Scaling.NONE, 400, 300);
        for (int i = 0; i < 12; i++) {
            look();
            Pictures.assertSame(Pictures.centred(shown.picture(), 400, 300), panel);
            shown.guest.flip();
            if (i == 2) {
                shown.guest.cursor();
            }
            if (i > 2) {
                // Not beyond the left or upper edge: GVT-g drops signs.
                shown.guest.moveCursor(31 * i, 23 * i - 60);
                shown.guest.cursor();
            }
            if (i % 4 == 3) {
                shown.guest.setMode(200 + 16 * i, 150 + i);
            }
        }
    }

    @Test
    void aWholeFactorMakesEachPixelABlock() {
        use(Scaling.INTEGER, 1000, 650);
        shown.guest.cursor();
        for (int i = 0; i < 6; i++) {
            shown.guest.moveCursor(60 * i, 40 * i);
            shown.guest.cursor();
            look();
            Pictures.assertSame(Pictures.centred(Pictures.enlarged(shown.picture(), 3), 1000, 650), panel);
            shown.guest.flip();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "FIT, 320, 200",
        "FIT, 640, 400",
        "FIT, 733, 411",
        "FIT, 250, 190",
        "FIT, 101, 97",
        "FIT, 33, 200",
        "INTEGER, 300, 190",
        "NONE, 200, 100"
    })
    void whatIsPaintedInPartsIsTheWhole(Scaling scaling, int width, int height) {
        use(scaling, width, height);
        long seed = 4711;
        Random random = new Random(seed);
        shown.guest.cursor();
        for (int i = 0; i < 25; i++) {
            switch (random.nextInt(4)) {
                case 0 -> shown.guest.flip();
                case 1 -> shown.guest.draw(1 + random.nextInt(30));
                case 2 -> {
                    shown.guest.moveCursor(random.nextInt(400) - 50, random.nextInt(300) - 50);
                    shown.guest.cursor();
                }
                default -> {
                    if (i == 12) {
                        shown.guest.setMode(300, 222);
                    }
                }
            }
            look();
            Optional<String> difference = Pictures.difference(painted(), panel, 0, 0);
            assertEquals(Optional.empty(), difference, "seed " + seed + ", step " + i);
        }
    }

    @Test
    void aMovingCursorCostsItsTwoPlaces() {
        use(Scaling.NONE, 320, 200);
        shown.guest.cursor();
        shown.guest.moveCursor(10, 10);
        shown.guest.cursor();
        look();
        shown.guest.moveCursor(200, 120);
        // The same image: only its place is another one.
        shown.guest.cursor();
        List<Rectangle> parts = look();
        assertEquals(2, parts.size(), parts.toString());
        assertTrue(parts.contains(new Rectangle(10, 10, 64, 64)), parts.toString());
        assertTrue(parts.contains(new Rectangle(200, 120, 64, 64)), parts.toString());
    }

    @Test
    void aCursorThatMovesALittleIsPaintedAtOnce() {
        use(Scaling.NONE, 320, 200);
        shown.guest.moveCursor(100, 50);
        shown.guest.cursor();
        look();
        shown.guest.moveCursor(150, 100);
        shown.guest.cursor();
        assertEquals(List.of(new Rectangle(100, 50, 114, 114)), look());
    }

    @Test
    void aCharacterCostsAFewTiles() {
        use(Scaling.FIT, 960, 600);
        look();
        shown.guest.draw();
        List<Rectangle> parts = look();
        assertFalse(parts.isEmpty());
        assertTrue(area(parts) <= 2 * 96 * 96, parts.toString());
    }

    @Test
    void nothingNewIsNothingToPaint() {
        use(Scaling.FIT, 320, 200);
        look();
        assertEquals(List.of(), look());
    }

    @Test
    void whatIsOutsideOfThePanelIsNotPainted() {
        use(Scaling.NONE, 100, 80);
        shown.guest.moveCursor(200, 120);
        shown.guest.cursor();
        look();
        shown.guest.moveCursor(240, 120);
        shown.guest.cursor();
        assertEquals(List.of(), look());
    }

    @Test
    void anotherSizeIsEverything() {
        use(Scaling.FIT, 320, 200);
        look();
        shown.guest.setMode(256, 128);
        shown.settle();
        try (Look look = viewing.look().orElseThrow()) {
            assertInstanceOf(Surface.Change.Everything.class, surface.take(look));
        }
        assertEquals(256, surface.pictureWidth());
        assertEquals(128, surface.pictureHeight());
    }

    @Test
    void theCursorIsDrawnAsTheScreenWouldDrawIt() {
        use(Scaling.NONE, 320, 200);
        try (Viewing drawn = shown.screen.view(CursorStyle.DRAWN, () -> {})) {
            Surface other = new Surface();
            other.fit(Scaling.NONE, 320, 200);
            shown.guest.moveCursor(-20, 150);
            shown.guest.cursor();
            look();
            try (Look look = drawn.look().orElseThrow()) {
                other.take(look);
            }
            BufferedImage expected = new BufferedImage(320, 200, BufferedImage.TYPE_INT_RGB);
            Graphics2D graphics = expected.createGraphics();
            other.paint(graphics);
            graphics.dispose();
            Pictures.assertSame(expected, panel);
            assertTrue(shown.guest.cursorVisible());
        }
    }

    @Test
    void aSmallPictureHasAllLinesOfTheLargeOne() {
        use(Scaling.FIT, 40, 25);
        look();
        // By eighths: the mean of 64 pixels each.
        BufferedImage large = shown.picture();
        for (int y = 0; y < 25; y++) {
            for (int x = 0; x < 40; x++) {
                for (int shift = 0; shift < 24; shift += 8) {
                    double sum = 0;
                    for (int i = 0; i < 64; i++) {
                        sum += large.getRGB(8 * x + i % 8, 8 * y + i / 8) >> shift & 0xff;
                    }
                    assertEquals(sum / 64, panel.getRGB(x, y) >> shift & 0xff, 2, x + "," + y);
                }
            }
        }
    }

    /** A look at a picture that nobody captured. */
    private record Drawn(Frame frame, List<io.vfio4j.display.pixels.Rectangle> changes, List<Move> moves)
            implements Look {
        @Override
        public Optional<String> absence() {
            return Optional.empty();
        }

        @Override
        public CursorLook cursor() {
            return CursorLook.HIDDEN;
        }

        @Override
        public long generation() {
            return 1;
        }

        @Override
        public OptionalLong noticedNanos() {
            return OptionalLong.empty();
        }

        @Override
        public void close() {}
    }

    @Test
    void whatMovedIsCopiedBeforeWhatChangedIsPainted() {
        use(Scaling.INTEGER, 200, 120);
        try (Frame first = new Frame();
                Frame second = new Frame()) {
            Placeholder.draw(first, 100, 60, "one two three");
            Placeholder.draw(second, 100, 60, "four");
            surface.take(new Drawn(first, List.of(), List.of()));
            Surface.Change change = surface.take(new Drawn(
                    second,
                    List.of(new io.vfio4j.display.pixels.Rectangle(0, 0, 100, 20)),
                    List.of(new Move(new io.vfio4j.display.pixels.Rectangle(5, 25, 80, 30), 10, 20))));
            assertEquals(
                    new Surface.Change.Parts(List.of(new Rectangle(10, 50, 160, 60), new Rectangle(0, 0, 200, 40))),
                    change);
            BufferedImage whole = painted();
            for (int y = 0; y < 60; y++) {
                for (int x = 0; x < 100; x++) {
                    boolean moved = x >= 5 && x < 85 && y >= 25 && y < 55;
                    int expected = y < 20 ? second.pixel(x, y) : moved ? first.pixel(x + 5, y - 5) : first.pixel(x, y);
                    assertEquals(expected & 0xff_ffff, whole.getRGB(2 * x, 2 * y) & 0xff_ffff, x + "," + y);
                }
            }
        }
    }
}
