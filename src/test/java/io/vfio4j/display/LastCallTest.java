package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LastCallTest {
    @Test
    void aListenerThatIsBusyWhileTheLoopEndsIsStillToldThatTheDisplayIsClosed() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch loopEnded = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        RefreshListener listener = new RefreshListener() {
            @Override
            public void onRefresh(RefreshEvent event) {
                busy.countDown();
                try {
                    loopEnded.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void onClosed(Optional<Throwable> cause) {
                told.countDown();
            }
        };
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            EventLoop loop = EventLoop.stepped(host.systemCalls());
            MdevDevice mdev = MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
            Display display = Display.attach(loop, VfioDevice.open(host.systemCalls(), mdev));
            display.subscribe(listener, SubscriptionOptions.DIRECT.on(executor));
            host.clock().advance(Duration.ZERO);
            busy.await();
            loop.close();
            loopEnded.countDown();
            assertTrue(told.await(10, TimeUnit.SECONDS), "onClosed did not come");
        } finally {
            executor.shutdown();
        }
    }
}
