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
    private static final int APIC_IN_SERVICE = 0x100;
    private static final int APIC_SPURIOUS = 0xf0;
    private static final int APIC_ENABLED = 0x1ff;
    private static final int IOAPIC_DATA = 0x10;
    private static final int IOAPIC_REDIRECTION = 0x10;
    private static final int IOAPIC_LEVEL = 1 << 15;
    private static final int PIC_COMMAND = 0x20;
    private static final int PIC_DATA = 0x21;
    private static final int PIC_EDGE_OR_LEVEL = 0x4d0;
    private static final int PIC_END = 0x20;
    private static final int PIC_READ_IN_SERVICE = 0x0b;
    private static final int PUSH_AX = 0x50;
    private static final int PUSH_DX = 0x52;
    private static final int POP_AX = 0x58;
    private static final int POP_DX = 0x5a;
    private static final int IRET = 0xcf;

    /** The vector of the first PIC's pin 0. */
    static final int PIC_BASE = 0x20;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();

    private GuestCode bytes(int... bytes) {
        for (int each : bytes) {
            code.write(each);
        }
        return this;
    }

    private GuestCode bytes(byte[] bytes) {
        code.writeBytes(bytes);
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
    GuestCode store(long address, long value) {
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

    /**
     * A handler of an interrupt by the first PIC: if it is in service there, has the device take it back, counts it and ends it. An
     * interrupt that no
     * controller has in service is not one: QEMU's emulation of SVM delivers, once in a thousand times, what KVM has injected
     * a second time, as an exception with the same vector.
     */
    static GuestCode picHandler(int vector, int counter, GuestCode acknowledge) {
        GuestCode taken =
                new GuestCode().bytes(acknowledge.assembled()).count(counter).out(PIC_COMMAND, PIC_END);
        return new GuestCode()
                .bytes(PUSH_AX, PUSH_DX)
                .out(PIC_COMMAND, PIC_READ_IN_SERVICE)
                // in al, dx; test al, 1 << pin
                .bytes(0xec, 0xa8, 1 << (vector - PIC_BASE))
                .unlessZero(taken)
                .bytes(POP_DX, POP_AX, IRET);
    }

    /** The same for an interrupt by the local APIC. */
    static GuestCode apicHandler(int vector, int counter, GuestCode acknowledge) {
        GuestCode taken =
                new GuestCode().bytes(acknowledge.assembled()).count(counter).store(LOCAL_APIC + APIC_EOI, 0);
        long inService = LOCAL_APIC + APIC_IN_SERVICE + 0x10L * (vector / Integer.SIZE);
        return new GuestCode()
                // test dword [address], 1 << vector
                .bytes(0x66, 0x67, 0xf7, 0x05)
                .little(inService, 4)
                .little(1L << (vector % Integer.SIZE), 4)
                .unlessZero(taken)
                .bytes(IRET);
    }

    /** {@code jz} over the code. */
    private GuestCode unlessZero(GuestCode then) {
        byte[] skipped = then.assembled();
        return bytes(0x74, skipped.length).bytes(skipped);
    }
}
