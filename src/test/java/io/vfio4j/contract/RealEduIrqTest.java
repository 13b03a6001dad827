package io.vfio4j.contract;

import java.io.IOException;
import org.junit.jupiter.api.Tag;

/** edu of QEMU, given to vfio-pci of a real kernel. */
@Tag("real-kernel-iommu")
@Tag("real-kernel-cdev-iommu")
class RealEduIrqTest extends IrqContract {
    @Override
    TestIrqDevice openDevice() throws IOException {
        return new RealPciDevice(0x1234, 0x11e8, new EduRegisters());
    }
}
