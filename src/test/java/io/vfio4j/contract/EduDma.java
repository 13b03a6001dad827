package io.vfio4j.contract;

import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;

/** The DMA engine of edu: it copies between memory and a buffer of its own. */
final class EduDma {
    private static final int SOURCE = 0x80;
    private static final int DESTINATION = 0x88;
    private static final int COUNT = 0x90;
    private static final int COMMAND = 0x98;
    private static final int START = 1;
    private static final int TO_MEMORY = 2;
    private static final int BUFFER = 0x4_0000;

    /** Less than the buffer has: QEMU 7.2 ends at once when a copy goes up to its last byte. */
    static final int LENGTH = 4080;

    private EduDma() {}

    /** From memory into the buffer; returns when it is done, or has been refused by the IOMMU. */
    static void fetch(VfioDevice device, long iova) throws IOException {
        run(device, (int) iova, BUFFER, START);
    }

    /** From the buffer into memory. */
    static void store(VfioDevice device, long iova) throws IOException {
        run(device, BUFFER, (int) iova, START | TO_MEMORY);
    }

    private static void run(VfioDevice device, int source, int destination, int command) throws IOException {
        EduRegisters.write(device, SOURCE, source);
        EduRegisters.write(device, DESTINATION, destination);
        EduRegisters.write(device, COUNT, LENGTH);
        EduRegisters.write(device, COMMAND, command);
        while ((EduRegisters.read(device, COMMAND) & START) != 0) {
            Thread.onSpinWait();
        }
    }
}
