package io.vfio4j.contract;

import java.io.ByteArrayOutputStream;

/**
 * The few instructions of a guest in real mode, assembled by hand: 16-bit code in segment 0, data segments that reach up to the
 * interrupt controllers below 4 GiB.
 */
final class GuestCode {
    static final long LOCAL_APIC = 0xfee0_0000L;

    private static final long IOAPIC = 0xfec0_0000L;
    private static final int APIC_EOI = 0xb0;
    private static final int APIC_SPURIOUS = 0xf0;
    private static final int APIC_ENABLED = 0x1ff;
    private static final int IOAPIC_DATA = 0x10;
    private static final int IOAPIC_REDIRECTION = 0x10;
    private static final int IOAPIC_LEVEL = 1 << 15;
    private static final int PIC_COMMAND = 0x20;
    private static final int PIC_DATA = 0x21;
    private static final int PIC_EDGE_OR_LEVEL = 0x4d0;
    private static final int PIC_END = 0x20;
    private static final int AX = 0x50;

    /** The vector of the first PIC's pin 0. */
    static final int PIC_BASE = 0x20;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    private GuestCode bytes(int... bytes) {
        for (int each : bytes) {
            code.write(each);
        }
        return this;
    }

    private GuestCode little(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            code.write((int) (value >>> (8 * i)));
        }
        return this;
    }

    byte[] assembled() {
        return code.toByteArray();
    }

    /** {@code mov dword [address], value}, both of 32 bits. */
    private GuestCode store(long address, long value) {
        return bytes(0x66, 0x67, 0xc7, 0x05).little(address, 4).little(value, 4);
    }

    /** {@code mov dx, port; mov al, value; out dx, al}. */
    GuestCode out(int port, int value) {
        return bytes(0xba).little(port, 2).bytes(0xb0, value, 0xee);
    }

    /** {@code inc dword [address]}. */
    GuestCode count(int address) {
        return bytes(0x66, 0xff, 0x06).little(address, 2);
    }

    /** {@code mov byte [address], 1}. */
    GuestCode mark(int address) {
        return bytes(0xc6, 0x06).little(address, 2).bytes(1);
    }

    /** {@code cli}. */
    GuestCode disableInterrupts() {
        return bytes(0xfa);
    }

    /** {@code sti; hlt; jmp} back to the {@code hlt}. */
    GuestCode waitForInterrupts() {
        return bytes(0xfb, 0xf4, 0xeb, 0xfd);
    }

    /** {@code hlt; jmp} back to it, with interrupts off. */
    GuestCode stop() {
        return bytes(0xfa, 0xf4, 0xeb, 0xfd);
    }

    GuestCode enableLocalApic() {
        return store(LOCAL_APIC + APIC_SPURIOUS, APIC_ENABLED);
    }

    /** Initialises the first PIC, with one pin unmasked. */
    GuestCode setUpPic(int pin, boolean level) {
        out(PIC_COMMAND, 0x11).out(PIC_DATA, PIC_BASE).out(PIC_DATA, 4).out(PIC_DATA, 1);
        return out(PIC_EDGE_OR_LEVEL, level ? 1 << pin : 0).out(PIC_DATA, ~(1 << pin) & 0xff);
    }

    /** Leads a pin of the IOAPIC to a vector of the only local APIC. */
    GuestCode setUpIoapic(int pin, int vector, boolean level) {
        int register = IOAPIC_REDIRECTION + 2 * pin;
        store(IOAPIC, register + 1L).store(IOAPIC + IOAPIC_DATA, 0);
        return store(IOAPIC, register).store(IOAPIC + IOAPIC_DATA, vector | (level ? IOAPIC_LEVEL : 0));
    }

    /** EOI to the PIC; DX and AX are those of before. */
    GuestCode endOfPicInterrupt() {
        return bytes(AX, AX + 2).out(PIC_COMMAND, PIC_END).bytes(AX + 2 + 8, AX + 8);
    }

    GuestCode endOfApicInterrupt() {
        return store(LOCAL_APIC + APIC_EOI, 0);
    }

    /** {@code iret}. */
    GuestCode returnFromInterrupt() {
        return bytes(0xcf);
    }
}
