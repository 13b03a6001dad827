package io.vfio4j.bench;

import com.sun.jna.Memory;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an event costs at the level of the port: the same work in C (native/bench/events.c, which explains the method), through
 * JNA alone, and through the bridge, in rounds that alternate, so that whatever else the machine does hits all three alike. The
 * ratios are taken round by round; their median is what counts.
 *
 * <p>Arguments: the directory with {@code events} and {@code libevents.so}, the number of rounds.
 */
public final class PollBench {
    private static final int COUNTERS = 64;
    private static final int EVENTS = 128_000;
    private static final int SAMPLES = 500;
    private static final long GAP_NANOS = 500_000;
    private static final int WARM_UP_ROUNDS = 8;

    private final PrintStream out;
    private final Yardstick c;
    private final Map<String, SystemCalls> ways = new LinkedHashMap<>();

    private PollBench(PrintStream out, Yardstick c) {
        this.out = out;
        this.c = c;
        ways.put("jna", JnaLinux.withoutBridge());
        JnaLinux.bridgeUnavailabilityCause()
                .ifPresentOrElse(
                        cause -> out.println("no bridge: " + cause.getMessage()),
                        () -> ways.put("bridge", JnaLinux.open()));
    }

    public static void main(String[] arguments) throws Exception {
        String directory = arguments[0];
        int rounds = Integer.parseInt(arguments[1]);
        NativeWriter.load(directory + "/libevents.so");
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (Yardstick c = new Yardstick(directory + "/events")) {
            PollBench bench = new PollBench(out, c);
            bench.time(1, rounds);
            bench.time(COUNTERS, rounds);
            bench.latency(rounds);
        }
    }

    private void time(int room, int rounds) throws Exception {
        Figures figures = new Figures();
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            if (round == 0) {
                figures.clear();
            }
            figures.add(
                    Figures.YARDSTICK, c.figures("time " + room + " " + EVENTS).get("ns_per_event"));
            for (Map.Entry<String, SystemCalls> way : ways.entrySet()) {
                figures.add(way.getKey(), drain(way.getValue(), room));
            }
        }
        figures.print(out, "time, " + room + " at a time, ns/event");
    }

    /** One round, as {@code measure_time} in C. */
    private static double drain(SystemCalls linux, int room) throws Exception {
        List<Descriptor> counters = new ArrayList<>();
        Tally tally = new Tally();
        List<Listener> listeners = List.of(new CountEvents(tally), new CountPrimary(tally), new CountCursor(tally));
        Listener[] rotation = listeners.toArray(Listener[]::new);
        long primaryValue = tally.primaryValue;
        long cursorValue = tally.cursorValue;
        long[] tokens = new long[room];
        long[] values = new long[room];
        long sequence = 0;
        long spent = 0;
        try (Poller poller = linux.openPoller();
                Memory numbers = new Memory(COUNTERS * (long) Integer.BYTES)) {
            for (int token = 0; token < COUNTERS; token++) {
                Descriptor counter = linux.eventFd("counter " + token);
                counters.add(counter);
                numbers.setInt(token * (long) Integer.BYTES, counter.acquire());
                counter.release();
                poller.add(counter, token);
            }
            while (sequence < EVENTS) {
                long end = sequence + COUNTERS;
                NativeWriter.make_ready(numbers, COUNTERS);
                long start = linux.nanoTime();
                while (sequence < end) {
                    int ready = poller.poll(tokens, values, true);
                    for (int i = 0; i < ready; i++) {
                        sequence++;
                        long time = linux.nanoTime();
                        long primary = Long.divideUnsigned(values[i], primaryValue);
                        long cursor = Long.divideUnsigned(Long.remainderUnsigned(values[i], primaryValue), cursorValue);
                        rotation[(int) (sequence % 3)].on(new Event(sequence, time, primary, cursor, (int) tokens[i]));
                    }
                }
                spent += linux.nanoTime() - start;
            }
        } finally {
            counters.forEach(Descriptor::close);
        }
        if (tally.events != sequence || tally.primary == 0 || tally.cursor == 0) {
            throw new IllegalStateException("events were lost");
        }
        return (double) spent / sequence;
    }

    private void latency(int rounds) throws Exception {
        // The waiting loop must have been compiled; with half a millisecond between signals that would take minutes.
        for (SystemCalls linux : ways.values()) {
            for (int i = 0; i < 4; i++) {
                latencies(linux, 40_000, 0);
            }
        }
        Figures p50 = new Figures();
        Figures p99 = new Figures();
        for (int round = 0; round < rounds; round++) {
            Map<String, Double> figures = c.figures("latency " + SAMPLES + " " + GAP_NANOS);
            p50.add(Figures.YARDSTICK, figures.get("p50_ns"));
            p99.add(Figures.YARDSTICK, figures.get("p99_ns"));
            for (Map.Entry<String, SystemCalls> way : ways.entrySet()) {
                long[] sorted = latencies(way.getValue(), SAMPLES, GAP_NANOS);
                p50.add(way.getKey(), sorted[sorted.length / 2]);
                p99.add(way.getKey(), sorted[sorted.length * 99 / 100]);
            }
        }
        p50.print(out, "wake-up p50, ns");
        p99.print(out, "wake-up p99, ns");
    }

    /** One round, as {@code measure_latency} in C. */
    private static long[] latencies(SystemCalls linux, int samples, long gapNanos) throws Exception {
        long[] latencies = new long[samples];
        int taken = 0;
        try (Descriptor counter = linux.eventFd("counter");
                Poller poller = linux.openPoller();
                Memory stamp = new Memory(Long.BYTES)) {
            poller.add(counter, 1);
            int number = counter.acquire();
            Thread writer =
                    new Thread(() -> NativeWriter.signal_slowly(number, stamp, samples, gapNanos), "native-writer");
            writer.start();
            taken = await(linux, poller, stamp.getByteBuffer(0, Long.BYTES), latencies);
            writer.join();
            counter.release();
            poller.remove(counter);
        }
        long[] sorted = Arrays.copyOf(latencies, taken);
        Arrays.sort(sorted);
        return sorted;
    }

    private static int await(SystemCalls linux, Poller poller, ByteBuffer stamp, long[] latencies) throws Exception {
        int taken = 0;
        long[] tokens = new long[1];
        long[] values = new long[1];
        for (int signals = 0; signals < latencies.length; ) {
            poller.poll(tokens, values, true);
            long now = linux.nanoTime();
            // Two signals in one counter: the stamp is not that of the one which woke us.
            if (values[0] == 1) {
                latencies[taken++] = now - stamp.order(ByteOrder.nativeOrder()).getLong(0);
            }
            signals += (int) values[0];
        }
        return taken;
    }

    private record Event(long sequence, long time, long primary, long cursor, int token) {}

    private static final class Tally {
        private final long primaryValue = 1L << 56;
        private final long cursorValue = 1L << 48;
        private long events;
        private long primary;
        private long cursor;
        private Event last;
    }

    private interface Listener {
        void on(Event event);
    }

    private record CountEvents(Tally tally) implements Listener {
        @Override
        public void on(Event event) {
            tally.events++;
            tally.last = event;
        }
    }

    private record CountPrimary(Tally tally) implements Listener {
        @Override
        public void on(Event event) {
            tally.events++;
            tally.primary += event.primary();
            tally.last = event;
        }
    }

    private record CountCursor(Tally tally) implements Listener {
        @Override
        public void on(Event event) {
            tally.events++;
            tally.cursor += event.cursor() + event.token() % 2;
            tally.last = event;
        }
    }
}
