package io.vfio4j.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.Display;
import io.vfio4j.display.DisplayOptions;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A screen with threads of its own, which everybody uses at once. */
@Timeout(60)
class ScreenRacesTest {
    private static final int ROUNDS = Integer.getInteger("io.vfio4j.rounds", 100);

    private static Display attach(EmulatedHost host, EventLoop loop, Vgpu vgpu) throws IOException {
        return Display.attach(
                loop,
                VfioDevice.open(host.systemCalls(), MdevDevice.find(host.systemCalls(), vgpu.uuid())),
                DisplayOptions.DEFAULTS);
    }

    private static Callable<Void> repeated(CountDownLatch start, Callable<?> what) {
        return () -> {
            start.await();
            for (int i = 0; i < ROUNDS; i++) {
                what.call();
            }
            return null;
        };
    }

    @Test
    void whoeverComesGoesAttachesAndDetachesAtOnceLeavesNothingBehind() throws Exception {
        long seed = System.nanoTime();
        System.getLogger("test").log(System.Logger.Level.INFO, "seed " + seed);
        VgpuProfile small = VgpuProfile.V6.withSize(160, 100).withMappableDmabufs(true);
        EmulatedHost host =
                EmulatedHost.builder().realTime().vgpu(small).vgpu(small).build();
        host.vgpus().forEach(vgpu -> vgpu.guest().run(Scenario.FLIP));
        ExecutorService threads = Executors.newCachedThreadPool();
        LiveScreen screen = LiveScreen.named("busy", LiveOptions.DEFAULTS);
        try (EventLoop loop = EventLoop.start(host.systemCalls(), "races")) {
            Display first = attach(host, loop, host.vgpus().get(0));
            Display second = attach(host, loop, host.vgpus().get(1));
            CountDownLatch start = new CountDownLatch(1);
            List<Future<Void>> all = new ArrayList<>();
            for (Display display : List.of(first, second)) {
                all.add(threads.submit(repeated(start, () -> {
                    screen.attach(display);
                    Thread.yield();
                    screen.detach("between two");
                    return null;
                })));
            }
            for (int i = 0; i < 3; i++) {
                Random random = new Random(seed + i);
                all.add(threads.submit(repeated(start, () -> {
                    CountDownLatch news = new CountDownLatch(1);
                    Viewing viewing = screen.view(CursorStyle.values()[random.nextInt(2)], news::countDown);
                    assertTrue(news.await(20, TimeUnit.SECONDS), "everybody is told of something");
                    viewing.look().ifPresent(look -> {
                        assertTrue(look.frame().pixels().remaining() > 0);
                        if (random.nextBoolean()) {
                            viewing.pause();
                            viewing.resume();
                        }
                        look.close();
                    });
                    screen.nudge();
                    viewing.close();
                    return null;
                })));
            }
            start.countDown();
            for (Future<Void> one : all) {
                one.get();
            }
            CountDownLatch shown = new CountDownLatch(3);
            Viewing last = screen.view(CursorStyle.DRAWN, shown::countDown);
            screen.attach(first);
            assertTrue(shown.await(20, TimeUnit.SECONDS), "it goes on");
            Thread closer = new Thread(first::close);
            closer.start();
            screen.close();
            closer.join();
            last.close();
            assertEquals(0, screen.stats().viewers());
            threads.submit(() -> second.close()).get();
            try {
                screen.attach(second);
            } catch (ClosedException expected) {
                assertTrue(expected.getMessage().contains("busy"));
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(List.of(), host.openFiles());
        host.close();
    }
}
