package io.vfio4j.frontend.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.vfio4j.frontend.rfb.RfbClientStats;
import io.vfio4j.frontend.rfb.RfbService;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * What a service counts, and each of its clients, in one registry. The clients are looked at when the registry asks for a number: then
 * those that came get meters, and those that left lose theirs.
 */
final class ServiceMeters {
    private static final String PREFIX = "vfio4j.rfb.";
    /** For one reading of the registry, which asks for every number of every client, they are looked at once. */
    private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final String name;
    private final RfbService service;
    private final LongSupplier clock;
    private final MeterRegistry registry;

    private final Map<String, RfbClientStats> clients = new ConcurrentHashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Meters> ofClients = new HashMap<>();
    private boolean everLooked;
    private boolean ended;
    private long lookedNanos;

    ServiceMeters(String name, RfbService service, LongSupplier clock, MeterRegistry registry) {
        this.name = name;
        this.service = service;
        this.clock = clock;
        this.registry = registry;
    }

    Meters registered() {
        return new Meters(registry, Tags.of("display", name), this::end)
                .gauge(PREFIX + "clients", "clients that are connected", () -> {
                    look();
                    return clients.size();
                })
                .count(
                        PREFIX + "accepted",
                        "clients that introduced themselves",
                        () -> service.stats().accepted())
                .count(
                        PREFIX + "refused",
                        "clients that were refused: too many, a wrong password, no TLS, too slow, not speaking the protocol",
                        () -> service.stats().refused())
                .count(PREFIX + "updates", "updates sent", () -> service.stats().updates())
                .bytes(
                        PREFIX + "bytes",
                        "bytes sent, before TLS",
                        () -> service.stats().bytes())
                .count(
                        PREFIX + "pictures.dropped",
                        "pictures that clients did not get because they were busy with an older one",
                        () -> service.stats().droppedPictures());
    }

    /** While a registry reads its meters it may be given more, and lose some. */
    private void look() {
        if (!lock.tryLock()) {
            return;
        }
        try {
            long now = clock.getAsLong();
            if (ended || everLooked && now - lookedNanos < FRESH_NANOS) {
                return;
            }
            everLooked = true;
            lookedNanos = now;
            Set<String> present = new HashSet<>();
            for (RfbClientStats client : service.clients()) {
                String label = label(client.address());
                present.add(label);
                clients.put(label, client);
                ofClients.computeIfAbsent(label, this::metersOf);
            }
            clients.keySet().retainAll(present);
            ofClients.entrySet().removeIf(entry -> {
                boolean gone = !present.contains(entry.getKey());
                if (gone) {
                    entry.getValue().close();
                }
                return gone;
            });
        } finally {
            lock.unlock();
        }
    }

    private Meters metersOf(String label) {
        return new Meters(registry, Tags.of("display", name, "client", label), () -> {})
                .count(
                        PREFIX + "client.updates",
                        "updates sent to the client",
                        () -> of(label, RfbClientStats::updates))
                .bytes(
                        PREFIX + "client.bytes",
                        "bytes sent to the client, before TLS",
                        () -> of(label, RfbClientStats::bytes))
                .count(
                        PREFIX + "client.pictures.dropped",
                        "pictures that the client did not get because it was busy with an older one",
                        () -> of(label, RfbClientStats::droppedPictures));
    }

    private long of(String label, ToLongFunction<RfbClientStats> count) {
        look();
        RfbClientStats client = clients.get(label);
        return client == null ? 0 : count.applyAsLong(client);
    }

    private static String label(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
                : address.toString();
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            ofClients.values().forEach(Meters::close);
            ofClients.clear();
        } finally {
            lock.unlock();
        }
    }
}
