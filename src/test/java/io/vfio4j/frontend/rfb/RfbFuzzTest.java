package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.vfio4j.frontend.CursorStyle;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * What any client may send: sessions that keep to the protocol, the same with bytes changed, left out and put in, and garbage, cut into
 * pieces anywhere. As many messages as the property {@code vfio4j.fuzz.messages} says, from the seed that {@code vfio4j.fuzz.seed} says.
 */
class RfbFuzzTest {
    private static final int MESSAGES = Integer.getInteger("vfio4j.fuzz.messages", 5_000);
    private static final int MOST_IN_A_SESSION = 60;
    private static final int[] ENCODINGS = {
        0,
        1,
        2,
        5,
        6,
        7,
        16,
        -223,
        -224,
        -232,
        -239,
        -307,
        -308,
        -312,
        -313,
        -314,
        -256,
        -250,
        -247,
        -32,
        -23,
        0x7fffffff
    };
    private static final int MOST_BYTES_OF_A_SESSION = 64 << 20;

    @Test
    void whateverAClientSendsNothingIsThrownAndNothingIsLeft(TestReporter reporter) throws Exception {
        long seed = Long.getLong("vfio4j.fuzz.seed", new Random().nextLong());
        reporter.publishEntry("seed", Long.toString(seed));
        try {
            Random random = new Random(seed);
            int threads = Thread.activeCount();
            int sessions = 0;
            int said = 0;
            long updates = 0;
            while (said < MESSAGES) {
                // A new service after some time, because its guard slows down who always guesses wrong.
                try (Wire wire = new Wire(options(random))) {
                    for (int i = 0; i < 50 && said < MESSAGES; i++) {
                        said += session(wire, random);
                        sessions++;
                        wire.assertNothingIsHeld();
                    }
                    updates += wire.service.stats().updates();
                }
            }
            assertEquals(threads, Thread.activeCount(), "threads");
            assertTrue(updates > sessions, "most sessions come as far as pictures");
            reporter.publishEntry("sessions", sessions + " with " + said + " messages, and " + updates + " updates");
        } catch (Throwable failure) {
            throw new AssertionError("with seed " + seed, failure);
        }
    }

    private static RfbOptions options(Random random) {
        RfbOptions options = RfbOptions.DEFAULTS.withInput(new RfbInput() {});
        if (random.nextInt(4) == 0) {
            options = options.withPassword(RfbPassword.of("password"));
        }
        if (random.nextInt(4) == 0) {
            options = options.withResize(false);
        }
        return random.nextBoolean() ? options : options.withCursors(CursorStyle.SEPARATE);
    }

    /** One client from its connection to its end; returns how many messages it said. */
    private static int session(Wire wire, Random random) {
        EmbeddedChannel channel = wire.connect();
        boolean isHonest = random.nextInt(3) == 0;
        boolean isMad = !isHonest && random.nextInt(10) == 0;
        int messages = 1 + random.nextInt(MOST_IN_A_SESSION);
        byte[] pending = {};
        long heard = 0;
        boolean needsPassword = wire.service.options().password().isPresent();
        if (isMad) {
            pending = garbage(random, 200);
        } else {
            heard += shakeHands(wire, channel, random, needsPassword, isHonest);
        }
        for (int i = 0; i < messages && channel.isOpen(); i++) {
            byte[] message = isMad ? garbage(random, 100) : message(random, isHonest);
            pending = joined(pending, isHonest || random.nextInt(8) > 0 ? message : mutated(random, message));
            int cut = random.nextInt(4) == 0 ? random.nextInt(pending.length + 1) : pending.length;
            wire.say(channel, Arrays.copyOf(pending, cut));
            pending = Arrays.copyOfRange(pending, cut, pending.length);
            happen(wire, channel, random);
            if (random.nextInt(3) > 0) {
                heard += wire.hear(channel).length;
            }
        }
        wire.say(channel, pending);
        wire.settle(channel);
        heard += wire.hear(channel).length;
        assertTrue(heard < MOST_BYTES_OF_A_SESSION, "bytes for one client");
        if (isHonest) {
            assertTrue(channel.isOpen(), "who keeps to the protocol stays connected");
            byte[] mark = {1, 2, 3, 4};
            wire.say(channel, Bytes.fence(1 << 31, mark));
            wire.settle(channel);
            byte[] answer = wire.hear(channel);
            assertTrue(
                    new String(answer, StandardCharsets.ISO_8859_1)
                            .contains(new String(
                                    Bytes.of()
                                            .u8(248, 0, 0, 0)
                                            .u32(0)
                                            .u8(4)
                                            .raw(mark)
                                            .array(),
                                    StandardCharsets.ISO_8859_1)),
                    "who keeps to the protocol is answered");
        }
        wire.leave(channel);
        return messages;
    }

