package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class PixelFormatTest {
    @Test
    void everyFormatIsFoundByTheLettersOfItsFourcc() {
        assertEquals(Optional.of(PixelFormat.XRGB8888), PixelFormat.of(fourcc("XR24")));
        assertEquals(Optional.of(PixelFormat.ARGB8888), PixelFormat.of(fourcc("AR24")));
        assertEquals(Optional.of(PixelFormat.XBGR8888), PixelFormat.of(fourcc("XB24")));
        assertEquals(Optional.of(PixelFormat.ABGR8888), PixelFormat.of(fourcc("AB24")));
        assertEquals(Optional.of(PixelFormat.XRGB2101010), PixelFormat.of(fourcc("XR30")));
        assertEquals(Optional.of(PixelFormat.XBGR2101010), PixelFormat.of(fourcc("XB30")));
        assertEquals(Optional.of(PixelFormat.RGB565), PixelFormat.of(fourcc("RG16")));
        assertEquals(Optional.of(PixelFormat.C8), PixelFormat.of(fourcc("C8  ")));
        for (PixelFormat yuv :
                new PixelFormat[] {PixelFormat.YUYV, PixelFormat.UYVY, PixelFormat.YVYU, PixelFormat.VYUY}) {
            assertEquals(Optional.of(yuv), PixelFormat.of(fourcc(yuv.name())));
        }
    }

    @Test
    void anUnknownFourccIsNamed() {
        assertEquals(Optional.empty(), PixelFormat.of(fourcc("NV12")));
        assertEquals("NV12 (0x3231564e)", PixelFormat.name(fourcc("NV12")));
        assertEquals("???? (0x00000000)", PixelFormat.name(0));
        assertEquals("???? (0xffffffff)", PixelFormat.name(-1));
        assertEquals("XRGB8888", PixelFormat.name(fourcc("XR24")));
    }

    @Test
    void aLineOfYuvHoldsWholePairs() {
        assertEquals(0, PixelFormat.YUYV.lineBytes(0));
        assertEquals(4, PixelFormat.YUYV.lineBytes(1));
        assertEquals(4, PixelFormat.YUYV.lineBytes(2));
        assertEquals(8, PixelFormat.VYUY.lineBytes(3));
        assertEquals(3, PixelFormat.C8.lineBytes(3));
        assertEquals(6, PixelFormat.RGB565.lineBytes(3));
        assertEquals(12, PixelFormat.XBGR2101010.lineBytes(3));
        assertEquals(4L * Integer.MAX_VALUE, PixelFormat.XRGB8888.lineBytes(Integer.MAX_VALUE));
        assertEquals(1L << 32, PixelFormat.UYVY.lineBytes(Integer.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> PixelFormat.C8.lineBytes(-1));
    }

    @Test
    void aLayoutIsFoundByItsModifierAndAnUnknownOneIsNamed() {
        assertEquals(Optional.of(Tiling.LINEAR), Tiling.of(0));
        assertEquals(Optional.of(Tiling.X), Tiling.of(1L << 56 | 1));
        assertEquals(Optional.of(Tiling.Y), Tiling.of(1L << 56 | 2));
        assertEquals(Optional.of(Tiling.YF), Tiling.of(1L << 56 | 3));
        assertEquals(Optional.empty(), Tiling.of(1L << 56 | 4));
        assertEquals("modifier 0x0100000000000004", Tiling.name(1L << 56 | 4));
        assertEquals("YF", Tiling.name(Tiling.YF.modifier()));
    }

    @Test
    void aTileHas4096BytesInTheShapeOfItsLayout() {
        assertEquals(512, Tiling.X.tileWidthBytes(4));
        assertEquals(8, Tiling.X.tileRows(4));
        assertEquals(128, Tiling.Y.tileWidthBytes(1));
        assertEquals(32, Tiling.Y.tileRows(2));
        assertEquals(64, Tiling.YF.tileWidthBytes(1));
        assertEquals(64, Tiling.YF.tileRows(1));
        assertEquals(128, Tiling.YF.tileWidthBytes(2));
        assertEquals(32, Tiling.YF.tileRows(2));
        assertEquals(128, Tiling.YF.tileWidthBytes(4));
        assertEquals(32, Tiling.YF.tileRows(4));
        assertEquals(1, Tiling.LINEAR.tileRows(4));
        assertThrows(IllegalArgumentException.class, () -> Tiling.X.tileRows(3));
    }

    private static int fourcc(String letters) {
        return letters.charAt(0) | letters.charAt(1) << 8 | letters.charAt(2) << 16 | letters.charAt(3) << 24;
    }
}
