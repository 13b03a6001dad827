package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.vfio.PlaneType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The cursor: its image, and where it is, as far as that can be known. */
class CursorTest {

    @Test
    void imageAndPositionAreTheGuests() throws Exception {
        for (VgpuProfile profile : List.of(ScreenTest.MAPPABLE, ScreenTest.UNMAPPABLE)) {
            try (Scene scene = new Scene(profile);
                    Cursor cursor = new Cursor()) {
                assertFalse(scene.screen.cursor(cursor));
                assertFalse(cursor.isVisible());
                assertEquals("hidden", cursor.toString());
                scene.guest().cursorHotspot(3, 5);
                scene.guest().cursor();
                scene.guest().moveCursor(100, 90);
                for (int size : new int[] {64, 128, 64}) {
                    scene.guest().cursorSize(size);
                    assertTrue(scene.screen.cursor(cursor));
                    assertTrue(cursor.isVisible());
                    assertEquals(100, cursor.x());
                    assertEquals(90, cursor.y());
                    assertEquals(OptionalInt.of(3), cursor.hotX());
                    assertEquals(OptionalInt.of(5), cursor.hotY());
                    assertEquals(PositionCertainty.EXACT, cursor.certainty());
                    assertEquals(size, cursor.image().width());
                    assertEquals(size, cursor.image().height());
                    for (int y = 0; y < size; y++) {
                        for (int x = 0; x < size; x++) {
                            assertEquals(
                                    scene.guest().cursorPixel(x, y),
                                    cursor.image().pixel(x, y),
                                    x + "," + y);
                        }
                    }
                }
                int before = cursor.image().pixel(32, 32);
                scene.guest().hideCursor();
                assertFalse(scene.screen.cursor(cursor));
                assertFalse(cursor.isVisible());
                assertEquals(before, cursor.image().pixel(32, 32));
                assertEquals(Optional.empty(), scene.screen.cursor());
            }
        }
    }

    @Test
    void itIsDrawnOverAFrame() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE);
                Frame frame = new Frame();
                Cursor cursor = new Cursor()) {
            scene.screen.capture(frame);
            frame.drawCursor(cursor);
            ScreenTest.assertShows(scene.guest(), frame);
            scene.guest().cursorHotspot(20, 20);
            scene.guest().cursor();
            scene.guest().moveCursor(290, 180);
            scene.screen.cursor(cursor);
            frame.drawCursor(cursor);
            assertEquals(scene.guest().cursorPixel(20, 15) & 0xff_ffff, frame.pixel(310, 195) & 0xff_ffff);
            assertEquals(scene.guest().pixel(291, 181), frame.pixel(291, 181) & 0xff_ffff, "transparent there");
        }
    }

    @Test
    void aCursorOverTheEdgeIsReportedInsideOfItAndFoundOutWhereThatIsPossible() throws Exception {
        try (Scene scene = new Scene(ScreenTest.MAPPABLE);
                Cursor cursor = new Cursor()) {
            scene.guest().cursor();
            scene.guest().moveCursor(-10, 50);
            scene.screen.cursor(cursor);
            assertEquals(10, cursor.x());
            assertEquals(PositionCertainty.MIRROR_POSSIBLE, cursor.certainty());
            assertEquals(OptionalInt.empty(), cursor.hotX());
            scene.guest().cursorHotspot(0, 0);
            scene.guest().cursor();
            scene.guest().moveCursor(10, 50);
            scene.screen.cursor(cursor);
            assertEquals(10, cursor.x());
            assertEquals(PositionCertainty.EXACT, cursor.certainty());
        }
    }

    /** Said, hotspot, cursor, screen: what it is, and whether that is certain. */
    @ParameterizedTest
    @CsvSource({
        "0, -1, 64, 320, 0, true",
        "63, -1, 64, 320, 63, false",
        "64, -1, 64, 320, 64, true",
        "1, -1, 64, 320, 1, false",
        "5, 0, 64, 320, 5, true",
        "5, 4, 64, 320, 5, true",
        "5, 5, 64, 320, 5, false",
        "5, 63, 64, 320, 5, false",
        // A hotspot that is not in the image is none.
        "63, 64, 64, 320, 63, false",
        // So far right the pointer would be off the screen.
        "40, 40, 64, 70, -40, true",
        "40, 41, 64, 70, -40, true",
        "60, -1, 64, 50, -60, true",
        "60, -1, 64, 0, 60, false",
    })
    void theSignIsKnownWhereOnlyOneKeepsThePointerOnTheScreen(
            int said, int hot, int extent, int screen, int position, boolean exact) {
        CursorPosition found = CursorPosition.of(said, hot, extent, screen, true);
        assertEquals(position, found.position());
        assertEquals(exact, found.exact());
        CursorPosition signed = CursorPosition.of(-said, hot, extent, screen, false);
        assertEquals(-said, signed.position());
        assertTrue(signed.exact());
        assertEquals(hot >= 0 && hot < extent, signed.hotspot().isPresent());
    }

    @Test
    void aDriverThatAnswersWithTheScreenHasNoCursor() throws Exception {
        // As mdpy and mbochs, which do not look at the type of the plane.
        try (Scene scene = new Scene(ScreenTest.REGION)) {
            assertEquals(Optional.empty(), scene.screen.cursor());
            assertEquals(Optional.empty(), scene.screen.plane(PlaneType.CURSOR));
        }
    }
}
