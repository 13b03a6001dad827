package io.vfio4j.frontend.rfb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.CursorStyle;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the server says to what a client says, byte by byte and in virtual time. */
class SessionTest {
    private static final RfbPassword PASSWORD = RfbPassword.of("s3cret");

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] all(boolean incremental) {
        return Bytes.request(incremental, 0, 0, 65535, 65535);
    }

    private static List<String> answer(Wire wire, Wire.Client client, byte[] question) {
        wire.say(client, question);
        wire.settle(client);
        return Heard.of(wire.hear(client));
    }

    private static byte[] serverInit() {
        return Bytes.of()
                .u16(Wire.WIDTH, Wire.HEIGHT)
                .u8(32, 24, 0, 1)
                .u16(255, 255, 255)
                .u8(16, 8, 0, 0, 0, 0)
                .u32(4)
                .raw(ascii("vgpu"))
                .array();
    }

    private static byte[] reason(Bytes before, String reason) {
        return before.u32(reason.length()).raw(ascii(reason)).array();
    }

    // The handshake.

    @Test
    void version38TellsResults() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.connect();
            assertArrayEquals(ascii("RFB 003.008\n"), wire.hear(client));
            wire.say(client, ascii("RFB 003.008\n"));
            assertArrayEquals(new byte[] {1, 1}, wire.hear(client));
            wire.say(client, new byte[] {1});
            assertArrayEquals(new byte[4], wire.hear(client));
            wire.say(client, new byte[] {1});
            wire.settle(client);
            assertArrayEquals(serverInit(), wire.hear(client));
            assertEquals(1, wire.service.stats().accepted());
        }
    }

    @Test
    void version37TellsNoResultWithoutAPassword() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.connect();
            wire.say(client, ascii("RFB 003.007\n"));
            wire.hear(client);
            wire.say(client, new byte[] {1});
            assertArrayEquals(new byte[0], wire.hear(client));
            wire.say(client, new byte[] {0});
            wire.settle(client);
            assertArrayEquals(serverInit(), wire.hear(client));
        }
    }

    @Test
    void version33AndWhatIsBelow37AreToldTheSecurityType() throws Exception {
        for (String version : List.of("RFB 003.003\n", "RFB 003.005\n")) {
            try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
                Wire.Client client = wire.connect();
                wire.hear(client);
                wire.say(client, ascii(version));
                assertArrayEquals(Bytes.of().u32(1).array(), wire.hear(client));
                wire.say(client, new byte[] {0});
                wire.settle(client);
                assertArrayEquals(serverInit(), wire.hear(client));
            }
        }
    }

    @Test
    void laterVersionsOf3Are38AndOthersAreRefusedWithTheReason() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client apple = wire.connect();
            wire.hear(apple);
            wire.say(apple, ascii("RFB 003.889\n"));
            assertArrayEquals(new byte[] {1, 1}, wire.hear(apple));
            Wire.Client later = wire.connect();
            wire.hear(later);
            wire.say(later, ascii("RFB 004.001\n"));
            assertArrayEquals(
                    reason(Bytes.of().u8(0), "version 4.1 of RFB is not spoken here, but 3.3 to 3.8"),
                    wire.hear(later));
            assertFalse(later.isOpen());
            Wire.Client browser = wire.connect();
            wire.hear(browser);
            wire.say(browser, ascii("GE"));
            assertFalse(browser.isOpen(), "it is not waited for the rest");
            assertEquals(2, wire.service.stats().refused());
        }
    }

    @Test
    void oneClientTooManyIsToldSo() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withMaxClients(1))) {
            wire.introduced();
            Wire.Client second = wire.connect();
            wire.hear(second);
            wire.say(second, ascii("RFB 003.008\n"));
            assertArrayEquals(reason(Bytes.of().u8(0), "there are 1 clients already"), wire.hear(second));
            assertFalse(second.isOpen());
        }
    }

    @Test
    void whoDoesNotIntroduceHimselfInTimeHasToGo() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client silent = wire.connect();
            wire.pass(silent, Duration.ofMillis(9_999));
            assertTrue(silent.isOpen());
            wire.pass(silent, Duration.ofMillis(1));
            assertFalse(silent.isOpen());
        }
    }

    @Test
    void strangersAreBoundedAndTheFirstGivesWay() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            List<Wire.Client> strangers = new ArrayList<>();
            for (int i = 0; i < RfbService.MOST_STRANGERS + 10; i++) {
                strangers.add(wire.connect());
                strangers.forEach(wire::settle);
            }
            assertEquals(RfbService.MOST_STRANGERS, wire.service.connections());
            assertFalse(strangers.get(9).isOpen());
            assertTrue(strangers.get(10).isOpen());
        }
    }

    // Passwords.

    private static byte[] guess(Wire wire, Wire.Client client, RfbPassword guess) {
        wire.hear(client);
        wire.say(client, ascii("RFB 003.008\n"));
        byte[] types = wire.hear(client);
        if (types[0] == 0) {
            return types;
        }
        assertArrayEquals(new byte[] {1, 2}, types);
        wire.say(client, new byte[] {2});
        wire.say(client, VncChallenge.encrypted(wire.hear(client), guess));
        return wire.hear(client);
    }

    @Test
    void aWrongPasswordIsRefusedWithAReasonAndTheRightOneIsTaken() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withPassword(PASSWORD))) {
            Wire.Client wrong = wire.connect();
            assertArrayEquals(
                    reason(Bytes.of().u32(1), "the password is wrong"), guess(wire, wrong, RfbPassword.of("S3cret")));
            assertFalse(wrong.isOpen());
            Wire.Client right = wire.connect();
            assertArrayEquals(new byte[4], guess(wire, right, PASSWORD));
            assertTrue(right.isOpen());
        }
    }

    @Test
    void afterSomeWrongPasswordsTheAddressIsRefusedForSomeSeconds() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withPassword(PASSWORD))) {
            for (int i = 0; i < LoginGuard.FREE_FAILURES; i++) {
                guess(wire, wire.connect(), RfbPassword.of("guess" + i));
            }
            String answer = new String(guess(wire, wire.connect(), PASSWORD), StandardCharsets.US_ASCII);
            assertTrue(answer.contains("too many wrong passwords; try again in "), answer);
        }
    }

    @Test
    void theGuardForgivesLaterAndRemembersABoundedNumberOfAddresses() throws Exception {
        LoginGuard guard = new LoginGuard();
        SocketAddress client = new java.net.InetSocketAddress("192.0.2.1", 5);
        for (int i = 0; i < LoginGuard.FREE_FAILURES - 1; i++) {
            guard.failed(client, 0);
        }
        assertEquals(Duration.ZERO, guard.refusal(client, 0));
        guard.failed(client, 0);
        assertEquals(Duration.ofSeconds(10), guard.refusal(client, 0));
        assertEquals(Duration.ZERO, guard.refusal(client, Duration.ofSeconds(10).toNanos()));
        guard.failed(client, Duration.ofSeconds(10).toNanos());
        assertEquals(
                Duration.ofSeconds(20),
                guard.refusal(client, Duration.ofSeconds(10).toNanos()));
        guard.succeeded(client);
        assertEquals(Duration.ZERO, guard.refusal(client, Duration.ofSeconds(10).toNanos()));
        for (int i = 0; i < 3 * LoginGuard.MOST_ADDRESSES; i++) {
            guard.failed(new java.net.InetSocketAddress("10.0." + i / 256 + "." + i % 256, 5), 0);
        }
        assertEquals(LoginGuard.MOST_ADDRESSES, guard.size());
    }

    // Pictures.

    @Test
    void aPictureComesWhenItWasAskedForAndSomethingIsNew() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            assertEquals(List.of("[64x64 at 0,0]"), answer(wire, client, all(false)));
            assertEquals(List.of(), answer(wire, client, all(true)), "nothing has changed");
            wire.guest().draw();
            wire.guest().flip();
            wire.pass(client, Duration.ofMillis(50));
            assertEquals(1, Heard.of(wire.hear(client)).size());
            wire.guest().draw();
            wire.guest().flip();
            wire.pass(client, Duration.ofMillis(50));
            assertEquals(List.of(), Heard.of(wire.hear(client)), "it has not asked again");
            assertEquals(1, answer(wire, client, all(true)).size());
            assertEquals(List.of("[10x5 at 3,4]"), answer(wire, client, Bytes.request(false, 3, 4, 10, 5)));
            assertEquals(List.of("[4x4 at 60,60]"), answer(wire, client, Bytes.request(false, 60, 60, 1000, 1000)));
        }
    }

    @Test
    void whatIsOutsideOfTheWantedAreaIsRemembered() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            assertEquals(List.of("[16x16 at 0,0]"), answer(wire, client, Bytes.request(true, 0, 0, 16, 16)));
            assertEquals(List.of("[64x48 at 0,16, 48x16 at 16,0]"), answer(wire, client, all(true)));
        }
    }

    @Test
    void whoAsksForMoreWhileLessIsEncodedGetsTheRest() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            byte[] both = Bytes.of()
                    .raw(Bytes.request(true, 0, 0, 16, 16))
                    .raw(all(true))
                    .array();
            assertEquals(List.of("[16x16 at 0,0]", "[64x48 at 0,16, 48x16 at 16,0]"), answer(wire, client, both));
        }
    }

    @Test
    void aLargerAreaOfContinuousUpdatesIsFilledAfterANewSize() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -223, -313));
            wire.say(
                    client,
                    Bytes.of().u8(150, 1).u16(0, 0, Wire.WIDTH, Wire.HEIGHT).array());
            wire.settle(client);
            wire.hear(client);
            wire.guest().setMode(80, 72);
            wire.guest().flip();
            wire.pass(client, Duration.ofMillis(50));
            assertEquals(List.of("[size 80x72]", "[64x64 at 0,0]"), Heard.of(wire.hear(client)));
            assertEquals(
                    List.of("[80x8 at 0,64, 16x64 at 64,0]"),
                    answer(wire, client, Bytes.of().u8(150, 1).u16(0, 0, 80, 72).array()));
        }
    }

    @Test
    void theEncodingThatIsUsedIsToldNotTheOneThatIsWished() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(5, 2, 16, 0));
            answer(wire, client, Bytes.of().array());
            wire.say(client, all(false));
            wire.settle(client);
            assertEquals("ZRLE", wire.service.clients().get(0).encoding());
        }
    }

    @Test
    void aClientThatWantsNothingForASecondIsNotReadFor() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            answer(wire, client, all(false));
            assertEquals(1, wire.screen.stats().viewers());
            wire.pass(client, Duration.ofMillis(1100));
            assertEquals(0, wire.screen.stats().viewers());
            wire.guest().draw();
            wire.guest().flip();
            wire.say(client, all(true));
            assertEquals(1, wire.screen.stats().viewers());
            wire.settle(client);
            assertEquals(1, Heard.of(wire.hear(client)).size());
        }
    }

    @Test
    void aNewSizeIsToldFirstAndThePictureFollows() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -223));
            answer(wire, client, all(false));
            wire.say(client, all(true));
            wire.guest().setMode(80, 72);
            wire.guest().flip();
            wire.pass(client, Duration.ofMillis(50));
            assertEquals(List.of("[size 80x72]"), Heard.of(wire.hear(client)));
            assertEquals(List.of("[80x72 at 0,0]"), answer(wire, client, all(true)));
        }
    }

    @Test
    void whoDoesNotKnowSizesGetsTheOldOneWithGroundAroundThePicture() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            answer(wire, client, all(false));
            wire.say(client, all(true));
            wire.guest().setMode(128, 128);
            wire.guest().flip();
            wire.pass(client, Duration.ofMillis(50));
            assertEquals(List.of("[64x64 at 0,0]"), Heard.of(wire.hear(client)));
        }
    }

    @Test
    void coloursOfAMapAreGivenFirst() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(
                    client,
                    Bytes.of()
                            .u8(0, 0, 0, 0, 8, 8, 0, 0)
                            .u16(0, 0, 0)
                            .u8(0, 0, 0, 0, 0, 0)
                            .array());
            wire.say(client, all(false));
            wire.settle(client);
            assertEquals(List.of("map of 256", "[64x64 at 0,0]"), Heard.of(wire.hear(client), 1));
        }
    }

    @Test
    void anImpossiblePixelFormatEndsTheConnection() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(
                    client,
                    Bytes.of()
                            .u8(0, 0, 0, 0, 24, 24, 0, 1)
                            .u16(255, 255, 255)
                            .u8(16, 8, 0, 0, 0, 0)
                            .array());
            assertFalse(client.isOpen());
        }
    }

    @Test
    void unknownMessagesAndExcessiveLengthsEndTheConnection() throws Exception {
        List<byte[]> messages = List.of(
                new byte[] {(byte) 250},
                Bytes.of().u8(2, 0).u16(MessageReader.MOST_ENCODINGS + 1).array(),
                Bytes.of().u8(6, 0, 0, 0).u32(0x7fffffff).array(),
                Bytes.of().u8(6, 0, 0, 0).u32(0x80000000).array(),
                Bytes.of().u8(248, 0, 0, 0).u32(0).u8(65).array());
        for (byte[] message : messages) {
            try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
                Wire.Client client = wire.introduced();
                wire.say(client, message);
                assertFalse(client.isOpen());
            }
        }
    }

    @Test
    void longTextsAndExtendedClipboardsAreReadOver() throws Exception {
        List<String> texts = new ArrayList<>();
        RfbInput input = new RfbInput() {
            @Override
            public void onClipboard(SocketAddress client, String text) {
                texts.add(text);
            }
        };
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withInput(input))) {
            Wire.Client client = wire.introduced();
            wire.say(
                    client, Bytes.of().u8(6, 0, 0, 0).u32(-20).raw(new byte[20]).array());
            wire.say(client, Bytes.of().u8(6, 0, 0, 0).u32(1 << 20).array());
            for (int i = 0; i < 16; i++) {
                wire.say(client, new byte[1 << 16]);
            }
            wire.say(
                    client, Bytes.of().u8(6, 0, 0, 0).u32(5).raw(ascii("hello")).array());
            assertEquals(List.of("hello"), texts);
        }
    }

    // Extensions.

    @Test
    void fencesAreEchoedAndThoseForTheNextMessageAfterIt() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            assertEquals(List.of("fence 3 of 2"), answer(wire, client, Bytes.fence(0x80000003, (byte) 1, (byte) 2)));
            assertEquals(List.of(), answer(wire, client, Bytes.fence(0x80000004)));
            assertEquals(List.of("fence 4 of 0"), answer(wire, client, Bytes.setEncodings(0)));
        }
    }

    @Test
    void continuousUpdatesGoOnUntilTwoFencesAreUnanswered() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            assertEquals(
                    List.of("fence 80000000 of 0", "end of continuous updates"),
                    answer(wire, client, Bytes.setEncodings(0, -312, -313)));
            wire.say(client, Bytes.fence(0));
            assertEquals(
                    List.of("[64x64 at 0,0]", "fence 80000001 of 2"),
                    answer(wire, client, Bytes.of().u8(150, 1).u16(0, 0, 64, 64).array()));
            for (int i = 0; i < 5; i++) {
                wire.guest().draw();
                wire.guest().flip();
                wire.pass(client, Duration.ofMillis(20));
            }
            assertEquals(2, Heard.of(wire.hear(client)).size(), "one update and its fence");
            assertEquals(
                    2, answer(wire, client, Bytes.fence(1, (byte) 0, (byte) 1)).size());
            assertEquals(
                    List.of("end of continuous updates"),
                    answer(wire, client, Bytes.of().u8(150, 0).u16(0, 0, 0, 0).array()));
            assertTrue(wire.service.stats().droppedPictures() > 0);
        }
    }

    private static byte[] setSize(int width, int height) {
        return Bytes.of()
                .u8(251, 0)
                .u16(width, height)
                .u8(1, 0)
                .u32(1)
                .u16(0, 0, width, height)
                .u32(0)
                .array();
    }

    @Test
    void aClientSetsTheGuestsMode() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -308));
            assertEquals(List.of("[size 64x64 by 0, status 0]"), answer(wire, client, all(false)));
            assertEquals(List.of("[64x64 at 0,0]"), answer(wire, client, all(false)));
            wire.say(client, all(true));
            wire.say(client, setSize(640, 480));
            wire.settle(client);
            wire.pass(client, Duration.ofMillis(99));
            assertEquals(List.of(), Heard.of(wire.hear(client)), "the guest has not taken it yet");
            wire.pass(client, Duration.ofMillis(100));
            assertEquals(List.of("[size 640x480 by 1, status 0]"), Heard.of(wire.hear(client)));
            assertEquals(640, wire.guest().width());
            wire.say(client, all(true));
            assertEquals(1, Heard.of(wire.hear(client)).size());
            wire.say(client, all(true));
            assertEquals(List.of("[size 640x480 by 1, status 3]"), answer(wire, client, setSize(20_000, 20_000)));
            wire.say(client, all(true));
            assertEquals(
                    List.of("[size 640x480 by 1, status 3]"),
                    answer(
                            wire,
                            client,
                            Bytes.of().u8(251, 0).u16(100, 100).u8(0, 0).array()));
        }
    }

    @Test
    void whereClientsMayNotResizeTheirWishesAreProhibited() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withResize(false))) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -308));
            answer(wire, client, all(false));
            wire.say(client, all(true));
            wire.settle(client);
            wire.hear(client);
            wire.say(client, all(true));
            assertEquals(List.of("[size 64x64 by 1, status 1]"), answer(wire, client, setSize(640, 480)));
            wire.pass(client, Duration.ofSeconds(1));
            assertEquals(64, wire.guest().width());
        }
    }

    @Test
    void withoutAMonitorTheSizeIsTheGuests() throws Exception {
        try (Wire wire = new Wire(VgpuProfile.MDPY, RfbOptions.DEFAULTS, Long.MAX_VALUE)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -308));
            wire.say(client, all(true));
            wire.settle(client);
            wire.hear(client);
            wire.say(client, all(true));
            wire.settle(client);
            wire.hear(client);
            wire.say(client, all(true));
            List<String> answer = answer(wire, client, setSize(80, 80));
            assertEquals(1, answer.size());
            assertTrue(answer.get(0).endsWith(" by 1, status 1]"), answer.get(0));
        }
    }

    @Test
    void cursorsGoSeparatelyToWhoDrawsThem() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withCursors(CursorStyle.SEPARATE))) {
            Wire.Client client = wire.introduced();
            wire.guest().moveCursor(10, 20);
            wire.guest().cursor();
            wire.say(client, Bytes.setEncodings(0, -239, -232));
            wire.settle(client);
            StringBuilder first = new StringBuilder();
            for (int i = 0; i < 3; i++) {
                wire.say(client, all(true));
                wire.pass(client, Duration.ofMillis(50));
                first.append(Heard.of(wire.hear(client)));
            }
            assertTrue(first.toString().contains("cursor 64x64, pointer "), first::toString);
            wire.say(client, all(true));
            wire.guest().moveCursor(30, 20);
            wire.guest().cursor();
            wire.pass(client, Duration.ofMillis(50));
            List<String> moved = Heard.of(wire.hear(client));
            assertEquals(1, moved.size());
            assertTrue(moved.get(0).endsWith("pointer 30,20]"), moved.get(0));
            assertFalse(moved.get(0).contains(" at "), "no pixels of the picture: " + moved.get(0));
        }
    }

    @Test
    void theNameTellsWhyThereIsNoPicture() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.setEncodings(0, -307));
            answer(wire, client, all(false));
            wire.say(client, all(true));
            wire.screen.detach("vgpu was removed");
            wire.settle(client);
            assertEquals(List.of("[name vgpu was removed]"), Heard.of(wire.hear(client)));
            assertEquals(List.of("[64x64 at 0,0]"), answer(wire, client, all(true)));
        }
    }

    // Input.

    private static final class Typed implements RfbInput {
        private final List<String> notes = new ArrayList<>();

        @Override
        public void onKey(SocketAddress client, int keysym, boolean down) {
            notes.add((down ? "press " : "release ") + keysym);
        }

        @Override
        public void onPointer(SocketAddress client, int x, int y, int buttons) {
            notes.add(x + "," + y + " with " + buttons);
        }
    }

    @Test
    void inputIsHandedOnAndLetGoOfWhenItsClientLeaves() throws Exception {
        Typed typed = new Typed();
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withInput(typed))) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.of().u8(4, 1).u16(0).u32(97).array());
            wire.say(client, Bytes.of().u8(4, 1).u16(0).u32(98).array());
            wire.say(client, Bytes.of().u8(4, 0).u16(0).u32(97).array());
            wire.say(client, Bytes.of().u8(5, 4).u16(7, 60_000).array());
            wire.leave(client);
        }
        assertEquals(
                List.of("press 97", "press 98", "release 97", "7,63 with 4", "release 98", "7,63 with 0"), typed.notes);
    }

    @Test
    void aListenerThatThrowsHarmsNobody() throws Exception {
        RfbInput input = new RfbInput() {
            @Override
            public void onKey(SocketAddress client, int keysym, boolean down) {
                throw new IllegalStateException("on purpose");
            }
        };
        try (Wire wire = new Wire(RfbOptions.DEFAULTS.withInput(input))) {
            Wire.Client client = wire.introduced();
            wire.say(client, Bytes.of().u8(4, 0).u16(0).u32(97).array());
            assertEquals(List.of("[64x64 at 0,0]"), answer(wire, client, all(false)));
            assertEquals(1, wire.errors.size());
            wire.errors.clear();
        }
    }

    // Slow clients.

    @Test
    void aClientThatReadsNothingHoldsOneUpdateAndGetsTheNewestLater() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client slow = wire.introduced();
            Wire.Client quick = wire.introduced();
            slow.stop();
            wire.say(slow, all(false));
            int quickUpdates = 0;
            for (int i = 0; i < 20; i++) {
                wire.say(slow, all(true));
                wire.say(quick, all(true));
                wire.guest().draw();
                wire.guest().flip();
                wire.pass(slow, Duration.ofMillis(20));
                wire.settle(quick);
                quickUpdates += Heard.of(wire.hear(quick)).size();
            }
            assertTrue(quickUpdates >= 20, "others get theirs: " + quickUpdates);
            assertTrue(slow.unsafe().outboundBuffer().totalPendingWriteBytes() < 20_000, "one update is held");
            slow.goOn();
            wire.settle(slow);
            assertEquals(2, Heard.of(wire.hear(slow)).size(), "what was held, and the newest");
            assertTrue(wire.service.stats().droppedPictures() > 10);
        }
    }

    @Test
    void aClientMayStopFor30SecondsButNotForLong() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            client.stop();
            wire.say(client, all(false));
            for (int i = 0; i < 30; i++) {
                wire.pass(client, Duration.ofSeconds(1));
            }
            assertTrue(client.isOpen());
            client.goOn();
            wire.settle(client);
            assertEquals(1, Heard.of(wire.hear(client)).size());
            client.stop();
            wire.say(client, all(false));
            for (int i = 0; i < 80; i++) {
                wire.pass(client, Duration.ofSeconds(1));
            }
            assertFalse(client.isOpen());
        }
    }

    @Test
    void whoDoesNotReadAnswersIsNotListenedTo() throws Exception {
        try (Wire wire = new Wire(RfbOptions.DEFAULTS)) {
            Wire.Client client = wire.introduced();
            client.stop();
            byte[] payload = new byte[64];
            for (int i = 0; i < 2000; i++) {
                wire.say(client, Bytes.fence(1 << 31, payload));
                if (!client.config().isAutoRead()) {
                    break;
                }
            }
            assertFalse(client.config().isAutoRead());
            assertTrue(client.unsafe().outboundBuffer().totalPendingWriteBytes() < 300_000);
            client.goOn();
            wire.settle(client);
            assertTrue(client.config().isAutoRead());
        }
    }

    @Test
    void whereMemoryIsShortUpdatesAreSmallAndStillComplete() throws Exception {
        try (Wire wire = new Wire(VgpuProfile.V5, RfbOptions.DEFAULTS, 0)) {
            wire.guest().setMode(1024, 768);
            wire.guest().flip();
            Wire.Client client = wire.introduced();
            int updates = 0;
            int pixels = 0;
            while (pixels < 1024 * 768) {
                List<String> heard = answer(wire, client, all(true));
                assertEquals(1, heard.size(), "after " + pixels + " pixels");
                for (String part : heard.get(0).substring(1).split("[], ]+")) {
                    if (part.matches("\\d+x\\d+")) {
                        pixels += Integer.parseInt(part.split("x")[0]) * Integer.parseInt(part.split("x")[1]);
                    }
                }
                updates++;
            }
            assertEquals(1024 * 768, pixels);
            assertTrue(updates > 1);
            assertEquals(List.of(), answer(wire, client, all(true)));
        }
    }
}
