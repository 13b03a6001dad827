package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;

/** ZRLE (RFC 6143, 7.7.6): tiles of 64x64 pixels, each as what takes the fewest bytes, through one zlib stream. */
final class ZrleEncoder implements AreaEncoder {
    private static final int TILE = 64;
    /** So many pixels make a rectangle, in whole lines of tiles, so that a client can paint while the rest is on its way. */
    private static final int RECTANGLE_PIXELS = 1 << 18;

    private static final int RAW = 0;
    private static final int SOLID = 1;
    private static final int PLAIN_RUNS = 128;
    private static final int MOST_PACKED_COLOURS = 16;
    private static final int MOST_RUN_COLOURS = 127;
    private static final int RUN_FLAG = 0x80;
    private static final int LONG_RUN = 255;

    private final int[] tile = new int[TILE * TILE];
    /** No choice is larger than the raw tile. */
    private final byte[] bytes = new byte[1 + TILE * TILE * Integer.BYTES];

    private final Palette palette = new Palette();
    private final Compressor compressor;
    private int level;

    ZrleEncoder(Compressor.Buffers buffers) {
        compressor = new Compressor(buffers);
    }

    void use(int compressionLevel) {
        level = compressionLevel;
    }

    @Override
    public int encode(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        int height = Math.max(TILE, RECTANGLE_PIXELS / area.width() / TILE * TILE);
        int end = area.y() + area.height();
        int count = 0;
        for (int y = area.y(); y < end; y += height) {
            encodeOne(pixels, frame, new Rectangle(area.x(), y, area.width(), Math.min(height, end - y)), out);
            count++;
        }
        return count;
    }

    private void encodeOne(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        AreaEncoder.writeHeader(area.x(), area.y(), area.width(), area.height(), Encodings.ZRLE, out);
        int start = out.writerIndex();
        out.writeInt(0);
        compressor.begin(level, out);
        int right = area.x() + area.width();
        int bottom = area.y() + area.height();
        for (int y = area.y(); y < bottom; y += TILE) {
            int height = Math.min(TILE, bottom - y);
            for (int x = area.x(); x < right; x += TILE) {
                int width = Math.min(TILE, right - x);
                pixels.read(frame, x, y, width, height, tile);
                compressor.write(bytes, encodeTile(pixels.compact(), width, height), out);
            }
        }
        compressor.finish(out);
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
    }

    /** Returns how many bytes it wrote. */
    private int encodeTile(PixelBytes compact, int width, int height) {
        int count = width * height;
        int pixelBytes = compact.count();

        palette.clear();
        boolean fewColours = true;
        int singles = 0;
        int runs = 0;
        int lengthBytes = 0;
        int start = 0;
        while (start < count) {
            int colour = tile[start];
            int end = start + 1;
            while (end < count && tile[end] == colour) {
                end++;
            }
            if (end - start == 1) {
                singles++;
            } else {
                runs++;
                lengthBytes += 1 + (end - start - 1) / LONG_RUN;
            }
            fewColours = fewColours && palette.add(colour, MOST_RUN_COLOURS);
            start = end;
        }
        if (singles + runs == 1) {
            bytes[0] = SOLID;
            return compact.put(tile[0], bytes, 1);
        }

        int raw = count * pixelBytes;
        int plainRuns = (singles + runs) * pixelBytes + singles + lengthBytes;
        int least = Math.min(raw, plainRuns);
        if (fewColours) {
            int colours = palette.size();
            int paletteRuns = colours * pixelBytes + singles + runs + lengthBytes;
            int packed = colours <= MOST_PACKED_COLOURS
                    ? colours * pixelBytes + packedLine(width, colours) * height
                    : Integer.MAX_VALUE;
            if (packed <= least && packed <= paletteRuns) {
                return pack(compact, width, height);
            }
            if (paletteRuns <= least) {
                return runsOfPalette(compact, count);
            }
        }
        if (plainRuns < raw) {
            return plainRuns(compact, count);
        }
        bytes[0] = RAW;
        return compact.put(tile, 0, count, bytes, 1);
    }

    private static int bitsFor(int colours) {
        if (colours <= 2) {
            return 1;
        }
        return colours <= 4 ? 2 : 4;
    }

    private static int packedLine(int width, int colours) {
        return (width * bitsFor(colours) + Byte.SIZE - 1) / Byte.SIZE;
    }

    /** The leftmost pixel is in the highest bits; lines begin with a byte. */
    private int pack(PixelBytes compact, int width, int height) {
        int colours = palette.size();
        int bits = bitsFor(colours);
        bytes[0] = (byte) colours;
        int at = compact.put(palette.colours(), 0, colours, bytes, 1);
        int last = tile[0];
        int index = palette.indexOf(last);
        int from = 0;
        for (int y = 0; y < height; y++) {
            int packed = 0;
            int filled = 0;
            for (int x = 0; x < width; x++) {
                int colour = tile[from++];
                if (colour != last) {
                    last = colour;
                    index = palette.indexOf(colour);
                }
                packed = packed << bits | index;
                filled += bits;
                if (filled == Byte.SIZE) {
                    bytes[at++] = (byte) packed;
                    filled = 0;
                }
            }
            if (filled > 0) {
                bytes[at++] = (byte) (packed << Byte.SIZE - filled);
            }
        }
        return at;
    }

    private int runsOfPalette(PixelBytes compact, int count) {
        int colours = palette.size();
        bytes[0] = (byte) (PLAIN_RUNS + colours);
        int at = compact.put(palette.colours(), 0, colours, bytes, 1);
        int start = 0;
        while (start < count) {
            int end = endOfRun(start, count);
            int index = palette.indexOf(tile[start]);
            if (end - start == 1) {
                bytes[at++] = (byte) index;
            } else {
                bytes[at++] = (byte) (index | RUN_FLAG);
                at = putLength(end - start, at);
            }
            start = end;
        }
        return at;
    }

    private int plainRuns(PixelBytes compact, int count) {
        bytes[0] = (byte) PLAIN_RUNS;
        int at = 1;
        int start = 0;
        while (start < count) {
            int end = endOfRun(start, count);
            at = compact.put(tile[start], bytes, at);
            at = putLength(end - start, at);
            start = end;
        }
        return at;
    }

    private int endOfRun(int start, int count) {
        int colour = tile[start];
        int end = start + 1;
        while (end < count && tile[end] == colour) {
            end++;
        }
        return end;
    }

    /** One more than the sum of the bytes, the last of which is less than 255. */
    private int putLength(int length, int from) {
        int at = from;
        int rest = length - 1;
        while (rest >= LONG_RUN) {
            bytes[at++] = (byte) LONG_RUN;
            rest -= LONG_RUN;
        }
        bytes[at++] = (byte) rest;
        return at;
    }

    @Override
    public void close() {
        compressor.end();
    }
}
