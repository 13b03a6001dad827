package io.vfio4j.frontend.rfb;

import io.netty.channel.ChannelHandler;
import io.netty.util.internal.PlatformDependent;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.recording.Recorder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A screen for VNC clients, without a socket: for servers that have connections of their own, such as WebSockets. Any thread may call.
 */
public final class RfbService implements AutoCloseable {
    /** More strangers than these are not talked with at a time. */
    static final int MOST_STRANGERS = 128;
    /** What an update may hold when there is little memory for it: more than a row of tiles has in any mode. */
    private static final int SMALL_UPDATE_BYTES = 1 << 20;
    /** The share of the memory for buffers that updates may hold before they get small. */
    private static final int MEMORY_SHARE = 4;

    private static final int LONGEST_END_SECONDS = 5;

    private final LiveScreen screen;
    private final Recorder recorder = Recorder.create();
    private final RfbOptions options;
    private final Executor encoders;
    private final SecureRandom random = new SecureRandom();
    private final LoginGuard guard = new LoginGuard();
    private final ClientLog log;
    private final long mostHeldBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<RfbConnection, Object> strangers = new LinkedHashMap<>();
    private final Set<RfbConnection> clients = new LinkedHashSet<>();
    private final Set<RfbConnection> all = new LinkedHashSet<>();
    private boolean isClosed;

    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder updates = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder droppedByGone = new LongAdder();
    private final AtomicLong heldBytes = new AtomicLong();

    /**
     * Makes a service.
     *
     * @param screen stays the caller's
     * @param options how it behaves; TLS is the business of who has the connections
     * @param threads stay the caller's
     */
    public RfbService(LiveScreen screen, RfbOptions options, FrontendThreads threads) {
        this(screen, options, threads.encoders(), PlatformDependent.maxDirectMemory() / MEMORY_SHARE);
    }

    RfbService(LiveScreen screen, RfbOptions options, Executor encoders, long mostHeldBytes) {
        this.screen = screen;
        this.options = options;
        this.encoders = encoders;
        this.mostHeldBytes = mostHeldBytes;
        this.log = new ClientLog(screen.name(), System.getLogger("io.vfio4j"), System::nanoTime);
    }

    /**
     * The last handler of a pipeline, for one connection: takes and gives {@link io.netty.buffer.ByteBuf}s of the protocol. TLS is not its
     * business, even where the options have a certificate: it is for connections that are encrypted already, or never leave the machine.
     *
     * @return a new handler
     */
    @SuppressWarnings("exports") // Who calls this has Netty; a transitive requirement would ask it of everybody.
    public ChannelHandler newConnection() {
        return new RfbConnection(this, false);
    }

    /** For connections that nobody has encrypted yet. */
    ChannelHandler newPlainConnection() {
        return new RfbConnection(this, true);
    }

    /**
     * Whether clients have to know a password, so that it may be offered where others can reach it.
     *
     * @return the same for ever
     */
    public boolean asksPassword() {
        return options.password().isPresent();
    }

    /**
     * Who is connected.
     *
     * @return each as it was a moment ago
     */
    public List<RfbClientStats> clients() {
        List<RfbConnection> known;
        lock.lock();
        try {
            known = List.copyOf(clients);
        } finally {
            lock.unlock();
        }
        return known.stream().flatMap(client -> client.stats().stream()).toList();
    }

    /**
     * What happened so far.
     *
     * @return numbers that were each true a moment ago
     */
    public RfbStats stats() {
        long dropped = droppedByGone.sum();
        for (RfbClientStats client : clients()) {
            dropped += client.droppedPictures();
        }
        return new RfbStats(accepted.sum(), refused.sum(), updates.sum(), bytes.sum(), dropped);
    }

