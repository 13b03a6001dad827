package io.vfio4j.frontend.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Meters with the same tags in one registry, which go together. Registries hold what meters read weakly; the functions here hold it
 * themselves.
 */
final class Meters implements AutoCloseable {
    private final MeterRegistry registry;
    private final Tags tags;
    private final ConcurrentLinkedQueue<Meter> registered = new ConcurrentLinkedQueue<>();

    private final Runnable atEnd;

    Meters(MeterRegistry registry, Tags tags, Runnable atEnd) {
        this.registry = registry;
        this.tags = tags;
        this.atEnd = atEnd;
    }

    Meters count(String name, String what, LongSupplier count) {
        return count(name, what, Tags.empty(), count);
    }

    Meters count(String name, String what, Tags more, LongSupplier count) {
        registered.add(FunctionCounter.builder(name, this, ignored -> count.getAsLong())
                .description(what)
                .tags(tags.and(more))
                .register(registry));
        return this;
    }

    Meters bytes(String name, String what, LongSupplier count) {
        registered.add(FunctionCounter.builder(name, this, ignored -> count.getAsLong())
                .description(what)
                .baseUnit("bytes")
                .tags(tags)
                .register(registry));
        return this;
    }

    Meters gauge(String name, String what, Supplier<Number> value) {
        registered.add(Gauge.builder(name, value).description(what).tags(tags).register(registry));
        return this;
    }

    Meters times(String name, String what, LongSupplier count, LongSupplier totalNanos) {
        registered.add(FunctionTimer.builder(
                        name,
                        this,
                        ignored -> count.getAsLong(),
                        ignored -> totalNanos.getAsLong(),
                        TimeUnit.NANOSECONDS)
                .description(what)
                .tags(tags)
                .register(registry));
        return this;
    }

    Meters time(String name, String what, LongSupplier nanos) {
        registered.add(TimeGauge.builder(name, nanos::getAsLong, TimeUnit.NANOSECONDS)
                .description(what)
                .tags(tags)
                .register(registry));
        return this;
    }

    @Override
    public void close() {
        for (Meter meter = registered.poll(); meter != null; meter = registered.poll()) {
            registry.remove(meter);
        }
        atEnd.run();
    }
}
