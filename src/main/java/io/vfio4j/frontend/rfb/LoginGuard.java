package io.vfio4j.frontend.rfb;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes guessing passwords slow: after some failures in a row, an address is refused for some seconds, and for longer after each further
 * one. Remembers a bounded number of addresses, those that failed last.
 */
final class LoginGuard {
    static final int FREE_FAILURES = 5;
    static final int MOST_ADDRESSES = 1024;
    private static final Duration FIRST_BLOCK = Duration.ofSeconds(10);
    private static final int MOST_DOUBLINGS = 5;
    private static final int IPV6_BYTES = 16;
    private static final int IPV6_NETWORK_BYTES = 8;

    private static final class Failures {
        private int count;
        private long blockedUntil;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Object, Failures> records = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, Failures> eldest) {
            return size() > MOST_ADDRESSES;
        }
    };

    /** How long an address is still refused; zero where it is not. */
    Duration refusal(SocketAddress address, long now) {
        lock.lock();
        try {
            Failures record = records.get(key(address));
            if (record == null || record.count < FREE_FAILURES) {
                return Duration.ZERO;
            }
            return Duration.ofNanos(Math.max(0, record.blockedUntil - now));
        } finally {
            lock.unlock();
        }
    }

    /** A password was wrong. */
    void failed(SocketAddress address, long now) {
        lock.lock();
        try {
            Failures record = records.computeIfAbsent(key(address), unknown -> new Failures());
            record.count++;
            int doublings = Math.min(MOST_DOUBLINGS, Math.max(0, record.count - FREE_FAILURES));
            record.blockedUntil = now + (FIRST_BLOCK.toNanos() << doublings);
        } finally {
            lock.unlock();
        }
    }

    /** A password was right. */
    void succeeded(SocketAddress address) {
        lock.lock();
        try {
            records.remove(key(address));
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return records.size();
        } finally {
            lock.unlock();
        }
    }

    /** Who has one IPv6 address has mostly the network of 64 bits that it is in. */
    private static Object key(SocketAddress address) {
        if (address instanceof InetSocketAddress internet && internet.getAddress() != null) {
            InetAddress host = internet.getAddress();
            byte[] bytes = host.getAddress();
            return bytes.length == IPV6_BYTES ? ByteBuffer.wrap(Arrays.copyOf(bytes, IPV6_NETWORK_BYTES)) : host;
        }
        return address;
    }
}
