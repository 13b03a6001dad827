/** VFIO for Java, made for vGPU displays. */
module io.vfio4j {
    // Optional: the emulated host needs no native access at all.
    requires static com.sun.jna;
    // For users' tests.
    requires static org.junit.jupiter.api;
    requires static org.jspecify;

    exports io.vfio4j.emulator;
    exports io.vfio4j.emulator.junit;
    exports io.vfio4j.linux;
    exports io.vfio4j.linux.uapi;
}
