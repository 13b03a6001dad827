import org.jspecify.annotations.NullMarked;

/** VFIO for Java, made for vGPU displays. */
@NullMarked
@SuppressWarnings(
        "requires-automatic") // HdrHistogram and XChart have no module descriptor; only the command line and studies
// use them.
module io.vfio4j {
    // Optional: the emulated host needs no native access at all.
    requires static com.sun.jna;
    // Optional: the command line.
    requires static HdrHistogram;
    requires static com.fasterxml.jackson.core;
    requires static info.picocli;
    requires static java.desktop;
    requires static xchart;
    // Optional: the servers.
    requires static io.netty.buffer;
    requires static io.netty.codec;
    requires static io.netty.codec.http;
    requires static io.netty.common;
    requires static io.netty.handler;
    requires static io.netty.transport;
    // Optional: metrics.
    requires static micrometer.core;
    requires static micrometer.registry.prometheus;
    // Optional: records of what happened, and annotations.
    requires static jdk.jfr;
    requires static org.jspecify;
    // Optional: users' tests.
    requires static org.junit.jupiter.api;

    exports io.vfio4j.display;
    exports io.vfio4j.display.edid;
    exports io.vfio4j.display.irq;
    exports io.vfio4j.display.pixels;
    exports io.vfio4j.doctor;
    exports io.vfio4j.emulator;
    exports io.vfio4j.emulator.junit;
    exports io.vfio4j.emulator.study;
    exports io.vfio4j.emulator.vcpu;
    exports io.vfio4j.frontend;
    exports io.vfio4j.frontend.metrics;
    exports io.vfio4j.frontend.rfb;
    exports io.vfio4j.frontend.swing;
    exports io.vfio4j.frontend.web;
    exports io.vfio4j.handover;
    exports io.vfio4j.linux;
    exports io.vfio4j.linux.gl;
    exports io.vfio4j.linux.jna;
    exports io.vfio4j.linux.uapi;
    exports io.vfio4j.loop;
    exports io.vfio4j.kvm;
    exports io.vfio4j.kvm.probe;
    exports io.vfio4j.mdev;
    exports io.vfio4j.proc;
    exports io.vfio4j.vfio;

    opens io.vfio4j.cli to
            info.picocli;
}
