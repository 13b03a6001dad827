package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The text of a placeholder. */
class CaptionTest {
    private static String drawn(Caption caption, int width, int height) {
        StringBuilder picture = new StringBuilder();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.append(caption.isSet(x, y) ? '#' : '.');
            }
            picture.append('\n');
        }
        return picture.toString();
    }

    @Test
    void twoLettersStandInTheMiddle() {
        String picture = drawn(new Caption(20, 14, "Hi"), 20, 14);
        assertEquals("""
                ....................
                ....................
                ....#...#...#.......
                ....#...#...........
                ....#...#..##.......
                ....#####...#.......
                ....#...#...#.......
                ....#...#...#.......
                ....#...#..###......
                ....................
                ....................
                ....................
                ....................
                ....................
                """, picture);
    }

    @Test
    void everyPrintableCharacterLooksDifferent() {
        Map<String, Character> seen = new HashMap<>();
        for (char letter = ' '; letter <= '~'; letter++) {
            String shape = drawn(new Caption(30, 10, "." + letter + "."), 30, 10);
            Character same = seen.put(shape, letter);
            assertNull(same);
        }
        assertEquals(95, seen.size());
    }

    @Test
    void whatIsNotPrintableIsAQuestionMark() {
        String asked = drawn(new Caption(40, 10, "a?b"), 40, 10);
        assertEquals(asked, drawn(new Caption(40, 10, "a\u00e4b"), 40, 10));
        assertEquals(asked, drawn(new Caption(40, 10, "a\u0007b"), 40, 10));
        assertNotEquals(asked, drawn(new Caption(40, 10, "a!b"), 40, 10));
    }

    @Test
    void linesBreakAtSpaces() {
        assertEquals(
                List.of("guest has not", "initialized", "the display"),
                Caption.wrap("guest has not initialized the display", 13));
        assertEquals(List.of("one"), Caption.wrap("  one  ", 10));
        assertEquals(List.of("a b"), Caption.wrap("a  b", 3));
        assertEquals(List.of("a", "b"), Caption.wrap("a  b", 2));
        assertEquals(List.of("first", "second line"), Caption.wrap("first\nsecond line", 20));
        assertEquals(List.of("first", "", "third"), Caption.wrap("first\n\nthird", 20));
        assertEquals(List.of(""), Caption.wrap("", 20));
    }

    @Test
    void longWordsAreCut() {
        assertEquals(List.of("abcde", "fghij", "kl"), Caption.wrap("abcdefghij kl", 5));
        assertEquals(List.of("x", "abcde", "f y"), Caption.wrap("x abcdef y", 5));
    }

    @Test
    void lettersAreLargerOnALargerScreen() {
        assertEquals(1, new Caption(320, 200, "guest has not initialized the display").scale());
        assertEquals(2, new Caption(640, 480, "guest has not initialized the display").scale());
        assertEquals(4, new Caption(1920, 1080, "guest has not initialized the display").scale());
        assertEquals(1, new Caption(640, 480, "many words ".repeat(150)).scale());
    }

    @Test
    void aPictureThatIsTooSmallForTheTextHasWhatFits() {
        assertEquals(List.of(), new Caption(5, 5, "text").lines());
        assertEquals(1, new Caption(8, 10, "text").lines().size());
        for (int size = 1; size < 40; size++) {
            Caption caption = new Caption(size, size, "guest has not initialized the display");
            assertTrue(caption.lines().size() * 10 <= size);
            assertFalse(caption.isSet(-1, -1));
            drawn(caption, size, size);
        }
    }
}
