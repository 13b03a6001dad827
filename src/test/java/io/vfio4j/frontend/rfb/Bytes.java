package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Writes messages as RFC 6143 shows them: a sequence of big-endian numbers. */
final class Bytes {
    private final ByteBuf bytes = Unpooled.buffer();

    private Bytes() {}

    static Bytes of() {
        return new Bytes();
    }

    Bytes u8(int... values) {
        for (int value : values) {
            bytes.writeByte(value);
        }
        return this;
    }

    Bytes u16(int... values) {
        for (int value : values) {
            bytes.writeShort(value);
        }
        return this;
    }

    Bytes u32(int... values) {
        for (int value : values) {
            bytes.writeInt(value);
        }
        return this;
    }

    Bytes raw(byte... more) {
        bytes.writeBytes(more);
        return this;
    }

    byte[] array() {
        byte[] copy = new byte[bytes.readableBytes()];
        bytes.getBytes(0, copy);
        return copy;
    }

    static byte[] setEncodings(int... encodings) {
        return of().u8(2, 0).u16(encodings.length).u32(encodings).array();
    }

    static byte[] request(boolean incremental, int x, int y, int width, int height) {
        return of().u8(3, incremental ? 1 : 0).u16(x, y, width, height).array();
    }

    static byte[] fence(int flags, byte... payload) {
        return of().u8(248, 0, 0, 0).u32(flags).u8(payload.length).raw(payload).array();
    }
}
