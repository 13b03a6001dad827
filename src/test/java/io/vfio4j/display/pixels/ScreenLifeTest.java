package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.DmaBuf;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneQuery;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads, closing, and what a frame costs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScreenLifeTest {

    static List<VgpuProfile> profiles() {
        return List.of(
                VgpuProfile.V6.withSize(128, 64).withMappableDmabufs(true),
                VgpuProfile.V6.withSize(128, 64),
                VgpuProfile.MDPY.withSize(128, 64),
                VgpuProfile.MDPY.withSize(128, 64).withMappableRegions(false));
    }

    private interface Use {
        void of(Screen screen) throws IOException;
    }

    /** What four threads do with one screen, until it is closed. */
    private static List<Use> uses(Frame frame, Cursor cursor) {
        return List.of(
                screen -> screen.capture(frame),
                screen -> screen.cursor(cursor),
                screen -> screen.lend((pixels, width, height, stride) -> pixels.get(stride * (height - 1))),
                screen -> screen.plane(PlaneType.PRIMARY));
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void closingItWhileOthersReadIsSafeAndLeavesNothing(VgpuProfile profile) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 15; round++) {
                try (Scene scene = new Scene(profile);
                        Frame frame = new Frame();
                        Cursor cursor = new Cursor()) {
                    scene.guest().flip();
                    CountDownLatch going = new CountDownLatch(4 * 20);
                    List<Future<?>> users = new ArrayList<>();
                    for (Use use : uses(frame, cursor)) {
                        users.add(threads.submit(() -> {
                            useUntilClosed(scene.screen, use, going);
                            return null;
                        }));
                    }
                    going.await();
                    if (round % 2 == 0) {
                        scene.screen.close();
                    }
                    // Also without closing the screen first, as a device that is taken away.
                    scene.device.close();
                    for (Future<?> user : users) {
                        user.get();
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void useUntilClosed(Screen screen, Use use, CountDownLatch going) throws IOException {
        try {
            while (true) {
                use.of(screen);
                going.countDown();
            }
        } catch (ClosedException end) {
            assertTrue(end.getMessage().endsWith("is closed"), end::getMessage);
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void severalThreadsReadAtOnceWhileTheGuestGoesOn(VgpuProfile profile) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (Scene scene = new Scene(profile)) {
            List<Future<?>> users = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                users.add(threads.submit(() -> {
                    try (Frame frame = new Frame()) {
                        for (int n = 0; n < 150; n++) {
                            assertTrue(scene.screen.capture(frame));
                            assertTrue(frame.width() >= 128);
                        }
                    }
                    return null;
                }));
            }
            for (int n = 0; n < 100; n++) {
                if (n % 10 == 0 && !profile.dialect().name().equals("MDPY")) {
                    scene.guest().setMode(128 + 8 * (n % 70), 64 + n);
                }
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
            for (Future<?> user : users) {
                user.get();
            }
            assertEquals(450, scene.screen.stats().captures());
            assertTrue(scene.screen.stats().dmaBufs() <= 5);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aFrameOfMappedPixelsAllocatesNothing() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Scene scene = new Scene(profiles().get(0));
                Frame frame = new Frame()) {
            Calls calls = new Calls(scene);
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 40; round++) {
                long mine = 0;
                long kernels = 0;
                for (int i = 0; i < 60; i++) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    scene.screen.capture(frame);
                    long between = threads.getCurrentThreadAllocatedBytes();
                    calls.make();
                    kernels += threads.getCurrentThreadAllocatedBytes() - between;
                    mine += between - before;
                    scene.guest().flip();
                    scene.vgpu().vblank(1);
                }
                least = Math.min(least, mine - kernels);
            }
            calls.end();
            // The emulated kernel's own calls allocate; what is left is ours. A frame that allocates at all does so 60
            // times.
            assertTrue(least <= 0, least + " bytes in 60 frames");
        }
    }

    /** The system calls of a frame, and nothing else. */
    private static final class Calls {
        private final SystemCalls calls;
        private final PlaneQuery query;
        private final Descriptor dmaBuf;
        private final NativeMemory sync;

        Calls(Scene scene) throws IOException {
            calls = scene.host.systemCalls();
            query = scene.device.planeQuery(PlaneType.PRIMARY, PlaneAccess.DMABUF);
            dmaBuf = scene.device.dmaBuf(query.ask().orElseThrow().source());
            sync = calls.allocate(DmaBuf.Sync.SIZE);
            sync.putLong(0, DmaBuf.DMA_BUF_SYNC_READ);
        }

        void make() throws IOException {
            query.ask();
            calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, sync);
            calls.ioctl(dmaBuf, DmaBuf.DMA_BUF_IOCTL_SYNC, sync);
            query.ask();
            calls.nanoTime();
        }

        void end() {
            query.close();
            dmaBuf.close();
            sync.close();
        }
    }
}
