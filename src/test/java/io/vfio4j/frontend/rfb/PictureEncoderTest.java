package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PaintedFrame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Move;
import io.vfio4j.frontend.PaintedCursor;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Bytes as RFC 6143 and the community's protocol description have them, written down by hand. */
class PictureEncoderTest {
    private static final ClientPixelFormat BIG_565 = new ClientPixelFormat(16, 16, true, true, 31, 63, 31, 11, 5, 0);
    private static final ClientPixelFormat LITTLE_565 =
            new ClientPixelFormat(16, 16, false, true, 31, 63, 31, 11, 5, 0);
    private static final ClientPixelFormat MAPPED = new ClientPixelFormat(8, 8, false, false, 0, 0, 0, 0, 0, 0);
    private static final int RED = 0xff0000;
    private static final int WHITE = 0xffffff;

    private final PictureEncoder encoder = new PictureEncoder(true);
    private final ByteBuf out = Unpooled.buffer();

    @AfterEach
    void close() {
        encoder.close();
        out.release();
    }

    private String encode(Frame frame, Rectangle area) {
        out.clear();
        assertEquals(1, encoder.encode(frame, area, out));
        frame.close();
        return ByteBufUtil.hexDump(out);
    }

    private String encode(Frame frame) {
        return encode(frame, new Rectangle(0, 0, frame.width(), frame.height()));
    }