    /**
     * Tells the clients good-bye by closing their connections, and takes no more. Waits until all is released, at most some seconds, except
     * on a network thread. Further calls do nothing.
     */
    @Override
    public void close() {
        List<RfbConnection> left;
        lock.lock();
        try {
            isClosed = true;
            left = List.copyOf(all);
        } finally {
            lock.unlock();
        }
        left.forEach(RfbConnection::close);
        if (left.stream().anyMatch(RfbConnection::isOnItsThread)) {
            return;
        }
        try {
            CompletableFuture.allOf(left.stream().map(RfbConnection::whenEnded).toArray(CompletableFuture<?>[]::new))
                    .get(LONGEST_END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            report("clients of " + screen.name() + " did not end", e);
        }
    }

    Recorder recorder() {
        return recorder;
    }

    LiveScreen screen() {
        return screen;
    }

    RfbOptions options() {
        return options;
    }

    Executor encoders() {
        return encoders;
    }

    SecureRandom random() {
        return random;
    }

    LoginGuard guard() {
        return guard;
    }

    ClientLog log() {
        return log;
    }

    void report(String what, Throwable cause) {
        try {
            options.errorHandler().onError(what, cause);
        } catch (Throwable thrown) {
            System.getLogger("io.vfio4j").log(System.Logger.Level.ERROR, "the error handler threw", thrown);
        }
    }

    /** Somebody has connected; returns whether to talk with him. Where there are too many, the oldest from where most are has to go. */
    boolean arrived(RfbConnection connection) {
        Optional<RfbConnection> surplus = Optional.empty();
        lock.lock();
        try {
            if (isClosed) {
                return false;
            }
            all.add(connection);
            strangers.put(connection, host(connection.address()));
            if (strangers.size() > MOST_STRANGERS) {
                surplus = Optional.of(surplusStranger());
                strangers.remove(surplus.get());
            }
        } finally {
            lock.unlock();
        }
        surplus.ifPresent(RfbConnection::giveWay);
        return true;
    }

    private static Object host(SocketAddress address) {
        return address instanceof InetSocketAddress internet && internet.getAddress() != null
                ? internet.getAddress()
                : address.getClass();
    }

    private RfbConnection surplusStranger() {
        Map<Object, Integer> counts = new HashMap<>();
        strangers.values().forEach(host -> counts.merge(host, 1, Integer::sum));
        int most = counts.values().stream().mapToInt(count -> count).max().orElseThrow();
        return strangers.entrySet().stream()
                .filter(stranger -> counts.get(stranger.getValue()) == most)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    /** Why nobody else is let in at the moment. */
    Optional<String> fullness() {
        lock.lock();
        try {
            return clients.size() < options.maxClients()
                    ? Optional.empty()
                    : Optional.of("there are " + options.maxClients() + " clients already");
        } finally {
            lock.unlock();
        }
    }

    /** A stranger has shown who he is; empty where he has a place now. */
    Optional<String> admit(RfbConnection connection) {
        lock.lock();
        try {
            Optional<String> fullness = fullness();
            if (fullness.isEmpty()) {
                strangers.remove(connection);
                clients.add(connection);
            }
            return fullness;
        } finally {
            lock.unlock();
        }
    }

    void introduced(RfbConnection connection) {
        accepted.increment();
        log.came(connection.address());
    }

    void refused() {
        refused.increment();
    }

    void left(RfbConnection connection) {
        lock.lock();
        try {
            strangers.remove(connection);
            if (clients.remove(connection)) {
                connection.stats().ifPresent(last -> droppedByGone.add(last.droppedPictures()));
            }
        } finally {
            lock.unlock();
        }
    }

    void ended(RfbConnection connection) {
        lock.lock();
        try {
            all.remove(connection);
        } finally {
            lock.unlock();
        }
    }

    void updateSent() {
        updates.increment();
    }

    void sent(int count) {
        bytes.add(count);
    }

    void holds(int change) {
        heldBytes.addAndGet(change);
    }

    /** While many do not take their updates, those get smaller, so that all together stay within the memory there is. */
    int mostUpdateBytes() {
        return heldBytes.get() < mostHeldBytes ? Integer.MAX_VALUE : SMALL_UPDATE_BYTES;
    }

    /** How many connections it talks with, or had to give up and has not yet released. */
    int connections() {
        lock.lock();
        try {
            return all.size();
        } finally {
            lock.unlock();
        }
    }
}
