package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.MalformedReplyException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class CapabilityTest {
    private static final int INFO = 20;

    private final ByteBuffer reply = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);

    private void header(int at, int id, int version, int next) {
        reply.putShort(at, (short) id).putShort(at + 2, (short) version).putInt(at + 4, next);
    }

    private List<Capability> walk(int first) throws MalformedReplyException {
        return Capability.chain(reply.array(), first, INFO, "GET", "device");
    }

    @Test
    void noOffsetMeansNoCapabilities() throws Exception {
        assertEquals(List.of(), walk(0));
    }

    @Test
    void aChainIsReadInItsOwnOrderAtAnyAlignment() throws Exception {
        header(61, 7, 3, 20);
        header(20, 9, 1, 0);
        List<Capability> found = walk(61);
        assertEquals(List.of(7, 9), found.stream().map(Capability::id).toList());
        assertEquals(41, found.get(1).bytes().size());
        assertEquals(67, found.get(0).bytes().size());
    }

    @Test
    void idsAreUnsigned() throws Exception {
        header(20, 0xfffe, 0xffff, 0);
        assertEquals(0xfffe, walk(20).get(0).id());
        assertEquals(0xffff, walk(20).get(0).version());
    }

    @Test
    void anOffsetInsideTheInfoOrBehindTheReplyIsMalformed() {
        for (int first : new int[] {1, 8, 19, 121, 128, 4096, 0x7fff_ffff, 0x8000_0000, -1}) {
            assertThrows(MalformedReplyException.class, () -> walk(first), () -> "first " + first);
        }
    }

    @Test
    void theLastEightBytesAreACapability() throws Exception {
        header(120, 1, 1, 0);
        assertEquals(8, walk(120).get(0).bytes().size());
    }

    @Test
    void aChainThatComesRoundIsMalformed() {
        header(20, 1, 1, 40);
        header(40, 2, 1, 20);
        MalformedReplyException e = assertThrows(MalformedReplyException.class, () -> walk(20));
        assertTrue(e.getMessage().contains("comes round"), e.getMessage());
        header(20, 1, 1, 20);
        assertThrows(MalformedReplyException.class, () -> walk(20));
    }

    @Test
    void capabilitiesThatOverlapAreMalformed() {
        header(20, 1, 1, 24);
        header(24, 24, 0, 0);
        assertThrows(MalformedReplyException.class, () -> walk(20));
    }

    @Test
    void randomBytesAreReadOrRefusedButNeverHangOrLeaveTheReply(TestReporter reporter) {
        long seed = new Random().nextLong();
        reporter.publishEntry("seed", Long.toString(seed));
        Random random = new Random(seed);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[20 + random.nextInt(200)];
            random.nextBytes(bytes);
            // Small offsets, so that many chains go on for a while.
            for (int at = 7; at < bytes.length; at++) {
                if (random.nextInt(3) > 0) {
                    bytes[at] = 0;
                }
            }
            try {
                for (Capability capability :
                        Capability.chain(bytes, random.nextInt(bytes.length + 8), INFO, "GET", "device")) {
                    assertTrue(capability.offset() >= INFO, () -> "seed " + seed);
                    assertTrue(capability.offset() + capability.bytes().size() <= bytes.length, () -> "seed " + seed);
                }
            } catch (MalformedReplyException refused) {
                assertEquals(bytes.length, refused.reply().length);
            }
        }
    }
}
