package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;

/** An emulated vGPU and its screen, without a display. Closing it checks that nothing stays open. */
final class Scene implements AutoCloseable {
    final EmulatedHost host;
    final VfioDevice device;
    final Screen screen;

    Scene(VgpuProfile profile) throws IOException {
        this(profile, ScreenOptions.DEFAULTS);
    }

    Scene(VgpuProfile profile, ScreenOptions options) throws IOException {
        this(profile, options, Witness.NONE);
    }

    Scene(VgpuProfile profile, ScreenOptions options, Witness witness) throws IOException {
        host = EmulatedHost.of(profile);
        host.vgpu().stepped(true);
        device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        screen = Screen.of(device, device.planeAccess(), true, options, witness);
    }

    Vgpu vgpu() {
        return host.vgpu();
    }

    EmulatedGuest guest() {
        return host.vgpu().guest();
    }

    @Override
    public void close() {
        screen.close();
        device.close();
        assertEquals(List.of(), host.openFiles(), "open files");
        assertEquals(0, host.mappings(), "mappings");
        assertEquals(0, host.imports(), "imports");
        assertEquals(0, host.dmaBufs(), "dma-bufs");
        assertEquals(0, host.vgpu().framebuffers(), "framebuffers that the driver remembers");
        host.close();
    }
}
