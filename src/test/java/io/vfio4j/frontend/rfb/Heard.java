package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a server has said after the handshake, in words; of pictures it knows Raw only. */
final class Heard {
    private Heard() {}

    static List<String> of(byte[] bytes) {
        return of(bytes, Integer.BYTES);
    }

    static List<String> of(byte[] bytes, int bytesPerPixel) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        List<String> heard = new ArrayList<>();
        while (in.isReadable()) {
            int type = in.readUnsignedByte();
            switch (type) {
                case 0 -> heard.add(update(in, bytesPerPixel));
                case 1 -> {
                    in.skipBytes(3);
                    int count = in.readUnsignedShort();
                    in.skipBytes(count * 6);
                    heard.add("map of " + count);
                }
                case 150 -> heard.add("end of continuous updates");
                case 248 -> {
                    int flags = in.skipBytes(3).readInt();
                    byte[] payload = new byte[in.readUnsignedByte()];
                    in.readBytes(payload);
                    heard.add("fence " + Integer.toHexString(flags) + " of " + payload.length);
                }
                default -> throw new AssertionError("message of type " + type + " after " + heard);
            }
        }
        return heard;
    }

    private static String update(ByteBuf in, int bytesPerPixel) {
        int count = in.skipBytes(1).readUnsignedShort();
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int x = in.readUnsignedShort();
            int y = in.readUnsignedShort();
            int width = in.readUnsignedShort();
            int height = in.readUnsignedShort();
            int encoding = in.readInt();
            String size = width + "x" + height;
            switch (encoding) {
                case 0 -> {
                    in.skipBytes(width * height * bytesPerPixel);
                    parts.add(size + " at " + x + "," + y);
                }
                case -223 -> parts.add("size " + size);
                case -232 -> parts.add("pointer " + x + "," + y);
                case -239 -> {
                    in.skipBytes(width * height * bytesPerPixel + (width + 7) / 8 * height);
                    parts.add("cursor " + size);
                }
                case -307 -> {
                    int length = in.readInt();
                    parts.add("name " + in.readCharSequence(length, StandardCharsets.UTF_8));
                }
                case -308 -> {
                    in.skipBytes(4 + 16);
                    parts.add("size " + size + " by " + x + ", status " + y);
                }
                default -> throw new AssertionError("encoding " + encoding + " after " + parts);
            }
        }
        return parts.toString();
    }
}
