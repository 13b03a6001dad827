package io.vfio4j.bench;

import com.sun.jna.Memory;
import com.sun.management.ThreadMXBean;
import io.vfio4j.display.Display;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshListener;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * What an event costs a user: from the driver's write to the listener, through {@link EventLoop} and {@link Display} as they are,
 * beside the same work in C (native/bench/events.c, which explains the method). Sixty-four displays share a loop; their listeners
 * are of three classes in turn, so that nothing is inlined away.
 *
 * <p>Arguments: the directory with {@code events} and {@code libevents.so}, the number of rounds.
 */
public final class DisplayBench {
    private static final int DISPLAYS = 64;
    private static final int EVENTS = 128_000;
    private static final int SAMPLES = 500;
    private static final long GAP_NANOS = 500_000;
    private static final int WARM_UP_ROUNDS = 10;

    private final PrintStream out;
    private final Yardstick c;
    private final Map<String, Way> ways = new LinkedHashMap<>();

    private DisplayBench(PrintStream out, Yardstick c) throws Exception {
        this.out = out;
        this.c = c;
        ways.put("jna", new Way("jna", JnaLinux.withoutBridge()));
        if (JnaLinux.bridgeUnavailabilityCause().isEmpty()) {
            ways.put("bridge", new Way("bridge", JnaLinux.open()));
        } else {
            out.println(
                    "no bridge: " + JnaLinux.bridgeUnavailabilityCause().get().getMessage());
        }
    }

    public static void main(String[] arguments) throws Exception {
        String directory = arguments[0];
        int rounds = Integer.parseInt(arguments[1]);
        NativeWriter.load(directory + "/libevents.so");
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try (Yardstick c = new Yardstick(directory + "/events")) {
            DisplayBench bench = new DisplayBench(out, c);
            bench.time(1, rounds);
            bench.time(DISPLAYS, rounds);
            bench.latency(rounds);
            for (Way way : bench.ways.values()) {
                way.close();
            }
        }
    }

