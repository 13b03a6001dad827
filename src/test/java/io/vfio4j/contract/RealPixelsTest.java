package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.contract.PixelsHost.Setup;
import io.vfio4j.contract.PixelsHost.Shown;
import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.display.pixels.Tiling;
import io.vfio4j.display.pixels.UnreadablePixelsException;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real kernel. */
@Tag("real-kernel")
class RealPixelsTest extends PixelsContract {
    @Override
    PixelsHost openHost() {
        return new RealPixelsHost();
    }

    private static Screen screen(VfioDevice device) throws IOException {
        return Screen.of(device, device.planeAccess(), true, ScreenOptions.DEFAULTS, Witness.NONE);
    }

    @Test
    void whereNothingCanReadTheBufferEachWaySaysWhy() throws Exception {
        try (PixelsHost host = openHost();
                Shown shown = host.create(Setup.plain(CapturePath.DMABUF_GPU));
                VfioDevice device = VfioDevice.open(host.systemCalls(), shown.mdev());
                Screen screen = screen(device)) {
            UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, screen::capture);
            assertTrue(e.reasons().get(CapturePath.DMABUF_MAPPED).contains("ENODEV"), e::getMessage);
            assertTrue(e.reasons().containsKey(CapturePath.DMABUF_GPU), e::getMessage);
        }
    }

    @Test
    void aFrameOfMappedPixelsAllocatesNothing() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (Setup setup : List.of(
                Setup.plain(CapturePath.DMABUF_MAPPED),
                Setup.plain(CapturePath.REGION_MAPPED),
                new Setup(PixelFormat.XRGB8888, Tiling.Y, CapturePath.DMABUF_MAPPED),
                new Setup(PixelFormat.YUYV, Tiling.LINEAR, CapturePath.DMABUF_MAPPED),
                new Setup(PixelFormat.RGB565, Tiling.X, CapturePath.REGION_MAPPED))) {
            try (PixelsHost host = openHost();
                    Shown shown = host.create(setup);
                    VfioDevice device = VfioDevice.open(host.systemCalls(), shown.mdev());
                    Screen screen = screen(device);
                    Frame frame = new Frame()) {
                long least = Long.MAX_VALUE;
                for (int round = 0; round < 20; round++) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < 50; i++) {
                        screen.capture(frame);
                    }
                    least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
                }
                assertEquals(0, least, "bytes in 50 frames: " + setup);
            }
        }
    }
}
