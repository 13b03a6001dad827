package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PaintedFrame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.Move;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is shown by JPEG while it changes is shown exactly when it has come to rest. */
class LossTest {
    private static final int[] TIGHT_WITH_JPEG = {7, -29};
    private static final int SIZE = 64;
    private static final Duration STEP = Duration.ofMillis(50);

    private static int lossyPixels(PictureDecoder picture) {
        int count = 0;
        for (boolean lossy : picture.lossy) {
            count += lossy ? 1 : 0;
        }
        return count;
    }

    private static Frame noise(long seed) {
        int[] pixels = new Random(seed).ints(SIZE * SIZE, 0, 1 << 24).toArray();
        return PaintedFrame.of(SIZE, SIZE, pixels);
    }

    private static final class Shown implements AutoCloseable {
        private final Wire wire = new Wire(RfbOptions.DEFAULTS);
        private final Wire.Client client;
        private final PictureDecoder picture = new PictureDecoder(Wire.WIDTH, Wire.HEIGHT);

        private Shown() throws Exception {
            client = wire.introduced();
            wire.say(client, Bytes.setEncodings(TIGHT_WITH_JPEG));
        }

        /** The client asks, and again after each update; time passes, and what it hears is painted; returns the bytes of it. */
        private int ask(boolean incremental, Duration time) throws Exception {
            wire.say(client, Bytes.request(incremental, 0, 0, Wire.WIDTH, Wire.HEIGHT));
            wire.settle(client);
            int bytes = paint();
            for (Duration passed = Duration.ZERO; passed.compareTo(time) < 0; passed = passed.plus(STEP)) {
                wire.pass(client, STEP);
                int more = paint();
                if (more > 0) {
                    wire.say(client, Bytes.request(true, 0, 0, Wire.WIDTH, Wire.HEIGHT));
                }
                bytes += more;
            }
            return bytes;
        }

        private int paint() throws Exception {
            byte[] heard = wire.hear(client);
            if (heard.length > 0) {
                ByteBuf in = Unpooled.wrappedBuffer(heard);
                assertEquals(0, in.readUnsignedShort());
                picture.read(in, in.readUnsignedShort());
            }
            return heard.length;
        }

        @Override
        public void close() {
            picture.close();
            wire.close();
        }
    }

    @Test
    void aPictureAtRestBecomesExactOnceAndThenNothingIsSent() throws Exception {
        try (Shown shown = new Shown()) {
            shown.wire.guest().draw();
            shown.wire.guest().flip();
            shown.ask(false, Duration.ZERO);
            assertTrue(lossyPixels(shown.picture) > 0, "shown by JPEG first");
            shown.ask(true, Duration.ofMillis(1000));
            assertEquals(0, lossyPixels(shown.picture), "exact after rest");
            for (int y = 0; y < Wire.HEIGHT; y++) {
                for (int x = 0; x < Wire.WIDTH; x++) {
                    assertEquals(shown.wire.guest().shownPixel(x, y) & 0xffffff, shown.picture.number(x, y) & 0xffffff);
                }
            }
            for (int i = 0; i < 5; i++) {
                assertEquals(0, shown.ask(true, Duration.ofSeconds(1)));
            }
        }
    }

    @Test
    void whoDoesNotAskIsSentNothing() throws Exception {
        try (Shown shown = new Shown()) {
            shown.ask(false, Duration.ZERO);
            int lossy = lossyPixels(shown.picture);
            assertTrue(lossy > 0);
            shown.wire.pass(shown.client, Duration.ofSeconds(3));
            assertEquals(0, shown.wire.hear(shown.client).length);
            assertEquals(0, shown.wire.screen.stats().viewers(), "nothing is read for it");
            shown.ask(true, Duration.ofSeconds(1));
            assertEquals(0, lossyPixels(shown.picture));
        }
    }

    /** What a client does not look at is no work, until it does. */
    @Test
    void whatIsOutsideOfTheWantedAreaIsShownExactlyWhenItIsWanted() throws Exception {
        try (Shown shown = new Shown()) {
            shown.ask(false, Duration.ZERO);
            shown.wire.say(shown.client, Bytes.request(true, 0, 0, 8, 8));
            for (int i = 0; i < 40; i++) {
                shown.wire.pass(shown.client, STEP);
                shown.paint();
                shown.wire.say(shown.client, Bytes.request(true, 0, 0, 8, 8));
            }
            assertEquals(Wire.WIDTH * Wire.HEIGHT - 64, lossyPixels(shown.picture));
            shown.ask(true, Duration.ZERO);
            assertEquals(0, lossyPixels(shown.picture));
        }
    }

    @Test
    void whatChangesHasNotComeToRest() {
        Losses losses = new Losses();
        Rectangle still = new Rectangle(0, 0, 10, 10);
        Rectangle moving = new Rectangle(20, 0, 10, 10);
        Rectangle all = new Rectangle(0, 0, SIZE, SIZE);
        losses.lost(still);
        for (int i = 0; i < 4; i++) {
            losses.painted(moving);
            losses.lost(moving);
            losses.age();
        }
        assertEquals(List.of(still), losses.due(all));
        losses.painted(still);
        assertEquals(List.of(), losses.due(all));
        assertTrue(losses.isAgeing());
        losses.age();
        assertEquals(List.of(moving), losses.due(all));
        assertEquals(List.of(new Rectangle(20, 0, 5, 5)), losses.due(new Rectangle(0, 0, 25, 5)));
    }

    @Test
    void aCopyOfWhatIsNotExactIsNotExact() {
        Losses losses = new Losses();
        losses.lost(new Rectangle(0, 0, 10, 10));
        losses.moved(new Move(new Rectangle(25, 35, 20, 20), 5, 5));
        losses.age();
        losses.age();
        assertEquals(
                List.of(new Rectangle(0, 0, 10, 10), new Rectangle(25, 35, 5, 5)),
                losses.due(new Rectangle(0, 0, SIZE, SIZE)));
        losses.moved(new Move(new Rectangle(0, 0, 10, 10), 50, 50));
        assertEquals(List.of(new Rectangle(25, 35, 5, 5)), losses.due(new Rectangle(0, 0, SIZE, SIZE)));
    }

    @Test
    void anEncoderKnowsWhatItLostAndCanDoWithout() {
        ByteBuf out = Unpooled.buffer();
        try (PictureEncoder encoder = new PictureEncoder(true);
                PictureDecoder picture = new PictureDecoder(SIZE, SIZE);
                Frame frame = noise(1)) {
            encoder.use(Arrays.stream(TIGHT_WITH_JPEG).boxed().toList());
            Rectangle all = new Rectangle(0, 0, SIZE, SIZE);
            picture.read(out, encoder.encode(frame, all, out));
            assertEquals(SIZE * SIZE, lossyPixels(picture));
            assertTrue(encoder.losses().isAgeing());
            out.clear();
            picture.read(out, encoder.encodeExactly(frame, all, out));
            assertEquals(0, lossyPixels(picture));
            assertFalse(encoder.losses().isAgeing());
            out.clear();
            picture.read(out, encoder.encode(frame, all, out));
            assertEquals(SIZE * SIZE, lossyPixels(picture), "only once");
        } finally {
            out.release();
        }
    }
}
