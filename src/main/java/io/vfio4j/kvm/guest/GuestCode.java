package io.vfio4j.kvm.guest;

import java.io.ByteArrayOutputStream;

/**
 * The few instructions of a guest in real mode, assembled by hand: 16-bit code in segment 0, data segments that reach up to the
 * interrupt controllers below 4 GiB. The methods add to the code, and return it.
 */
public final class GuestCode {
    /** Where a guest finds the local APIC of its processor. */
    public static final long LOCAL_APIC = 0xfee0_0000L;

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
    /** A jump of two bytes goes back 128 at most. */
    private static final int LONGEST_LOOP = 126;

    /** The vector of the first PIC's pin 0. */
    public static final int PIC_BASE = 0x20;

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

    /**
     * Adds other code.
     *
     * @param other what comes next
     * @return this
     */
    public GuestCode then(GuestCode other) {
        return bytes(other.assembled());
    }

    /**
     * The machine code.
     *
     * @return a new array
     */
    public byte[] assembled() {
        return code.toByteArray();
    }

    /**
     * {@code mov dword [address], value}, both of 32 bits.
     *
     * @param address where in the guest's memory
     * @param value the low 32 bits are stored
     * @return this
     */
    public GuestCode store(long address, long value) {
        return bytes(0x66, 0x67, 0xc7, 0x05).little(address, 4).little(value, 4);
    }

    /**
     * {@code mov dx, port; mov al, value; out dx, al}.
     *
     * @param port 0 to 0xffff
     * @param value 0 to 255
     * @return this
     */
    public GuestCode out(int port, int value) {
        return bytes(0xba).little(port, 2).bytes(0xb0, value, 0xee);
    }

    /**
     * {@code inc dword [address]}.
     *
     * @param address below 64 KiB
     * @return this
     */
    public GuestCode count(int address) {
        return bytes(0x66, 0xff, 0x06).little(address, 2);
    }

    /**
     * {@code mov byte [address], 1}.
     *
     * @param address below 64 KiB
     * @return this
     */
    public GuestCode mark(int address) {
        return bytes(0xc6, 0x06).little(address, 2).bytes(1);
    }

    /**
     * {@code cli}.
     *
     * @return this
     */
    public GuestCode disableInterrupts() {
        return bytes(0xfa);
    }

    /**
     * {@code sti; hlt; jmp} back to the {@code hlt}.
     *
     * @return this
     */
    public GuestCode waitForInterrupts() {
        return bytes(0xfb, 0xf4, 0xeb, 0xfd);
    }

    /**
     * {@code cli; hlt; jmp} back to it, with interrupts off.
     *
     * @return this
     */
    public GuestCode stop() {
        return bytes(0xfa, 0xf4, 0xeb, 0xfd);
    }

    /**
     * Has the local APIC take interrupts.
     *
     * @return this
     */
    public GuestCode enableLocalApic() {
        return store(LOCAL_APIC + APIC_SPURIOUS, APIC_ENABLED);
    }

    /**
     * Initialises the first PIC, with one pin unmasked.
     *
     * @param pin which, 0 to 7
     * @param level whether it is level-triggered
     * @return this
     */
    public GuestCode setUpPic(int pin, boolean level) {
        out(PIC_COMMAND, 0x11).out(PIC_DATA, PIC_BASE).out(PIC_DATA, 4).out(PIC_DATA, 1);
        return out(PIC_EDGE_OR_LEVEL, level ? 1 << pin : 0).out(PIC_DATA, ~(1 << pin) & 0xff);
    }

    /**
     * Leads a pin of the IOAPIC to a vector of the first local APIC.
     *
     * @param pin which
     * @param vector where to
     * @param level whether it is level-triggered
     * @return this
     */
    public GuestCode setUpIoapic(int pin, int vector, boolean level) {
        int register = IOAPIC_REDIRECTION + 2 * pin;
        store(IOAPIC, register + 1L).store(IOAPIC + IOAPIC_DATA, 0);
        return store(IOAPIC, register).store(IOAPIC + IOAPIC_DATA, vector | (level ? IOAPIC_LEVEL : 0));
    }

    /**
     * A handler of an interrupt by the first PIC: if it is in service there, has the device take it back, counts it and ends it. An
     * interrupt that no controller has in service is not one: QEMU's emulation of SVM delivers, once in a thousand times, what KVM
     * has injected a second time, as an exception with the same vector.
     *
     * @param vector of the interrupt
     * @param counter where it is counted
     * @param acknowledge what has the device take it back
     * @return the handler
     */
    public static GuestCode picHandler(int vector, int counter, GuestCode acknowledge) {
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

    /**
     * The same for an interrupt by the local APIC.
     *
     * @param vector of the interrupt
     * @param counter where it is counted
     * @param acknowledge what has the device take it back
     * @return the handler
     */
    public static GuestCode apicHandler(int vector, int counter, GuestCode acknowledge) {
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

    /**
     * A handler of an interrupt by the local APIC that does what it does and ends the interrupt, without asking the APIC whether it
     * is in service: not every KVM tells.
     *
     * @param work what it does; may use AX and DX
     * @return the handler
     */
    public static GuestCode handler(GuestCode work) {
        return new GuestCode()
                .bytes(PUSH_AX, PUSH_DX)
                .then(work)
                .store(LOCAL_APIC + APIC_EOI, 0)
                .bytes(POP_DX, POP_AX, IRET);
    }

    /**
     * {@code sti; jmp} to itself: busy, and open to interrupts.
     *
     * @return this
     */
    public GuestCode spin() {
        return bytes(0xfb, 0xeb, 0xfe);
    }

    /**
     * {@code mov eax, number; mov ebx, argument}, the hypercall, {@code mov [result], eax}.
     *
     * @param instruction as the host's processor has it
     * @param number of the hypercall
     * @param argument its first
     * @param result where its answer goes, below 64 KiB
     * @return this
     */
    public GuestCode hypercall(Hypercall instruction, int number, int argument, int result) {
        bytes(0x66, 0xb8)
                .little(number, 4)
                .bytes(0x66, 0xbb)
                .little(argument, 4)
                .bytes(instruction.code);
        return bytes(0x66, 0xa3).little(result, 2);
    }

    /** How a guest calls its host. */
    public enum Hypercall {
        /** Of Intel's processors. */
        VMCALL(0xc1),
        /** Of AMD's. */
        VMMCALL(0xd9);

        private final int[] code;

        Hypercall(int last) {
            code = new int[] {0x0f, 0x01, last};
        }
    }

    /**
     * {@code pause; cmp dword [address], value; jne} back: spins until another vCPU has stored the value.
     *
     * @param address below 64 KiB
     * @param value -128 to 127
     * @return this
     */
    public GuestCode spinUntil(int address, int value) {
        return bytes(0xf3, 0x90, 0x66, 0x83, 0x3e).little(address, 2).bytes(value, 0x75, -10);
    }

    /**
     * Does it again and again.
     *
     * @param body what, at most 126 bytes
     * @return this
     */
    public GuestCode loop(GuestCode body) {
        byte[] repeated = body.assembled();
        if (repeated.length > LONGEST_LOOP) {
            throw new IllegalArgumentException("a loop of " + repeated.length + " bytes");
        }
        return bytes(repeated).bytes(0xeb, -2 - repeated.length);
    }

    /** {@code jz} over the code. */
    private GuestCode unlessZero(GuestCode then) {
        byte[] skipped = then.assembled();
        return bytes(0x74, skipped.length).bytes(skipped);
    }
}
