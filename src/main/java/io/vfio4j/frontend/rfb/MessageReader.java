package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Cuts a client's bytes into messages. Takes nothing until a message is complete, and never waits for more than some hundred KiB. */
final class MessageReader {
    /** What a client is expected to say. */
    enum Expected {
        VERSION,
        SECURITY,
        VENCRYPT_VERSION,
        VENCRYPT_TYPE,
        RESPONSE,
        INTRODUCTION,
        MESSAGES,
        /** Nothing: who speaks now does not keep to the protocol. */
        NOTHING
    }

    static final int VERSION_BYTES = 12;
    static final int CHALLENGE_BYTES = 16;
    static final int MOST_ENCODINGS = 1024;
    static final int MOST_CUT_TEXT = 256 << 10;
    /** Longer texts are no copying and pasting any more. */
    static final int MOST_DROPPED_CUT_TEXT = 64 << 20;

    static final int MOST_FENCE_PAYLOAD = 64;

    private static final int SET_PIXEL_FORMAT = 0;
    private static final int SET_ENCODINGS = 2;
    private static final int UPDATE_REQUEST = 3;
    private static final int KEY_EVENT = 4;
    private static final int POINTER_EVENT = 5;
    private static final int CUT_TEXT = 6;
    private static final int ENABLE_CONTINUOUS_UPDATES = 150;
    private static final int FENCE = 248;
    private static final int SET_DESKTOP_SIZE = 251;

    private long toSkip;

    /** The next message, if all of it is there. */
    Optional<ClientMessage> next(Expected expected, ByteBuf in) throws ProtocolException {
        int skipped = (int) Math.min(toSkip, in.readableBytes());
        in.skipBytes(skipped);
        toSkip -= skipped;
        if (toSkip > 0 || !in.isReadable()) {
            return Optional.empty();
        }
        return switch (expected) {
            case VERSION -> version(in);
            case SECURITY -> Optional.of(new ClientMessage.Security(in.readUnsignedByte()));
            case VENCRYPT_VERSION ->
                has(in, 2)
                        ? Optional.of(new ClientMessage.VeNCryptVersion(in.readUnsignedByte(), in.readUnsignedByte()))
                        : Optional.empty();
            case VENCRYPT_TYPE ->
                has(in, Integer.BYTES) ? Optional.of(new ClientMessage.VeNCryptType(in.readInt())) : Optional.empty();
            case RESPONSE ->
                has(in, CHALLENGE_BYTES)
                        ? Optional.of(new ClientMessage.Response(bytes(in, CHALLENGE_BYTES)))
                        : Optional.empty();
            case INTRODUCTION -> Optional.of(new ClientMessage.Introduction(in.readBoolean()));
            case MESSAGES -> message(in);
            case NOTHING -> throw new ProtocolException("it spoke when it was not its turn");
        };
    }

    private static boolean has(ByteBuf in, int bytes) {
        return in.readableBytes() >= bytes;
    }

    private static byte[] bytes(ByteBuf in, int count) {
        byte[] bytes = new byte[count];
        in.readBytes(bytes);
        return bytes;
    }

    /** {@code RFB 003.008}, and a line feed. What begins otherwise is no VNC client, and is not waited for. */
    private static Optional<ClientMessage> version(ByteBuf in) throws ProtocolException {
        String form = "RFB ddd.ddd\n";
        int length = Math.min(VERSION_BYTES, in.readableBytes());
        for (int i = 0; i < length; i++) {
            int found = in.getUnsignedByte(in.readerIndex() + i);
            if (form.charAt(i) == 'd' ? found < '0' || found > '9' : found != form.charAt(i)) {
                throw new ProtocolException("it does not speak RFB");
            }
        }
        if (length < VERSION_BYTES) {
            return Optional.empty();
        }
        String text =
                in.readCharSequence(VERSION_BYTES, StandardCharsets.US_ASCII).toString();
        return Optional.of(
                new ClientMessage.Version(Integer.parseInt(text, 4, 7, 10), Integer.parseInt(text, 8, 11, 10)));
    }

    private Optional<ClientMessage> message(ByteBuf in) throws ProtocolException {
        int type = in.getUnsignedByte(in.readerIndex());
        Optional<Integer> length = length(type, in);
        if (length.isEmpty() || !has(in, length.get())) {
            return Optional.empty();
        }
        ByteBuf body = in.readSlice(length.get()).skipBytes(1);
        return Optional.of(
                switch (type) {
                    case SET_PIXEL_FORMAT -> pixelFormat(body);
                    case SET_ENCODINGS -> encodings(body);
                    case UPDATE_REQUEST -> new ClientMessage.UpdateRequest(body.readBoolean(), area(body));
                    case KEY_EVENT -> {
                        boolean down = body.readBoolean();
                        yield new ClientMessage.Key(body.skipBytes(2).readInt(), down);
                    }
                    case POINTER_EVENT -> {
                        int buttons = body.readUnsignedByte();
                        yield new ClientMessage.Pointer(body.readUnsignedShort(), body.readUnsignedShort(), buttons);
                    }
                    case CUT_TEXT -> cutText(body);
                    case ENABLE_CONTINUOUS_UPDATES ->
                        new ClientMessage.ContinuousUpdates(body.readBoolean(), area(body));
                    case FENCE -> {
                        int flags = body.skipBytes(3).readInt();
                        yield new ClientMessage.Fence(flags, bytes(body, body.readUnsignedByte()));
                    }
                    default -> desktopSize(body);
                });
    }

