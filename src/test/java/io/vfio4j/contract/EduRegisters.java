package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.PciRegs;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;

/** QEMU's device edu (docs/specs/edu.rst of QEMU): BAR0, 32 bits at a time. */
final class EduRegisters implements TestIrqDevice.Registers {
    static final int IDENTIFICATION = 0x00;
    static final int LIVENESS = 0x04;
    static final int INTERRUPT_STATUS = 0x24;
    static final int INTERRUPT_RAISE = 0x60;
    static final int INTERRUPT_ACKNOWLEDGE = 0x64;
    private static final int REASON = 0x10;

    static int read(VfioDevice device, int register) throws IOException {
        try (NativeMemory word = device.systemCalls().allocate(Integer.BYTES)) {
            RegionInfo bar = device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX);
            assertEquals(Integer.BYTES, device.read(bar, register, word, Integer.BYTES));
            return word.getInt(0);
        }
    }

    static void write(VfioDevice device, int register, int value) throws IOException {
        try (NativeMemory word = device.systemCalls().allocate(Integer.BYTES)) {
            word.putInt(0, value);
            RegionInfo bar = device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX);
            assertEquals(Integer.BYTES, device.write(bar, register, word, Integer.BYTES));
        }
    }

    static int command(VfioDevice device) throws IOException {
        try (NativeMemory half = device.systemCalls().allocate(Short.BYTES)) {
            RegionInfo config = device.region(Vfio.VFIO_PCI_CONFIG_REGION_INDEX);
            assertEquals(Short.BYTES, device.read(config, PciRegs.PCI_COMMAND, half, Short.BYTES));
            return half.getShort(0);
        }
    }

    static void setCommand(VfioDevice device, int value) throws IOException {
        try (NativeMemory half = device.systemCalls().allocate(Short.BYTES)) {
            half.putShort(0, value);
            RegionInfo config = device.region(Vfio.VFIO_PCI_CONFIG_REGION_INDEX);
            assertEquals(Short.BYTES, device.write(config, PciRegs.PCI_COMMAND, half, Short.BYTES));
        }
    }

    /** Messages are writes to memory, which a device makes only as bus master. */
    @Override
    public void prepare(VfioDevice device) throws IOException {
        setCommand(device, command(device) | PciRegs.PCI_COMMAND_MASTER);
        acknowledge(device);
    }

    @Override
    public void raise(VfioDevice device) throws IOException {
        write(device, INTERRUPT_RAISE, REASON);
    }

    @Override
    public void acknowledge(VfioDevice device) throws IOException {
        write(device, INTERRUPT_ACKNOWLEDGE, -1);
    }

    @Override
    public boolean keepsItsLine() {
        return true;
    }

    @Override
    public boolean isUnmaskedByEventFd() {
        return true;
    }
}
