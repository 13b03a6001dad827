package io.vfio4j.emulator;

/** The hardware of a PCI device, as vfio-pci finds it. Used under the kernel's lock. */
interface PciFunction {
    int vendor();

    int device();

    /** As in sysfs: base class, subclass, interface. */
    int classCode();

    /** Whether it is PCI Express, and so reports errors. */
    boolean isExpress();

    int msiVectors();

    int msixVectors();

    /** Whether there is a way to reset it alone. */
    boolean canBeReset();

    /** A BAR's size; 0 where there is none. */
    int size(int bar);

    /** Reads a register; pieces are 1, 2 or 4 bytes, aligned. */
    int read(int bar, int offset, int length);

    /** Writes a register. */
    void write(int bar, int offset, int length, int value);

    /** Whether it asserts its interrupt line. */
    boolean asserts();

    /** Power on. */
    void reset();

    /** Where its interrupts go. */
    void connect(Interrupts interrupts);

    /** What its interrupts go to. */
    interface Interrupts {
        /** It raises an interrupt: by a message where these are enabled, else by its line, which it asserts. */
        void raise();

        /** No interrupt line, no messages. */
        Interrupts NONE = () -> {};
    }
}
