package io.vfio4j.kvm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.kvm.guest.GuestCode.Hypercall;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The bytes are those that GNU as makes of the instructions with {@code .code16}. */
class GuestCodeTest {
    private static String bytes(GuestCode code) {
        return HexFormat.of().formatHex(code.assembled());
    }

    @Test
    void instructionsAreThoseOfTheManual() {
        assertEquals("6667c705b000e0fe00000000", bytes(new GuestCode().store(0xfee0_00b0L, 0)));
        assertEquals("bae000b007ee", bytes(new GuestCode().out(0xe0, 7)));
        assertEquals("66ff060009", bytes(new GuestCode().count(0x900)));
        assertEquals("c606000501", bytes(new GuestCode().mark(0x500)));
        assertEquals("fa", bytes(new GuestCode().disableInterrupts()));
        assertEquals("fbf4ebfd", bytes(new GuestCode().waitForInterrupts()));
        assertEquals("faf4ebfd", bytes(new GuestCode().stop()));
        assertEquals("fbebfe", bytes(new GuestCode().spin()));
        assertEquals(
                "66b80b00000066bb020000000f01c166a34005",
                bytes(new GuestCode().hypercall(Hypercall.VMCALL, 11, 2, 0x540)));
        assertEquals(
                "66b80b00000066bb020000000f01d966a34005",
                bytes(new GuestCode().hypercall(Hypercall.VMMCALL, 11, 2, 0x540)));
        assertEquals("f39066833e00050175f6", bytes(new GuestCode().spinUntil(0x500, 1)));
        assertEquals("66ff060009ebf9", bytes(new GuestCode().loop(new GuestCode().count(0x900))));
        assertEquals(
                "5052bae000b000ee6667c705b000e0fe000000005a58cf",
                bytes(GuestCode.handler(new GuestCode().out(0xe0, 0))));
    }

    @Test
    void codeIsPutTogether() {
        assertEquals("fafbebfe", bytes(new GuestCode().disableInterrupts().then(new GuestCode().spin())));
    }

    @Test
    void aLoopThatAShortJumpCannotCloseIsRefused() {
        GuestCode body = new GuestCode();
        for (int i = 0; i < 126; i++) {
            body.disableInterrupts();
        }
        assertEquals(128, new GuestCode().loop(body).assembled().length);
        assertEquals((byte) -128, new GuestCode().loop(body).assembled()[127]);
        body.disableInterrupts();
        assertThrows(IllegalArgumentException.class, () -> new GuestCode().loop(body));
    }
}
