package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListenAddressTest {
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:5900, 127.0.0.1, 5900",
        "5901, 127.0.0.1, 5901",
        "0, 127.0.0.1, 0",
        "0.0.0.0:5900, 0.0.0.0, 5900",
        "255.255.255.255:65535, 255.255.255.255, 65535",
        "localhost:1, localhost, 1",
        "vm-host_1.example.org:5900, vm-host_1.example.org, 5900",
        "[::1]:5900, ::1, 5900",
        "[::]:0, ::, 0",
        "[fe80::1%eth0]:5900, fe80::1%eth0, 5900",
        "[::ffff:127.0.0.1]:5900, ::ffff:127.0.0.1, 5900"
    })
    void anAddressIsAHostAndAPort(String text, String host, int port) {
        ListenAddress address = ListenAddress.parse(text);
        assertEquals(host, address.host());
        assertEquals(port, address.port());
        assertEquals(address, ListenAddress.parse(address.toString()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                ":5900",
                "[]:5900",
                "host:",
                "host",
                "127.0.0.1",
                "127.0.0.1:65536",
                "127.0.0.1:-1",
                "127.0.0.1:+5900",
                "127.0.0.1:0x10",
                "127.0.0.1:99999999999999999999",
                "127.0.0.1: 5900",
                "127.1:5900",
                "127.0.0.256:5900",
                "127.0.0.1.:5900",
                "1.2.3.4.5:5900",
                "::1:5900",
                "[::1]5900",
                "[::1:5900",
                "[127.0.0.1]:5900",
                "[localhost]:5900",
                "a b:5900",
                "host..name:5900",
                "-host:5900",
                "h\u00f6st:5900",
                "\u0661\u0662:\u0663",
                "*:5900",
                "http://localhost:5900",
                "user@host:5900",
                "host:5900\n",
                "host\u0000:5900"
            })
    void nonsenseIsRefusedWithASentence(String text) {
        String sentence = assertThrows(IllegalArgumentException.class, () -> ListenAddress.parse(text))
                .getMessage();
        assertTrue(sentence.startsWith("'"), sentence);
        assertTrue(sentence.contains(" is no "), sentence);
        assertFalse(sentence.chars().anyMatch(Character::isISOControl), sentence);
    }

    @Test
    void bracketsAreSuggestedWhereTheyAreMissing() {
        assertEquals(
                "'::1:5900' is no address; write HOST:PORT, [IPV6]:PORT, or PORT for 127.0.0.1: an IPv6 address is in brackets,"
                        + " as in [::1]:5900",
                assertThrows(IllegalArgumentException.class, () -> ListenAddress.parse("::1:5900"))
                        .getMessage());
    }

    @Test
    void portsFollowOneAnother() {
        ListenAddress last = ListenAddress.parse("65534");
        assertEquals("127.0.0.1:65535", last.plus(1).toString());
        assertTrue(last.hasRoomFor(2));
        assertFalse(last.hasRoomFor(3));
        assertEquals(0, ListenAddress.parse("0").plus(7).port());
        assertTrue(ListenAddress.parse("0").hasRoomFor(100_000));
    }

    @Test
    void aHostIsLookedUp() throws IOException {
        assertTrue(ListenAddress.parse("[::1]:5900").resolve().getAddress().isLoopbackAddress());
        assertEquals("127.0.0.1:7", ListenAddress.text(ListenAddress.parse("7").resolve()));
        assertEquals(
                "[0:0:0:0:0:0:0:1]:7",
                ListenAddress.text(ListenAddress.parse("[::1]:7").resolve()));
        String sentence = assertThrows(
                        IOException.class,
                        () -> ListenAddress.parse("no-such-host.invalid:5900").resolve())
                .getMessage();
        assertEquals("there is no host 'no-such-host.invalid' to listen on", sentence);
    }
}
