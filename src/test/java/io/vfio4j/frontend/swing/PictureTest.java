package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.Rectangle;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PictureTest {
    private static Picture random(int width, int height, long seed) {
        Picture picture = Picture.opaque(width, height);
        Random random = new Random(seed);
        for (int i = 0; i < picture.pixels().length; i++) {
            picture.pixels()[i] = random.nextInt(1 << 24);
        }
        return picture;
    }

    @ParameterizedTest
    @CsvSource({"3, 4", "-3, 4", "3, -4", "-3, -4", "0, 5", "0, -5", "5, 0", "-5, 0", "0, 0", "20, 20"})
    void aPartThatMovesOverItselfArrivesWhole(int dx, int dy) {
        Picture picture = random(60, 50, 1);
        int[] before = picture.pixels().clone();
        picture.move(10, 10, new io.vfio4j.display.pixels.Rectangle(10 + dx, 10 + dy, 25, 20));
        for (int y = 0; y < 50; y++) {
            for (int x = 0; x < 60; x++) {
                boolean inside = x >= 10 + dx && x < 35 + dx && y >= 10 + dy && y < 30 + dy;
                assertEquals(before[inside ? (y - dy) * 60 + x - dx : y * 60 + x], picture.pixel(x, y), x + "," + y);
            }
        }
    }

    @Test
    void halvesAreMeans() {
        Picture picture = Picture.opaque(3, 2);
        int[] pixels = {0xff0000, 0x00ff00, 0x0000ff, 0x010101, 0xffffff, 0x0000fd};
        System.arraycopy(pixels, 0, picture.pixels(), 0, 6);
        Shrunken shrunken = new Shrunken(picture, 1, 1);
        Picture half = shrunken.smallest();
        assertEquals(2, shrunken.step());
        assertEquals(2, half.width());
        assertEquals(1, half.height());
        // (0xff + 0 + 1 + 0xff) / 4, rounded; beyond the last column it is its own neighbour.
        assertEquals(0x808040, half.pixel(0, 0));
        assertEquals(0x0000fe, half.pixel(1, 0));
    }

    @Test
    void halvesOfPartsAreThoseOfTheWhole() {
        Picture picture = random(123, 77, 2);
        Shrunken shrunken = new Shrunken(picture, 9, 9);
        assertEquals(8, shrunken.step());
        Random random = new Random(3);
        for (int i = 0; i < 50; i++) {
            int x = random.nextInt(120);
            int y = random.nextInt(70);
            Rectangle part = new Rectangle(x, y, 1 + random.nextInt(123 - x), 1 + random.nextInt(77 - y));
            for (int line = part.y; line < part.y + part.height; line++) {
                for (int column = part.x; column < part.x + part.width; column++) {
                    picture.pixels()[picture.index(column, line)] = random.nextInt(1 << 24);
                }
            }
            shrunken.update(part);
            assertArrayEquals(
                    new Shrunken(picture, 9, 9).smallest().pixels(),
                    shrunken.smallest().pixels());
        }
    }
}
