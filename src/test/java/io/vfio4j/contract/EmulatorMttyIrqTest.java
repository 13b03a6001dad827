package io.vfio4j.contract;

import io.vfio4j.emulator.PeripheralKind;

/** mtty as of Linux 6.12, on the emulated host. */
class EmulatorMttyIrqTest extends IrqContract {
    @Override
    TestIrqDevice openDevice() {
        return new EmulatorIrqDevice(PeripheralKind.MTTY, new MttyRegisters());
    }
}
