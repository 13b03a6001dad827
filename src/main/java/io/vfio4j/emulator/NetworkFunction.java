package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The outside of an Intel 82574L: its BARs are memory without an effect. */
final class NetworkFunction implements PciFunction {
    private static final int REGISTERS_SIZE = 0x2_0000;
    private static final int IO_SIZE = 0x20;
    private static final int TABLE_BAR = 3;
    private static final int TABLE_SIZE = 0x4000;

    private final ByteBuffer registers = ByteBuffer.allocate(REGISTERS_SIZE).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void connect(Interrupts interrupts) {
        // It raises none.
    }

    @Override
    public int vendor() {
        return 0x8086;
    }

    @Override
    public int device() {
        return 0x10d3;
    }

    @Override
    public int classCode() {
        return 0x020000;
    }

    @Override
    public boolean isExpress() {
        return true;
    }

    @Override
    public int msiVectors() {
        return 1;
    }

    @Override
    public int msixVectors() {
        return 5;
    }

    @Override
    public boolean canBeReset() {
        return true;
    }

    @Override
    public int size(int bar) {
        return switch (bar) {
            case Vfio.VFIO_PCI_BAR0_REGION_INDEX, Vfio.VFIO_PCI_BAR1_REGION_INDEX -> REGISTERS_SIZE;
            case Vfio.VFIO_PCI_BAR2_REGION_INDEX -> IO_SIZE;
            case TABLE_BAR -> TABLE_SIZE;
            default -> 0;
        };
    }

    @Override
    public int read(int bar, int offset, int length) {
        if (bar != Vfio.VFIO_PCI_BAR0_REGION_INDEX) {
            return 0;
        }
        return switch (length) {
            case Integer.BYTES -> registers.getInt(offset);
            case Short.BYTES -> registers.getShort(offset);
            default -> registers.get(offset);
        };
    }

    @Override
    public void write(int bar, int offset, int length, int value) {
        if (bar != Vfio.VFIO_PCI_BAR0_REGION_INDEX) {
            return;
        }
        switch (length) {
            case Integer.BYTES -> registers.putInt(offset, value);
            case Short.BYTES -> registers.putShort(offset, (short) value);
            default -> registers.put(offset, (byte) value);
        }
    }

    @Override
    public boolean asserts() {
        return false;
    }

    @Override
    public void reset() {
        registers.put(0, new byte[REGISTERS_SIZE]);
    }
}