    private static long shakeHands(
            Wire wire, EmbeddedChannel channel, Random random, boolean needsPassword, boolean isHonest) {
        int minor = new int[] {3, 7, 8, 8, 8, 889, 5}[random.nextInt(7)];
        boolean isOld = minor < 7;
        byte[] version =
                String.format(java.util.Locale.ROOT, "RFB 003.%03d\n", minor).getBytes(StandardCharsets.US_ASCII);
        wire.say(channel, isHonest || random.nextInt(20) > 0 ? version : mutated(random, version));
        byte[] last = wire.hear(channel);
        long heard = last.length;
        if (!isOld) {
            wire.say(channel, Bytes.of().u8(needsPassword ? 2 : 1).array());
            last = wire.hear(channel);
            heard += last.length;
        }
        if (needsPassword) {
            byte[] challenge =
                    last.length >= 16 ? Arrays.copyOfRange(last, last.length - 16, last.length) : new byte[16];
            byte[] response = VncChallenge.encrypted(challenge, RfbPassword.of("password"));
            wire.say(channel, isHonest || random.nextInt(8) > 0 ? response : garbage(random, 32));
        }
        wire.say(channel, Bytes.of().u8(random.nextInt(2)).array());
        wire.settle(channel);
        return heard;
    }

    private static void happen(Wire wire, EmbeddedChannel channel, Random random) {
        switch (random.nextInt(12)) {
            case 0 -> {
                wire.guest().draw();
                wire.guest().flip();
            }
            case 1 -> {
                wire.guest().moveCursor(random.nextInt(100) - 20, random.nextInt(100) - 20);
                wire.guest().cursor();
            }
            case 2 -> wire.pass(channel, Duration.ofMillis(random.nextInt(random.nextInt(4) == 0 ? 2000 : 300)));
            case 3 -> {
                if (random.nextInt(10) == 0) {
                    wire.guest().setMode(64 + random.nextInt(64), 64 + random.nextInt(64));
                    wire.guest().flip();
                }
            }
            default -> {}
        }
        wire.settle(channel);
    }

    private static byte[] message(Random random, boolean isHonest) {
        return switch (random.nextInt(isHonest ? 9 : 11)) {
            case 0 -> pixelFormat(random, isHonest);
            case 1 ->
                Bytes.setEncodings(random.ints(random.nextInt(8), 0, ENCODINGS.length)
                        .map(i -> ENCODINGS[i])
                        .toArray());
            case 2, 3 ->
                Bytes.request(random.nextBoolean(), small(random), small(random), small(random), small(random));
            case 4 ->
                Bytes.of().u8(4, random.nextInt(2)).u16(0).u32(random.nextInt()).array();
            case 5 ->
                Bytes.of()
                        .u8(5, random.nextInt(256))
                        .u16(random.nextInt(65536), random.nextInt(65536))
                        .array();
            case 6 -> {
                byte[] text = garbage(random, 300);
                yield Bytes.of().u8(6, 0, 0, 0).u32(text.length).raw(text).array();
            }
            case 7 -> Bytes.fence(random.nextInt(), garbage(random, 64));
            case 8 -> {
                int width = 64 + random.nextInt(100);
                int height = 64 + random.nextInt(100);
                yield Bytes.of()
                        .u8(251, 0)
                        .u16(width, height)
                        .u8(1, 0)
                        .u32(random.nextInt())
                        .u16(0, 0, width, random.nextInt(5) == 0 ? 1 : height)
                        .u32(0)
                        .array();
            }
            case 9 ->
                Bytes.of()
                        .u8(150, random.nextInt(2))
                        .u16(small(random), small(random), small(random), small(random))
                        .array();
            default -> Bytes.of().u8(6, 0, 0, 0).u32(-random.nextInt(100)).array();
        };
    }

    private static int small(Random random) {
        return random.nextInt(random.nextInt(6) == 0 ? 65536 : 100);
    }

    private static byte[] pixelFormat(Random random, boolean isHonest) {
        Bytes format = Bytes.of().u8(0, 0, 0, 0);
        return switch (random.nextInt(isHonest ? 4 : 5)) {
            case 0 ->
                format.u8(32, 24, random.nextInt(2), 1)
                        .u16(255, 255, 255)
                        .u8(16, 8, 0, 0, 0, 0)
                        .array();
            case 1 ->
                format.u8(16, 16, random.nextInt(2), 1)
                        .u16(31, 63, 31)
                        .u8(11, 5, 0, 0, 0, 0)
                        .array();
            case 2 -> format.u8(8, 8, 0, 1).u16(7, 7, 3).u8(0, 3, 6, 0, 0, 0).array();
            case 3 -> format.u8(8, 8, 0, 0).u16(0, 0, 0).u8(0, 0, 0, 0, 0, 0).array();
            default -> format.raw(Arrays.copyOf(garbage(random, 40), 16)).array();
        };
    }

    private static byte[] mutated(Random random, byte[] message) {
        if (message.length == 0) {
            return garbage(random, 8);
        }
        byte[] changed = message.clone();
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(changed, random.nextInt(changed.length + 1));
            }
            case 1 -> {
                return joined(garbage(random, 8), changed);
            }
            case 2 ->
                Arrays.fill(changed, random.nextInt(changed.length), changed.length, (byte)
                        (random.nextBoolean() ? 0xff : 0x80));
            default -> changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return changed;
    }

    private static byte[] garbage(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] joined(byte[] first, byte[] second) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(first);
        all.writeBytes(second);
        return all.toByteArray();
    }
}
