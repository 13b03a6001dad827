package io.vfio4j.display;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.annotations.AfterMethod;

/** The reactive-streams TCK, on a display that the emulated host refreshes every millisecond. */
public class RefreshPublisherTckTest extends FlowPublisherVerification<RefreshEvent> {
    private static final long MOST = 1_000;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    public RefreshPublisherTckTest() {
        super(new TestEnvironment(500, 30));
    }

    private EmulatedHost host(VgpuProfile profile) {
        EmulatedHost host = EmulatedHost.builder().vgpu(profile).realTime().build();
        opened.push(host);
        return host;
    }

    private Display display(EmulatedHost host, RefreshPolicy policy) throws IOException {
        EventLoop loop = EventLoop.start(host.systemCalls(), "tck");
        opened.push(loop);
        VfioDevice device = VfioDevice.open(
                host.systemCalls(),
                MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
        return Display.attach(
                loop, device, DisplayOptions.DEFAULTS.withPolicy(policy).withWatchdog(Duration.ofHours(1)));
    }

    @Override
    public Flow.Publisher<RefreshEvent> createFlowPublisher(long elements) {
        try {
            ExecutorService threads = Executors.newCachedThreadPool();
            opened.push(threads::shutdown);
            if (elements > MOST) {
                return display(host(VgpuProfile.MAINLINE), RefreshPolicy.timer(Duration.ofMillis(1)))
                        .publisher(threads);
            }
            EmulatedHost host = host(VgpuProfile.V2.withSize(64, 64));
            Display display = display(host, RefreshPolicy.IRQ);
            Flow.Publisher<RefreshEvent> events = display.publisher(threads);
            return subscriber ->
                    events.subscribe(subscriber == null ? null : new Guest(subscriber, host.vgpu(), display, elements));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Passes every signal on; flips when one event was delivered, so that there is a next, and closes the display after the last,
     * because displays go on for ever.
     */
    private record Guest(Flow.Subscriber<? super RefreshEvent> subscriber, Vgpu vgpu, Display display, AtomicLong left)
            implements Flow.Subscriber<RefreshEvent> {

        Guest(Flow.Subscriber<? super RefreshEvent> subscriber, Vgpu vgpu, Display display, long events) {
            this(subscriber, vgpu, display, new AtomicLong(events));
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscriber.onSubscribe(subscription);
        }

        @Override
        public void onNext(RefreshEvent event) {
            subscriber.onNext(event);
            if (left.decrementAndGet() > 0) {
                vgpu.guest().flip();
            } else {
                display.close();
            }
        }

        @Override
        public void onError(Throwable failure) {
            subscriber.onError(failure);
        }

        @Override
        public void onComplete() {
            subscriber.onComplete();
        }
    }

    /** A display that is closed completes; there is none that fails from the start. */
    @Override
    public Flow.Publisher<RefreshEvent> createFailedFlowPublisher() {
        return null;
    }

    @Override
    public long maxElementsFromPublisher() {
        return Long.MAX_VALUE - 1;
    }

    @AfterMethod
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }
}
