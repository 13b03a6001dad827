package io.vfio4j.contract;

import io.vfio4j.emulator.PeripheralKind;

/** edu behind vfio-pci, on the emulated host. */
class EmulatorEduIrqTest extends IrqContract {
    @Override
    TestIrqDevice openDevice() {
        return new EmulatorIrqDevice(PeripheralKind.EDU, new EduRegisters());
    }
}
