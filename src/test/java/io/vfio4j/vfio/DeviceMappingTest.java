package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Regions that are mapped, and the end of their device. */
class DeviceMappingTest {
    private static final int SCREEN = 16;
    private static final int PAGE = 4096;

    private static VfioDevice open(EmulatedHost host) throws IOException {
        return VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
    }

    @Test
    void aDeviceThatIsRemovedWhileItIsMappedIsUnmappedAndGone() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MDPY);
                EventLoop loop = EventLoop.stepped(host.systemCalls())) {
            VfioDevice device = open(host);
            RegionInfo screen = device.region(SCREEN);
            Mapping whole = device.map(screen, 0, (int) screen.size(), Access.READ);
            Mapping part = device.map(screen, 0, PAGE, Access.READ_WRITE);
            assertEquals(screen.size(), whole.size());
            RemovalWatch.start(loop, device, device::close);
            Removal removal = host.vgpu().remove();
            host.clock().advance(Duration.ZERO);
            assertTrue(whole.getInt(0) == part.getInt(0), "it works on");
            assertFalse(removal.isComplete());
            host.clock().advance(Duration.ofMillis(250));
            assertTrue(removal.isComplete());
            assertTrue(whole.isClosed() && part.isClosed());
            assertThrows(ClosedException.class, () -> whole.getInt(0));
        }
    }

    @Test
    void whatIsLentOfAMappingDelaysTheRemovalUntilItIsGivenBack() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MDPY)) {
            VfioDevice device = open(host);
            Mapping mapping = device.map(device.region(SCREEN), 0, PAGE, Access.READ);
            Removal removal = host.vgpu().remove();
            mapping.lend(bytes -> {
                device.close();
                assertFalse(removal.isComplete());
                assertEquals(PAGE, bytes.remaining());
            });
            assertTrue(removal.isComplete());
        }
    }

    @Test
    void onlyWhatIsWithinTheRegionIsMapped() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MDPY)) {
            VfioDevice device = open(host);
            RegionInfo screen = device.region(SCREEN);
            int size = (int) screen.size();
            for (long[] part :
                    new long[][] {{-PAGE, PAGE}, {0, 0}, {0, -1}, {0, size + 1L}, {PAGE, size}, {1L << 62, 1}}) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> device.map(screen, part[0], (int) part[1], Access.READ),
                        () -> part[0] + " " + part[1]);
            }
            Mapping closedBefore = device.map(screen, 0, PAGE, Access.READ);
            closedBefore.close();
            device.close();
            assertThrows(ClosedException.class, () -> device.map(screen, 0, PAGE, Access.READ));
            assertEquals(0, host.openDescriptors());
        }
    }
}
