package example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.emulator.EmulatedClock;
import io.vfio4j.emulator.EmulatedDialect;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.junit.EmulatedVgpu;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleTest {
    @Test
    @EmulatedVgpu(dialect = EmulatedDialect.V5)
    void aFlipIsSeenAtTheNextVblank(EmulatedHost host, EmulatedGuest guest, EmulatedClock clock) throws Exception {
        List<RefreshEvent> events = new ArrayList<>();
        MdevDevice mdev = MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
        try (EventLoop loop = EventLoop.stepped(host.systemCalls());
                Display display = Display.attach(loop, VfioDevice.open(host.systemCalls(), mdev))) {
            display.subscribe(events::add);
            clock.advance(Duration.ZERO);
            guest.flip();
            clock.advance(Duration.ofMillis(16));
        }
        assertEquals(2, events.size());
        assertEquals(1, events.get(1).primary().orElseThrow());
    }
}
