package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real kernel with vgpu_mdev, and its sample mdpy. */
@Tag("real-kernel")
class RealLiveScreenTest extends LiveScreenContract {
    private static final Path MDPY = Path.of("/sys/class/mdev_bus/mdpy/mdev_supported_types");
    private static final Path MBOCHS = Path.of("/sys/class/mdev_bus/mbochs/mdev_supported_types");

    private static final int LOOKS = 50;

    @Override
    PixelsHost openHost() {
        return new RealPixelsHost();
    }

    /** It shows what is in its memory: nothing but zeros, as long as no guest draws. */
    @Test
    void mdpyIsShownAsItsMemoryIs() throws Exception {
        UUID uuid = UUID.randomUUID();
        try (Stream<Path> types = Files.list(MDPY)) {
            RealHost.write(types.sorted().findFirst().orElseThrow().resolve("create"), uuid.toString());
        }
        SystemCalls calls = JnaLinux.open();
        try (EventLoop loop = EventLoop.stepped(calls);
                Display display = Display.attach(loop, VfioDevice.open(calls, MdevDevice.find(calls, uuid)));
                LiveScreen screen = LiveScreen.named("mdpy", LiveOptions.DEFAULTS.on(Runnable::run))) {
            screen.attach(display);
            try (Viewing viewing = screen.view(CursorStyle.DRAWN, () -> {})) {
                while (loop.step()) {}
                try (Look look = viewing.look().orElseThrow();
                        Frame own = display.screen().capture().orElseThrow()) {
                    assertEquals(Optional.empty(), look.absence());
                    assertEquals(own.width(), look.frame().width());
                    assertEquals(own.height(), look.frame().height());
                    assertEquals(own.pixels(), look.frame().pixels());
                }
            }
        } finally {
            RealHost.write(Path.of(MdevDevice.BUS, uuid.toString(), "remove"), "1");
        }
    }

    /** Its dma-buf must not be fetched twice, which crashes the kernel; so not anew by who looks again at what could not be read. */
    @Test
    void mbochsIsAPlaceholderThatSaysWhyHoweverOftenSomebodyLooks() throws Exception {
        UUID uuid = UUID.randomUUID();
        RealHost.write(MBOCHS.resolve("mbochs-small/create"), uuid.toString());
        SystemCalls calls = JnaLinux.open();
        try (EventLoop loop = EventLoop.stepped(calls);
                VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid))) {
            RealServedHost.setBochsMode(device, 640, 480);
            try (Display display = Display.attach(loop, device);
                    LiveScreen screen = LiveScreen.named("mbochs", LiveOptions.DEFAULTS.on(Runnable::run))) {
                screen.attach(display);
                for (int i = 0; i < LOOKS; i++) {
                    try (Viewing viewing = screen.view(CursorStyle.DRAWN, () -> {});
                            Viewing other = screen.view(CursorStyle.SEPARATE, () -> {})) {
                        while (loop.step()) {}
                        other.pause();
                        other.resume();
                        while (loop.step()) {}
                        try (Look look = viewing.look().orElseThrow()) {
                            assertShowsWhy(look);
                        }
                    }
                }
                assertTrue(screen.stats().failures() >= LOOKS, () -> "tried again: " + screen.stats());
                assertEquals(0, screen.stats().captures());
            }
        } finally {
            RealHost.write(Path.of(MdevDevice.BUS, uuid.toString(), "remove"), "1");
        }
    }

    private static void assertShowsWhy(Look look) {
        String why = look.absence().orElseThrow();
        assertTrue(why.contains("DMABUF_MAPPED: "), why);
        assertTrue(why.contains("EINVAL"), why);
        assertTrue(why.contains("DMABUF_GPU: "), why);
        try (Frame expected = new Frame()) {
            Placeholder.draw(expected, look.frame().width(), look.frame().height(), why);
            assertEquals(expected.pixels(), look.frame().pixels());
        }
    }
}
