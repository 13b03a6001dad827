package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.SerialRegs;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;

/** The kernel's sample device mtty: a 16550 in BAR0, a byte at a time, whose output comes back as input. */
final class MttyRegisters implements TestIrqDevice.Registers {
    static void write(VfioDevice device, int register, int value) throws IOException {
        try (NativeMemory octet = device.systemCalls().allocate(1)) {
            octet.putByte(0, value);
            assertEquals(1, device.write(device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX), register, octet, 1));
        }
    }

    static int read(VfioDevice device, int register) throws IOException {
        try (NativeMemory octet = device.systemCalls().allocate(1)) {
            assertEquals(1, device.read(device.region(Vfio.VFIO_PCI_BAR0_REGION_INDEX), register, octet, 1));
            return octet.getByte(0);
        }
    }

    @Override
    public void prepare(VfioDevice device) {
        // It needs none.
    }

    /** "The transmitter is empty" is enabled as a reason to interrupt, and true. */
    @Override
    public void raise(VfioDevice device) throws IOException {
        write(device, SerialRegs.UART_IER, SerialRegs.UART_IER_THRI);
    }

    @Override
    public void acknowledge(VfioDevice device) throws IOException {
        write(device, SerialRegs.UART_IER, 0);
    }

    @Override
    public boolean keepsItsLine() {
        return false;
    }

    @Override
    public boolean isUnmaskedByEventFd() {
        return false;
    }
}