    private void time(int room, int rounds) throws Exception {
        Figures figures = new Figures();
        Map<String, Double> allocated = new LinkedHashMap<>();
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            if (round == 0) {
                figures.clear();
            }
            figures.add(
                    Figures.YARDSTICK, c.figures("time " + room + " " + EVENTS).get("ns_per_event"));
            for (Map.Entry<String, Way> way : ways.entrySet()) {
                figures.add(way.getKey(), way.getValue().drain(room));
                allocated.put(way.getKey(), way.getValue().bytesPerEvent);
            }
        }
        figures.print(out, "listener, " + room + " at a time, ns/event");
        allocated.forEach((way, bytes) ->
                out.printf("listener, %d at a time, bytes allocated/event: %s %.1f%n", room, way, bytes));
    }

    private void latency(int rounds) throws Exception {
        Figures p50 = new Figures();
        Figures p99 = new Figures();
        List<Waiting> waitings = new ArrayList<>();
        for (Map.Entry<String, Way> way : ways.entrySet()) {
            Waiting waiting = new Waiting(way.getKey(), way.getValue().kernel);
            waitings.add(waiting);
            for (int i = 0; i < 4; i++) {
                waiting.sample(40_000, 0);
            }
        }
        for (int round = 0; round < rounds; round++) {
            Map<String, Double> yardstick = c.figures("latency " + SAMPLES + " " + GAP_NANOS);
            p50.add(Figures.YARDSTICK, yardstick.get("p50_ns"));
            p99.add(Figures.YARDSTICK, yardstick.get("p99_ns"));
            for (Waiting waiting : waitings) {
                long[] sorted = waiting.sample(SAMPLES, GAP_NANOS);
                p50.add(waiting.name, sorted[sorted.length / 2]);
                p99.add(waiting.name, sorted[sorted.length * 99 / 100]);
            }
        }
        p50.print(out, "listener, wake-up p50, ns");
        p99.print(out, "listener, wake-up p99, ns");
        for (Waiting waiting : waitings) {
            waiting.close();
        }
    }

    /** Sixty-four displays on a loop with a thread of its own, where all of it happens. */
    private static final class Way implements AutoCloseable {
        private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

        private final SystemCalls kernel;
        private final EventLoop loop;
        private final Tally tally = new Tally();
        private final Memory numbers = new Memory(DISPLAYS * (long) Integer.BYTES);
        private volatile CountDownLatch done = new CountDownLatch(0);
        private long blockStart;
        private long allocatedBefore;
        private long spent;
        private long allocated;
        private double bytesPerEvent;

        Way(String name, SystemCalls kernel) throws Exception {
            this.kernel = kernel;
            tally.blockDone = this::endBlock;
            BenchHost host = new BenchHost(kernel);
            loop = EventLoop.start(host, "bench-" + name);
            for (int i = 0; i < DISPLAYS; i++) {
                Display display = Display.attach(loop, VfioDevice.open(host, host.create()));
                display.subscribe(
                        switch (i % 3) {
                            case 0 -> new CountEvents(tally);
                            case 1 -> new CountPrimary(tally);
                            default -> new CountCursor(tally);
                        });
            }
            loop.run(() -> {});
            for (int i = 0; i < DISPLAYS; i++) {
                numbers.setInt(i * (long) Integer.BYTES, host.armed().get(i));
            }
        }

        /** One round, as {@code measure_time} in C. */
        double drain(int room) throws Exception {
            done = new CountDownLatch(1);
            loop.run(() -> {
                setRoom(room);
                tally.events = 0;
                spent = 0;
                allocated = 0;
                loop.execute(this::beginBlock);
            });
            done.await();
            bytesPerEvent = (double) allocated / EVENTS;
            return (double) spent / EVENTS;
        }

        private void beginBlock() {
            NativeWriter.make_ready(numbers, DISPLAYS);
            tally.left = DISPLAYS;
            allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
            blockStart = kernel.nanoTime();
        }

        private void endBlock() {
            spent += kernel.nanoTime() - blockStart;
            allocated += THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
            if (tally.events < EVENTS) {
                loop.execute(this::beginBlock);
            } else {
                done.countDown();
            }
        }

        /** How many counters the loop drains in one poll; fixed in the product. */
        private void setRoom(int room) {
            try {
                for (String name : List.of("tokens", "counters")) {
                    Field field = EventLoop.class.getDeclaredField(name);
                    field.setAccessible(true);
                    field.set(loop, new long[room]);
                }
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            loop.close();
        }
    }

    /** One display on a loop with a thread of its own, woken from its sleep. */
    private static final class Waiting implements AutoCloseable {
        private final String name;
        private final EventLoop loop;
        private final Memory stamp = new Memory(Long.BYTES);
        private final ByteBuffer stampView = stamp.getByteBuffer(0, Long.BYTES).order(ByteOrder.nativeOrder());
        private final int number;
        private volatile long[] latencies = new long[0];
        private volatile int taken;
        private volatile int signals;

        Waiting(String name, SystemCalls kernel) throws Exception {
            this.name = name;
            BenchHost host = new BenchHost(kernel);
            loop = EventLoop.start(host, "waiting-" + name);
            Display display = Display.attach(loop, VfioDevice.open(host, host.create()));
            display.subscribe(event -> {
                long now = host.nanoTime();
                if (event.merged() == 0) {
                    return;
                }
                // Two signals in one counter: the stamp is not that of the one which woke us. The value 1 is foreign to
                // v6,
                // so it is told by the reads.
                long[] into = latencies;
                int at = taken;
                if (at < into.length) {
                    into[at] = now - stampView.getLong(0);
                    taken = at + 1;
                }
                signals++;
            });
            loop.run(() -> {});
            number = host.armed().get(0);
        }

        long[] sample(int count, long gapNanos) throws Exception {
            latencies = new long[count];
            taken = 0;
            Thread writer =
                    new Thread(() -> NativeWriter.signal_slowly(number, stamp, count, gapNanos), "native-writer");
            writer.start();
            writer.join();
            loop.run(() -> {});
            loop.run(() -> {});
            long[] sorted = Arrays.copyOf(latencies, taken);
            Arrays.sort(sorted);
            return sorted;
        }

        @Override
        public void close() {
            loop.close();
        }
    }

    private static final class Tally {
        private Runnable blockDone = () -> {};
        private long left;
        private long events;
        private long primary;
        private long cursor;
        private RefreshEvent last;

        private void count(RefreshEvent event) {
            last = event;
            // Not the events of timers and beginnings.
            if (event.merged() != 0) {
                events++;
                if (--left == 0) {
                    blockDone.run();
                }
            }
        }
    }

    private record CountEvents(Tally tally) implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            tally.count(event);
        }
    }

    private record CountPrimary(Tally tally) implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            tally.primary += event.primaryOrUnknown();
            tally.count(event);
        }
    }

    private record CountCursor(Tally tally) implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            tally.cursor += event.signalsOrUnknown();
            tally.count(event);
        }
    }
}
