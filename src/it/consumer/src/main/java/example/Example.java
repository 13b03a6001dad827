package example;

import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;

/** The README's example: refresh events of an emulated vGPU, in virtual time. */
public final class Example {
    private Example() {}

    public static void main(String[] arguments) throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            SystemCalls calls = host.systemCalls(); // on a real host: JnaLinux.open()
            MdevDevice mdev = MdevDevice.find(calls, host.vgpu().uuid());
            try (EventLoop loop = EventLoop.stepped(calls); // with a thread of its own: EventLoop.start(calls, "vgpu")
                    Display display = Display.attach(loop, VfioDevice.open(calls, mdev))) {
                display.subscribe(event -> System.out.println(event.source() + " " + event.planes()));
                host.clock().advance(Duration.ZERO);
                host.vgpu().guest().run(Scenario.FLIP);
                host.clock().advance(Duration.ofMillis(48));
            }
        }
    }
}
