/** VFIO for Java, made for vGPU displays. */
module io.vfio4j {
    // Optional: the emulated host needs no native access at all.
    requires static com.sun.jna;
    requires static jdk.jfr;
    requires static org.jspecify;

    exports io.vfio4j.display;
    exports io.vfio4j.display.irq;
    exports io.vfio4j.emulator;
    exports io.vfio4j.linux;
    exports io.vfio4j.linux.jna;
    exports io.vfio4j.linux.uapi;
    exports io.vfio4j.loop;
    exports io.vfio4j.kvm;
    exports io.vfio4j.mdev;
    exports io.vfio4j.vfio;
}
