package io.vfio4j.contract;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs in a JVM of its own, with little memory that it may lock: maps some, then too much, and prints what it is told. */
public final class LockedMemoryProbe {
    private LockedMemoryProbe() {}

    /**
     * Maps.
     *
     * @param arguments the device's PCI address, and the path
     */
    public static void main(String[] arguments) throws Exception {
        SystemCalls calls = JnaLinux.open();
        HostDevice host = HostDevice.findPci(calls, arguments[0]);
        try (FileOutputStream out = new FileOutputStream(Path.of("/dev/stdout").toFile());
                VfioDevice device = VfioDevice.open(
                        calls, host, AttachOptions.DEFAULTS.withPath(AttachPath.valueOf(arguments[1])));
                NativeMemory little = calls.allocatePages(32 * 1024);
                NativeMemory much = calls.allocatePages(128 * 1024)) {
            device.dma().orElseThrow().map(0, little, Access.READ_WRITE);
            try {
                device.dma().orElseThrow().map(1 << 20, much, Access.READ_WRITE);
                out.write("nothing was refused\n".getBytes(StandardCharsets.UTF_8));
            } catch (LinuxException e) {
                out.write((e.getMessage() + "\n").getBytes(StandardCharsets.UTF_8));
            }
        }
    }
}
