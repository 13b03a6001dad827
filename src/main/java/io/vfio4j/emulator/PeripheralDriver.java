package io.vfio4j.emulator;

/** What the drivers of peripherals tell about themselves beyond what VFIO needs. */
interface PeripheralDriver extends DeviceDriver {
    /** How many vectors of an irq signal an eventfd. */
    int armed(int index);

    /** Whether the interrupt line is masked. */
    boolean masked();

    /** How often an eventfd of an irq was signalled. */
    long signalled(int index);

    /** What would have harmed a real kernel. */
    int harm();

    /** The device reports an error. */
    void raiseError();

    /** The host has only so many vectors for the device. */
    void limitVectors(int most);
}
