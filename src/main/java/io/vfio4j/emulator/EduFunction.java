package io.vfio4j.emulator;

/**
 * QEMU's edu (docs/specs/edu.rst): identification, a register that inverts, one that computes factorials at once, and interrupts on
 * demand. Its DMA engine is left out.
 */
final class EduFunction implements PciFunction {
    private static final int SIZE = 0x10_0000;
    private static final int IDENTIFICATION = 0x00;
    private static final int LIVENESS = 0x04;
    private static final int FACTORIAL = 0x08;
    private static final int STATUS = 0x20;
    private static final int INTERRUPT_STATUS = 0x24;
    private static final int INTERRUPT_RAISE = 0x60;
    private static final int INTERRUPT_ACKNOWLEDGE = 0x64;

    /** Major and minor version, and the device's mark. */
    private static final int IDENTITY = 0x0100_00ed;

    private static final int INTERRUPT_AFTER_FACTORIAL = 0x80;
    private static final int FACTORIAL_INTERRUPT = 1;

    private Interrupts interrupts = Interrupts.NONE;
    private int liveness;
    private int factorial;
    private int status;
    private int pending;

    @Override
    public void connect(Interrupts line) {
        interrupts = line;
    }

    @Override
    public int vendor() {
        return 0x1234;
    }

    @Override
    public int device() {
        return 0x11e8;
    }

    @Override
    public int classCode() {
        return 0x00ff00;
    }

    @Override
    public boolean isExpress() {
        return false;
    }

    @Override
    public int msiVectors() {
        return 1;
    }

    @Override
    public int msixVectors() {
        return 0;
    }

    @Override
    public boolean canBeReset() {
        return false;
    }

    @Override
    public int size(int bar) {
        return bar == 0 ? SIZE : 0;
    }

    @Override
    public int read(int bar, int offset, int length) {
        if (length != Integer.BYTES) {
            return -1;
        }
        return switch (offset) {
            case IDENTIFICATION -> IDENTITY;
            case LIVENESS -> liveness;
            case FACTORIAL -> factorial;
            case STATUS -> status;
            case INTERRUPT_STATUS -> pending;
            default -> -1;
        };
    }

    @Override
    public void write(int bar, int offset, int length, int value) {
        if (length != Integer.BYTES) {
            return;
        }
        switch (offset) {
            case LIVENESS -> liveness = ~value;
            case FACTORIAL -> compute(value);
            case STATUS -> status = value & INTERRUPT_AFTER_FACTORIAL;
            case INTERRUPT_RAISE -> raise(value);
            case INTERRUPT_ACKNOWLEDGE -> pending &= ~value;
            default -> {
                // Nothing is there.
            }
        }
    }

    private void compute(int value) {
        int product = 1;
        // From 34 on there are so many factors of two that nothing else is left of 32 bits.
        for (int factor = 2; factor > 0 && factor <= Math.min(Integer.toUnsignedLong(value), 34); factor++) {
            product *= factor;
        }
        factorial = product;
        if ((status & INTERRUPT_AFTER_FACTORIAL) != 0) {
            raise(FACTORIAL_INTERRUPT);
        }
    }

    private void raise(int bits) {
        pending |= bits;
        if (pending != 0) {
            interrupts.raise();
        }
    }

    @Override
    public boolean asserts() {
        return pending != 0;
    }

    @Override
    public void reset() {
        liveness = 0;
        factorial = 0;
        status = 0;
        pending = 0;
    }
}
