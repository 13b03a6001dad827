package io.vfio4j.frontend.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.rfb.RfbService;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Metrics of screens and VNC services, for any of Micrometer's registries. Everything is counted anyway; a registry that asks reads the
 * counts, and between its questions nothing is done. Any thread may call.
 *
 * <p>Of a screen, with the tag {@code display}: {@code vfio4j.display.events} by {@code source} and the counter reads that they cover
 * ({@code .reads}), {@code .latency} from the notice of an event until its picture is there, {@code .captures} and which of them were
 * {@code .unchanged} or {@code .overtaken}, {@code .failures}, {@code .skipped}, {@code .pixels.read} and {@code .pixels.changed} with
 * their ratio {@code .damage}, {@code .viewers}; and of the display behind it {@code .irq.reads}, {@code .irq.dropped},
 * {@code .irq.saturated}, {@code .queries} and {@code .errors}.
 *
 * <p>Of a service, {@code vfio4j.rfb.clients}, {@code .accepted}, {@code .refused}, {@code .updates}, {@code .bytes},
 * {@code .pictures.dropped}; and of each client, with the tag {@code client}, as long as it is there, {@code vfio4j.rfb.client.updates},
 * {@code .bytes} and {@code .pictures.dropped}.
 */
@SuppressWarnings("exports") // Who uses this has Micrometer; a transitive requirement would ask it of everybody.
public final class FrontendMetrics implements MeterBinder {
    /** Something whose metrics are in registries. */
    public interface Watch extends AutoCloseable {
        /** Takes them out of the registries. Further calls do nothing. */
        @Override
        void close();
    }

    /** Puts meters into a registry. */
    interface Source {
        Meters registerIn(MeterRegistry registry);
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final List<MeterRegistry> registries = new ArrayList<>();
    private final List<Watched> watched = new ArrayList<>();
    private final LongSupplier clock;

    /** Watches nothing yet. */
    public FrontendMetrics() {
        this(System::nanoTime);
    }

    FrontendMetrics(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * Puts the metrics of all that is and will be watched into a registry.
     *
     * @param registry stays the caller's
     */
    @Override
    public void bindTo(MeterRegistry registry) {
        lock.lock();
        try {
            registries.add(registry);
            watched.forEach(each -> each.bindTo(registry));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Adds a screen's metrics.
     *
     * @param screen stays the caller's
     * @return takes them away again
     */
    public Watch watch(LiveScreen screen) {
        return watch(new ScreenMeters(screen)::registerIn);
    }

    /**
     * Adds a service's metrics.
     *
     * @param name what is served, which is the tag {@code display}
     * @param service stays the caller's
     * @return takes them away again
     */
    public Watch watch(String name, RfbService service) {
        return watch(registry -> new ServiceMeters(name, service, clock, registry).registered());
    }

    private Watch watch(Source source) {
        Watched added = new Watched(source);
        lock.lock();
        try {
            watched.add(added);
            registries.forEach(added::bindTo);
        } finally {
            lock.unlock();
        }
        return added;
    }

    private final class Watched implements Watch {
        private final Source source;
        private final List<Meters> meters = new ArrayList<>();

        private Watched(Source source) {
            this.source = source;
        }

        private void bindTo(MeterRegistry registry) {
            meters.add(source.registerIn(registry));
        }

        @Override
        public void close() {
            lock.lock();
            try {
                watched.remove(this);
                meters.forEach(Meters::close);
                meters.clear();
            } finally {
                lock.unlock();
            }
        }
    }
}