    /** What is behind the header and, of a zlib stream that begins, behind the length. */
    private String inflated(String hex, int lengthBytes) throws DataFormatException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        Inflater inflater = new Inflater();
        try {
            int from = 12 + lengthBytes;
            inflater.setInput(bytes, from, bytes.length - from);
            byte[] data = new byte[1 << 16];
            return HexFormat.of().formatHex(data, 0, inflater.inflate(data));
        } finally {
            inflater.end();
        }
    }

    private static int[] filled(int count, int colour) {
        int[] pixels = new int[count];
        Arrays.fill(pixels, colour);
        return pixels;
    }

    @Test
    void aClientThatSaysNothingGetsRawPixels() {
        Frame frame = PaintedFrame.of(3, 2, 0x010203, 0x040506, 0x070809, 0x0a0b0c, 0x0d0e0f, 0x101112);
        // x, y, width, height, encoding; blue, green, red, nothing.
        assertEquals(
                "0001" + "0000" + "0002" + "0002" + "00000000" + "06050400" + "09080700" + "0f0e0d00" + "12111000",
                encode(frame, new Rectangle(1, 0, 2, 2)));
    }

    @Test
    void rawPixelsHaveTheOrderAndTheBitsThatTheClientWants() {
        encoder.use(BIG_565);
        assertEquals("000000000002000100000000" + "f800" + "07ff", encode(PaintedFrame.of(2, 1, RED, 0x00ffff)));
        encoder.use(LITTLE_565);
        assertEquals("000000000002000100000000" + "00f8" + "ff07", encode(PaintedFrame.of(2, 1, RED, 0x00ffff)));
        encoder.use(new ClientPixelFormat(32, 24, true, true, 255, 255, 255, 16, 8, 0));
        assertEquals("000000000001000100000000" + "00123456", encode(PaintedFrame.of(1, 1, 0xff123456)));
        encoder.use(new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 8, 16, 24));
        assertEquals("000000000001000100000000" + "00123456", encode(PaintedFrame.of(1, 1, 0xff123456)));
        encoder.use(new ClientPixelFormat(32, 30, true, true, 1023, 1023, 1023, 20, 10, 0));
        // 128 of 255 is 514 of 1023.
        assertEquals("000000000001000100000000" + "3ff00202", encode(PaintedFrame.of(1, 1, 0xff0080)));
    }

    @Test
    void withoutTrueColourPixelsAreEntriesOfTheMap() {
        encoder.use(MAPPED);
        // 111 000 00; 0x80 of 0xff is 4 of 7, and 2 of 3.
        assertEquals("000000000002000100000000" + "e0" + "92", encode(PaintedFrame.of(2, 1, RED, 0x808080)));
        out.clear();
        ClientPixelFormat.writeColourMap(out);
        assertEquals(256 * 6, out.readableBytes());
        assertEquals("ffff" + "0000" + "0000", ByteBufUtil.hexDump(out, 0xe0 * 6, 6));
        assertEquals("9248" + "9248" + "aaaa", ByteBufUtil.hexDump(out, 0x92 * 6, 6));
        assertEquals("ffff" + "ffff" + "ffff", ByteBufUtil.hexDump(out, 0xff * 6, 6));
    }

    @Test
    void aMoveSaysWhereItWas() {
        encoder.use(List.of(1));
        assertTrue(encoder.canMove());
        encoder.move(new Move(new Rectangle(1, 2, 3, 4), 5, 600), out);
        assertEquals("0001" + "0002" + "0003" + "0004" + "00000001" + "0005" + "0258", ByteBufUtil.hexDump(out));
        encoder.use(List.of(0));
        assertFalse(encoder.canMove());
        assertThrows(IllegalStateException.class, () -> encoder.move(new Move(new Rectangle(0, 0, 1, 1), 1, 0), out));
    }

    @Test
    void zlibIsRawPixelsInAStreamThatGoesOn() throws DataFormatException {
        encoder.use(List.of(6));
        String first = encode(PaintedFrame.of(2, 1, RED, 0x000102));
        assertTrue(first.startsWith("0000000000020001" + "00000006"), first);
        assertEquals((first.length() - 32) / 2, Integer.parseInt(first.substring(24, 32), 16));
        // zlib's header, and the empty block of a flush (RFC 1950; RFC 1951, 3.2.4).
        assertEquals("7801", first.substring(32, 36));
        assertTrue(first.endsWith("0000ffff"), first);
        assertEquals("0000ff00" + "02010000", inflated(first, 4));
        String second = encode(PaintedFrame.of(1, 1, RED));
        assertFalse(second.substring(32).startsWith("7801"), second);
    }

    @Test
    void zrleSendsATileOfOneColourAsThatColour() throws DataFormatException {
        encoder.use(List.of(16));
        String hex = encode(PaintedFrame.of(64, 64, filled(4096, 0x010203)));
        assertTrue(hex.startsWith("0000000000400040" + "00000010"), hex);
        assertEquals("01" + "030201", inflated(hex, 4));
    }

    @Test
    void zrleCutsTilesAtTheRightAndTheLowerEdge() throws DataFormatException {
        encoder.use(List.of(16));
        int[] pixels = filled(65 * 65, 0);
        for (int y = 0; y < 65; y++) {
            pixels[y * 65 + 64] = 0x10;
        }
        Arrays.fill(pixels, 64 * 65, 65 * 65 - 1, 0x20);
        assertEquals(
                "01" + "000000" + "01" + "100000" + "01" + "200000" + "01" + "100000",
                inflated(encode(PaintedFrame.of(65, 65, pixels)), 4));
    }

    @Test
    void zrlePacksTwoColoursInBits() throws DataFormatException {
        encoder.use(List.of(16));
        int a = 0x00000a;
        int b = 0x00000b;
        // Nine to a line, so two bytes: 0 1 0 1 0 1 0 1 | 0.
        int[] pixels = {a, b, a, b, a, b, a, b, a, b, b, a, a, b, b, a, a, b};
        assertEquals("02" + "0a0000" + "0b0000" + "5500" + "cc80", inflated(encode(PaintedFrame.of(9, 2, pixels)), 4));
    }

    @Test
    void zrlePacksFourColoursInTwoBitsEach() throws DataFormatException {
        encoder.use(new ClientPixelFormat(8, 8, false, true, 7, 7, 3, 5, 2, 0));
        encoder.use(List.of(16));
        int[] pixels = {0, 0x55, 0xaa, 0xff, 0, 0x55, 0xaa, 0xff, 0, 0, 0xff, 0xff, 0, 0x55, 0, 0x55};
        assertEquals("04" + "00010203" + "1b" + "1b" + "0f" + "11", inflated(encode(PaintedFrame.of(4, 4, pixels)), 4));
    }

    @Test
    void zrlePacksFiveColoursInFourBitsEach() throws DataFormatException {
        encoder.use(LITTLE_565);
        encoder.use(List.of(16));
        int[] pixels = {0, 0x55, 0xaa, 0xff, RED, 0, 0x55, 0xaa, 0xff, RED, 0, 0x55, 0xaa, 0xff, RED};
        // Three to a line, so two bytes.
        assertEquals(
                "05" + "0000" + "0a00" + "1500" + "1f00" + "00f8" + "0120" + "3400" + "1230" + "4010" + "2340",
                inflated(encode(PaintedFrame.of(3, 5, pixels)), 4));
    }

    @Test
    void zrleSendsLongRunsOfFewColoursWithAPalette() throws DataFormatException {
        encoder.use(List.of(16));
        // Less one: 299 = 255 + 44, and 3493 = 13 * 255 + 178.
        int[] pixels = filled(4096, 0x0c);
        Arrays.fill(pixels, 0, 300, 0x0a);
        Arrays.fill(pixels, 301, 601, 0x0b);
        pixels[601] = 0x0a;
        assertEquals(
                "83" + "0a0000" + "0c0000" + "0b0000" + "80ff2c" + "01" + "82ff2c" + "00" + "81" + "ff".repeat(13)
                        + "b2",
                inflated(encode(PaintedFrame.of(64, 64, pixels)), 4));
    }

    @Test
    void zrleSendsRunsOfManyColoursPlainly() throws DataFormatException {
        encoder.use(List.of(16));
        StringBuilder expected = new StringBuilder("80");
        int[] pixels = new int[4096];
        for (int i = 0; i < 128; i++) {
            Arrays.fill(pixels, i * 32, i * 32 + 32, i);
            expected.append(HexFormat.of().toHexDigits((byte) i)).append("0000").append("1f");
        }
        assertEquals(expected.toString(), inflated(encode(PaintedFrame.of(64, 64, pixels)), 4));
    }

    @Test
    void zrleSendsNoiseAsPixels() throws DataFormatException {
        encoder.use(List.of(16));
        assertEquals(
                "00" + "010203" + "040506" + "070809",
                inflated(encode(PaintedFrame.of(3, 1, 0x030201, 0x060504, 0x090807)), 4));
    }

    @Test
    void zrleLeavesOutTheByteThatMeansNothing() throws DataFormatException {
        record Wanted(ClientPixelFormat format, String pixel) {}
        for (Wanted wanted : List.of(
                new Wanted(new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 16, 8, 0), "332211"),
                new Wanted(new ClientPixelFormat(32, 24, true, true, 255, 255, 255, 16, 8, 0), "112233"),
                new Wanted(new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 24, 16, 8), "332211"),
                new Wanted(new ClientPixelFormat(32, 24, true, true, 255, 255, 255, 24, 16, 8), "112233"),
                // No byte is free; or the depth says that none is.
                new Wanted(new ClientPixelFormat(32, 24, true, true, 255, 255, 255, 24, 12, 0), "11022033"),
                new Wanted(new ClientPixelFormat(32, 32, true, true, 255, 255, 255, 16, 8, 0), "00112233"))) {
            try (PictureEncoder one = new PictureEncoder(false);
                    Frame frame = PaintedFrame.of(1, 1, 0x112233)) {
                one.use(wanted.format());
                one.use(List.of(16));
                out.clear();
                one.encode(frame, new Rectangle(0, 0, 1, 1), out);
                assertEquals("01" + wanted.pixel(), inflated(ByteBufUtil.hexDump(out), 4), wanted::toString);
            }
        }
    }

    @Test
    void tightFillsWithOneColour() {
        encoder.use(List.of(7));
        assertEquals(
                "0000000000050003" + "00000007" + "80" + "112233", encode(PaintedFrame.of(5, 3, filled(15, 0x112233))));
        encoder.use(BIG_565);
        assertEquals("0000000000050003" + "00000007" + "80" + "f800", encode(PaintedFrame.of(5, 3, filled(15, RED))));
        encoder.use(new ClientPixelFormat(32, 24, true, true, 255, 255, 255, 0, 8, 16));
        assertEquals(
                "0000000000050003" + "00000007" + "80" + "112233", encode(PaintedFrame.of(5, 3, filled(15, 0x112233))));
        encoder.use(new ClientPixelFormat(32, 32, true, true, 255, 255, 255, 16, 8, 0));
        assertEquals(
                "0000000000050003" + "00000007" + "80" + "00112233",
                encode(PaintedFrame.of(5, 3, filled(15, 0x112233))));
    }

    @Test
    void tightSendsTwoColoursAsBits() throws DataFormatException {
        encoder.use(List.of(7));
        int[] few = filled(18, RED);
        few[1] = WHITE;
        few[17] = WHITE;
        // Stream 1 with a filter, the palette's, of 2 colours; less than 12 bytes are not compressed.
        assertEquals(
                "0000000000090002" + "00000007" + "50" + "01" + "01" + "ff0000" + "ffffff" + "4000" + "0080",
                encode(PaintedFrame.of(9, 2, few)));
        int[] more = filled(9 * 6, RED);
        more[9 * 6 - 1] = WHITE;
        String hex = encode(PaintedFrame.of(9, 6, more));
        // The stream begins, which is said; behind the palette a length of one byte.
        assertTrue(hex.startsWith("0000000000090006" + "00000007" + "52" + "01" + "01" + "ff0000" + "ffffff"), hex);
        assertEquals((hex.length() - 44) / 2, Integer.parseInt(hex.substring(42, 44), 16));
        assertEquals("0000".repeat(5) + "0080", inflated(hex, 10));
        hex = encode(PaintedFrame.of(9, 6, more));
        assertEquals("50", hex.substring(24, 26), "it goes on");
    }

    @Test
    void tightSendsSomeColoursAsIndexes() throws DataFormatException {
        encoder.use(List.of(7));
        int[] pixels = new int[15];
        for (int i = 0; i < 15; i++) {
            pixels[i] = i % 3;
        }
        String hex = encode(PaintedFrame.of(5, 3, pixels));
        assertTrue(
                hex.startsWith("0000000000050003" + "00000007" + "64" + "01" + "02" + "000000" + "000001" + "000002"),
                hex);
        assertEquals("000102".repeat(5), inflated(hex, 13));
    }

    @Test
    void tightSendsManyColoursAsPixels() throws DataFormatException {
        encoder.use(List.of(7));
        assertEquals(
                "0000000000030001" + "00000007" + "00" + "010203" + "040506" + "070809",
                encode(PaintedFrame.of(3, 1, 0x010203, 0x040506, 0x070809)));
        String hex = encode(PaintedFrame.of(4, 1, 0x010203, 0x040506, 0x070809, 0x0a0b0c));
        assertTrue(hex.startsWith("0000000000040001" + "00000007" + "01"), hex);
        assertEquals("0102030405060708090a0b0c", inflated(hex, 2));
    }

    @Test
    void tightBeginsItsStreamsAnewForAClientThatComesBackToIt() {
        encoder.use(List.of(7));
        Frame frame = PaintedFrame.of(4, 1, 1, 2, 3, 4);
        Rectangle area = new Rectangle(0, 0, 4, 1);
        encoder.encode(frame, area, out);
        assertEquals(1, out.getByte(12));
        out.clear();
        encoder.encode(frame, area, out);
        assertEquals(0, out.getByte(12));
        encoder.use(List.of(16, 7));
        encoder.use(List.of(7, 16));
        out.clear();
        encoder.encode(frame, area, out);
        assertEquals(1, out.getByte(12));
        frame.close();
    }

    @Test
    void largeAreasAreSeveralRectangles() {
        try (Frame frame = PaintedFrame.of(3000, 200, new int[3000 * 200])) {
            for (int encoding : List.of(6, 7, 16)) {
                encoder.use(List.of(encoding));
                out.clear();
                int count = encoder.encode(frame, new Rectangle(0, 0, 3000, 200), out);
                assertTrue(count > 1, "encoding " + encoding + " in one");
                try (PictureDecoder decoder = new PictureDecoder(3000, 200)) {
                    decoder.read(out, count);
                    assertEquals(count, decoder.rectangles);
                }
            }
        }
    }

    @Test
    void theFirstKnownEncodingIsTaken() {
        assertEquals(16, Encodings.of(List.of(1, 5, 16, 7, 0)).picture());
        assertEquals(7, Encodings.of(List.of(-239, 7, 16)).picture());
        assertEquals(0, Encodings.of(List.of(0, 16)).picture());
        assertEquals(0, Encodings.of(List.of(5, 2)).picture());
        assertEquals(6, Encodings.of(List.of(6)).picture());
    }

    @Test
    void levelsAreHeard() {
        assertEquals(1, Encodings.NONE.compressionLevel());
        assertEquals(0, Encodings.of(List.of(-256)).compressionLevel());
        assertEquals(9, Encodings.of(List.of(-247)).compressionLevel());
        assertTrue(Encodings.NONE.jpegQuality().isEmpty());
        assertEquals(15, Encodings.of(List.of(-32)).jpegQuality().orElseThrow());
        assertEquals(100, Encodings.of(List.of(-23)).jpegQuality().orElseThrow());
        assertEquals(0, Encodings.of(List.of(-512, -23)).jpegQuality().orElseThrow());
        assertEquals(100, Encodings.of(List.of(-32, -412)).jpegQuality().orElseThrow());
        assertTrue(Encodings.of(List.of(-411, -513, -33, -22)).jpegQuality().isEmpty());
    }

    @Test
    void formatsAreChecked() {
        assertTrue(ClientPixelFormat.NATIVE.isSupported());
        assertTrue(BIG_565.isSupported());
        assertTrue(MAPPED.isSupported());
        assertTrue(new ClientPixelFormat(8, 6, false, true, 3, 3, 3, 4, 2, 0).isSupported());
        assertTrue(new ClientPixelFormat(32, 32, false, true, 2047, 2047, 1023, 21, 10, 0).isSupported());
        assertTrue(new ClientPixelFormat(32, 16, true, true, 65535, 0, 0, 16, 0, 0).isSupported());
        for (ClientPixelFormat bad : List.of(
                new ClientPixelFormat(24, 24, false, true, 255, 255, 255, 16, 8, 0),
                new ClientPixelFormat(0, 24, false, true, 255, 255, 255, 16, 8, 0),
                new ClientPixelFormat(32, 0, false, true, 255, 255, 255, 16, 8, 0),
                new ClientPixelFormat(16, 24, false, true, 31, 63, 31, 11, 5, 0),
                new ClientPixelFormat(32, 24, false, true, 254, 255, 255, 16, 8, 0),
                new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 25, 8, 0),
                new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 255, 8, 0),
                new ClientPixelFormat(32, 24, false, true, 255, 255, 255, 16, 9, 0),
                new ClientPixelFormat(16, 16, false, true, 31, 63, 31, 12, 5, 0),
                new ClientPixelFormat(32, 24, false, true, 0x1ffff, 0, 0, 0, 0, 0),
                new ClientPixelFormat(32, 24, false, true, -1, 0, 0, 0, 0, 0),
                new ClientPixelFormat(32, 24, false, true, 255, 255, 255, -1, 8, 0))) {
            assertFalse(bad.isSupported(), bad::toString);
            assertThrows(IllegalArgumentException.class, () -> encoder.use(bad));
        }
        assertEquals(ClientPixelFormat.NATIVE, encoder.format());
    }

    @Test
    void cursorsHaveAMask() {
        CursorLook cursor = PaintedCursor.of(1, 7, 2, 2, 0xffff0000, 0x00000000, 0x80400000, 0x7f000000);
        assertEquals(0, encoder.encodeCursor(cursor, out));
        encoder.use(List.of(-239));
        assertEquals(1, encoder.encodeCursor(cursor, out));
        // The pointer is inside; half of it is 0x40 of 0x80, so 0x80; a byte of mask for each line.
        assertEquals(
                "0001" + "0001" + "0002" + "0002" + "ffffff11" + "0000ff00" + "00000000" + "00008000" + "00000000"
                        + "80" + "80",
                ByteBufUtil.hexDump(out));
        encoder.use(BIG_565);
        out.clear();
        encoder.encodeCursor(PaintedCursor.of(0, 0, 9, 1, filled(9, 0xffffffff)), out);
        assertEquals(
                "0000" + "0000" + "0009" + "0001" + "ffffff11" + "ffff".repeat(9) + "ff80", ByteBufUtil.hexDump(out));
    }

    @Test
    void cursorsHaveAlphaWhereTheClientKnowsThat() {
        encoder.use(BIG_565);
        encoder.use(List.of(-239, -314));
        assertEquals(1, encoder.encodeCursor(PaintedCursor.of(0, 0, 1, 2, 0x80402010, 0xff112233), out));
        assertEquals(
                "0000" + "0000" + "0001" + "0002" + "fffffec6" + "00000000" + "40201080" + "112233ff",
                ByteBufUtil.hexDump(out));
    }

    @Test
    void aHiddenCursorIsEmpty() {
        encoder.use(List.of(-239));
        assertEquals(1, encoder.encodeCursor(PaintedCursor.hidden(1, 1, -1), out));
        assertEquals("0000000000000000" + "ffffff11", ByteBufUtil.hexDump(out));
        encoder.use(List.of(-314));
        out.clear();
        assertEquals(1, encoder.encodeCursor(CursorLook.HIDDEN, out));
        assertEquals("0000000000000000" + "fffffec6" + "00000000", ByteBufUtil.hexDump(out));
    }

    @Test
    void whatIsOutsideOfThePictureIsRefused() {
        try (Frame frame = PaintedFrame.of(2, 2, 1, 2, 3, 4)) {
            assertThrows(IllegalArgumentException.class, () -> encoder.encode(frame, new Rectangle(1, 0, 2, 2), out));
            assertThrows(IllegalArgumentException.class, () -> encoder.encode(frame, new Rectangle(0, 2, 1, 1), out));
            encoder.close();
            assertThrows(IllegalStateException.class, () -> encoder.encode(frame, new Rectangle(0, 0, 1, 1), out));
        }
        assertArrayEquals(new byte[0], ByteBufUtil.getBytes(out));
    }
}
