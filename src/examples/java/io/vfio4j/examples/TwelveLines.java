package io.vfio4j.examples;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.UUID;

/**
 * Prints when the picture of a vGPU changes, until Enter is pressed. Without arguments of an emulated vGPU; with the UUID of a mediated device
 * of this host, of that.
 *
 * <p>Closing is all that there is to do in the end, and in this order: the display takes the irq back and closes the device, then its loop
 * ends.
 */
public final class TwelveLines {
    private TwelveLines() {}

    /**
     * The twelve lines.
     *
     * @param arguments a UUID, or nothing
     * @throws IOException what the kernel refuses, with what to do about it
     */
    public static void main(String[] arguments) throws IOException {
        boolean real = arguments.length > 0;
        try (EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            SystemCalls calls = real ? JnaLinux.open() : host.systemCalls();
            UUID uuid = real ? UUID.fromString(arguments[0]) : host.vgpu().uuid();
            try (EventLoop loop = EventLoop.start(calls, "vgpu");
                    Display display = Display.attach(loop, VfioDevice.open(calls, MdevDevice.find(calls, uuid)))) {
                display.subscribe(event -> System.out.println(event.source() + " " + event.planes()));
                host.vgpu().guest().run(Scenario.FLIP);
                System.in.read();
            }
        }
    }
}