    /** How long a message is as far as it has to be there at once; empty where too little of it is there to tell. */
    private static Optional<Integer> length(int type, ByteBuf in) throws ProtocolException {
        int start = in.readerIndex();
        return switch (type) {
            case SET_PIXEL_FORMAT -> Optional.of(20);
            case UPDATE_REQUEST, ENABLE_CONTINUOUS_UPDATES -> Optional.of(10);
            case KEY_EVENT -> Optional.of(8);
            case POINTER_EVENT -> Optional.of(6);
            case SET_ENCODINGS -> {
                if (!has(in, 4)) {
                    yield Optional.empty();
                }
                int count = in.getUnsignedShort(start + 2);
                if (count > MOST_ENCODINGS) {
                    throw new ProtocolException("it named " + count + " encodings, more than " + MOST_ENCODINGS);
                }
                yield Optional.of(4 + count * Integer.BYTES);
            }
            case CUT_TEXT -> {
                if (!has(in, 8)) {
                    yield Optional.empty();
                }
                // Negative in the extended clipboard, which is never offered: the length without the sign follows.
                long length = Math.abs((long) in.getInt(start + 4));
                if (length > MOST_DROPPED_CUT_TEXT) {
                    throw new ProtocolException(
                            "it announced a text of " + length + " bytes, more than " + MOST_DROPPED_CUT_TEXT);
                }
                yield Optional.of(isKept(in.getInt(start + 4)) ? 8 + (int) length : 8);
            }
            case FENCE -> {
                if (!has(in, 9)) {
                    yield Optional.empty();
                }
                int length = in.getUnsignedByte(start + 8);
                if (length > MOST_FENCE_PAYLOAD) {
                    throw new ProtocolException(
                            "it sent a fence of " + length + " bytes, more than " + MOST_FENCE_PAYLOAD);
                }
                yield Optional.of(9 + length);
            }
            case SET_DESKTOP_SIZE ->
                has(in, 8) ? Optional.of(8 + in.getUnsignedByte(start + 6) * 16) : Optional.empty();
            default -> throw new ProtocolException("it sent a message of the unknown type " + type);
        };
    }

    private static boolean isKept(int cutTextLength) {
        return cutTextLength >= 0 && cutTextLength <= MOST_CUT_TEXT;
    }

    private static ClientMessage pixelFormat(ByteBuf body) {
        body.skipBytes(3);
        return new ClientMessage.PixelFormat(new ClientPixelFormat(
                body.readUnsignedByte(),
                body.readUnsignedByte(),
                body.readBoolean(),
                body.readBoolean(),
                body.readUnsignedShort(),
                body.readUnsignedShort(),
                body.readUnsignedShort(),
                body.readUnsignedByte(),
                body.readUnsignedByte(),
                body.readUnsignedByte()));
    }

    private static ClientMessage encodings(ByteBuf body) {
        int count = body.skipBytes(1).readUnsignedShort();
        List<Integer> numbers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            numbers.add(body.readInt());
        }
        return new ClientMessage.Encodings(List.copyOf(numbers));
    }

    private static Area area(ByteBuf body) {
        return new Area(
                body.readUnsignedShort(), body.readUnsignedShort(), body.readUnsignedShort(), body.readUnsignedShort());
    }

    private ClientMessage cutText(ByteBuf body) {
        int length = body.skipBytes(3).readInt();
        if (isKept(length)) {
            return new ClientMessage.CutText(
                    body.readCharSequence(length, StandardCharsets.ISO_8859_1).toString());
        }
        toSkip = Math.abs((long) length);
        return new ClientMessage.DroppedCutText(toSkip);
    }

    private static ClientMessage desktopSize(ByteBuf body) {
        int width = body.skipBytes(1).readUnsignedShort();
        int height = body.readUnsignedShort();
        int count = body.readUnsignedByte();
        body.skipBytes(1);
        List<Area> screens = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            body.skipBytes(Integer.BYTES);
            screens.add(area(body));
            body.skipBytes(Integer.BYTES);
        }
        return new ClientMessage.DesktopSize(width, height, List.copyOf(screens));
    }
}
