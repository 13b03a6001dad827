package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** An emulated host in virtual time, a stepped loop on it, and screens that are read on the loop's thread. */
final class ScreenStage implements AutoCloseable {
    static final LiveOptions DIRECT = LiveOptions.DEFAULTS.on(Runnable::run);

    final EmulatedHost host;
    final EventLoop loop;
    final List<String> errors = Collections.synchronizedList(new ArrayList<>());

    ScreenStage(VgpuProfile... profiles) throws LinuxException {
        EmulatedHost.Builder builder = EmulatedHost.builder();
        List.of(profiles).forEach(builder::vgpu);
        this.host = builder.build();
        this.loop = EventLoop.stepped(host.systemCalls());
    }

    static ScreenStage of(String dialect) throws LinuxException {
        return new ScreenStage(VgpuProfile.named(dialect).withSize(320, 200).withMappableDmabufs(true));
    }

    Vgpu vgpu() {
        return host.vgpus().get(0);
    }

    Display attach() throws IOException {
        return attach(vgpu());
    }

    Display attach(Vgpu vgpu) throws IOException {
        return Display.attach(
                loop,
                VfioDevice.open(host.systemCalls(), MdevDevice.find(host.systemCalls(), vgpu.uuid())),
                DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause)));
    }

    LiveScreen screen() {
        return LiveScreen.named("screen", DIRECT);
    }

    void settle() {
        pass(0);
    }

    void pass(long millis) {
        host.clock().advance(Duration.ofMillis(millis));
    }

    /** What is held of the kernel beside the loop's own three and the display's. */
    long held() {
        return (long) host.openDescriptors() + host.mappings() + host.dmaBufs();
    }

    void assertShows(Frame frame) {
        assertShows(vgpu(), frame);
    }

    /** The guest's picture, pixel by pixel, without its cursor. */
    void assertShows(Vgpu vgpu, Frame frame) {
        assertEquals(vgpu.guest().width(), frame.width());
        assertEquals(vgpu.guest().height(), frame.height());
        for (int y = 0; y < frame.height(); y++) {
            for (int x = 0; x < frame.width(); x++) {
                if ((frame.pixel(x, y) & 0xff_ffff) != vgpu.guest().pixel(x, y)) {
                    fail(x + "," + y + " is " + Integer.toHexString(frame.pixel(x, y)) + ", not "
                            + Integer.toHexString(vgpu.guest().pixel(x, y)));
                }
            }
        }
    }

    @Override
    public void close() {
        loop.close();
        assertEquals(List.of(), host.openFiles(), "open files");
        assertEquals(0, host.mappings(), "mappings");
        for (Vgpu vgpu : host.vgpus()) {
            assertEquals(0, vgpu.forbiddenCalls());
            assertEquals(0, vgpu.leakedContexts());
            assertEquals(0, vgpu.hastyDisarms());
        }
        assertEquals(List.of(), errors, "errors");
        host.close();
    }

    /** A viewer with a copy of the picture, which it keeps up to date by what it is told alone. */
    static final class Copy implements AutoCloseable {
        final Viewing viewing;
        int news;
        int looks;
        int moves;
        long changedPixels;
        long generation;
        int width;
        int height;
        int[] pixels = {};
        Optional<String> absence = Optional.empty();
        CursorLook cursor = CursorLook.HIDDEN;

        Copy(LiveScreen screen, CursorStyle style) {
            viewing = screen.view(style, () -> news++);
        }

        /** Takes the newest picture; its changes have to be all that is different. */
        boolean take() {
            Optional<Look> taken = viewing.look();
            taken.ifPresent(this::apply);
            return taken.isPresent();
        }

        private void apply(Look look) {
            try (look) {
                looks++;
                Frame frame = look.frame();
                if (frame.width() != width || frame.height() != height) {
                    assertEquals(List.of(), look.moves());
                    width = frame.width();
                    height = frame.height();
                    pixels = new int[width * height];
                    assertEquals(
                            (long) width * height,
                            look.changes().stream().mapToLong(Areas::pixels).sum());
                }
                moves += look.moves().size();
                look.moves().forEach(this::move);
                boolean[] painted = new boolean[width * height];
                for (Rectangle area : look.changes()) {
                    changedPixels += Areas.pixels(area);
                    paint(area, frame, painted);
                }
                for (int i = 0; i < pixels.length; i++) {
                    if ((pixels[i] ^ frame.pixels().get(i)) << 8 != 0) {
                        fail("picture " + look.generation() + ", " + i % width + "," + i / width + " is "
                                + Integer.toHexString(frame.pixels().get(i)) + ", the copy says "
                                + Integer.toHexString(pixels[i]) + "; changes " + look.changes() + ", moves "
                                + look.moves());
                    }
                }
                generation = look.generation();
                absence = look.absence();
                cursor = look.cursor();
            }
        }

        private void move(Move move) {
            Rectangle target = move.target();
            int[] source = pixels.clone();
            for (int y = 0; y < target.height(); y++) {
                System.arraycopy(
                        source,
                        (move.sourceY() + y) * width + move.sourceX(),
                        pixels,
                        (target.y() + y) * width + target.x(),
                        target.width());
            }
        }

        private void paint(Rectangle area, Frame frame, boolean[] painted) {
            for (int y = area.y(); y < area.y() + area.height(); y++) {
                for (int x = area.x(); x < area.x() + area.width(); x++) {
                    int i = y * width + x;
                    assertEquals(false, painted[i], "the changes overlap");
                    painted[i] = true;
                    pixels[i] = frame.pixels().get(i);
                }
            }
        }

        @Override
        public void close() {
            viewing.close();
        }
    }
}
