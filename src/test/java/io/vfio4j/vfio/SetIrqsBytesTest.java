package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the kernel is given by VFIO_DEVICE_SET_IRQS, byte for byte. */
class SetIrqsBytesTest {
    private static final int DATA = 20;

    private final Vectors vectors = Vectors.load();
    private final List<String> calls = new ArrayList<>();

    private EmulatedHost host(VgpuProfile profile) {
        EmulatedHost host = EmulatedHost.of(profile);
        host.faults().rewrite(Vfio.VFIO_DEVICE_SET_IRQS, given -> {
            calls.add(HexFormat.of().formatHex(given));
            return given;
        });
        return host;
    }

    private static VfioDevice open(EmulatedHost host) throws IOException {
        return VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
    }

    private String vector(String who, String call) {
        return HexFormat.of().formatHex(vectors.bytes(who, call));
    }

    private String armVector(int descriptor) {
        byte[] bytes = vectors.bytes("all", "set arm fd 42");
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(DATA, descriptor);
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void everyCallIsTheVectors() throws Exception {
        for (VgpuProfile profile : List.of(VgpuProfile.V3, VgpuProfile.V4, VgpuProfile.V5, VgpuProfile.V6)) {
            calls.clear();
            try (EmulatedHost host = host(profile);
                    VfioDevice device = open(host);
                    Descriptor eventFd = host.systemCalls().eventFd("counter")) {
                Irq irq = device.irq(5);
                irq.arm(eventFd);
                irq.mask();
                irq.unmask();
                irq.mask();
                irq.disarm();
                int number = eventFd.acquire();
                eventFd.release();
                assertEquals(
                        List.of(
                                armVector(number),
                                vector("v3..", "set mask"),
                                vector("v3..", "set unmask"),
                                vector("v3..", "set mask"),
                                vector("all", "set disarm")),
                        calls,
                        profile.name());
                assertEquals(0, host.vgpu().forbiddenCalls());
            }
        }
    }

    @Test
    void armingTwiceAndDisarmingWhatIsNotArmedNeverReachTheKernel() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V6);
                VfioDevice device = open(host);
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            Irq irq = device.irq(5);
            assertThrows(IllegalStateException.class, irq::disarm);
            irq.arm(eventFd);
            assertThrows(IllegalStateException.class, () -> irq.arm(eventFd));
            irq.disarm();
            assertThrows(IllegalStateException.class, irq::disarm);
            assertEquals(2, calls.size());
            assertEquals(0, host.vgpu().leakedContexts());
        }
    }

    @Test
    void aDisarmingThatWasRefusedIsNotTriedAgain() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V2);
                VfioDevice device = open(host);
                Descriptor eventFd = host.systemCalls().eventFd("counter")) {
            Irq irq = device.irq(5);
            assertThrows(IllegalStateException.class, irq::mask, "v2 cannot mask");
            assertThrows(IllegalStateException.class, irq::unmask);
            irq.arm(eventFd);
            host.faults().fail(Vfio.VFIO_DEVICE_SET_IRQS.name(), 1, Errno.EIO);
            assertThrows(LinuxException.class, irq::disarm);
            assertThrows(IllegalStateException.class, irq::disarm);
        }
    }

    @Test
    void thereIsNoIrqForAnIndexThatTheDriverRefused() throws Exception {
        try (EmulatedHost host = host(VgpuProfile.V6);
                VfioDevice device = open(host)) {
            for (int index : new int[] {2, 3, 4}) {
                LinuxException e = assertThrows(LinuxException.class, () -> device.irq(index));
                assertEquals(Errno.EINVAL, e.errno());
            }
            for (int index : new int[] {-1, 6, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                assertThrows(IllegalArgumentException.class, () -> device.irq(index));
            }
            assertEquals(List.of(), calls);
            assertEquals(0, host.vgpu().forbiddenCalls());
        }
    }
}
