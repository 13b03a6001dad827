package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.display.irq.CounterDecoder;
import io.vfio4j.display.irq.EventValues;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A delivered event costs its record and nothing else. */
class AllocationTest {
    private static final int EVENTS = 20_000;
    private static final int MOST_BYTES = 64;

    private final AtomicLong sum = new AtomicLong();

    private final class Adding implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            sum.addAndGet(event.sequence());
        }
    }

    private final class Counting implements RefreshListener {
        @Override
        public void onRefresh(RefreshEvent event) {
            sum.incrementAndGet();
        }
    }

    private final class Keeping implements RefreshListener {
        private RefreshEvent last;

        @Override
        public void onRefresh(RefreshEvent event) {
            last = event;
        }
    }

    @Test
    void aDeliveredEventAllocatesItsRecordAlone() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported() && threads.isThreadAllocatedMemoryEnabled());
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            Keeping keeping = new Keeping();
            List.of(new Adding(), new Counting(), keeping).forEach(display::subscribe);
            stage.settle();
            stage.vgpu().stepped(true);
            long[] bytes = new long[1];
            for (int round = 0; round < 3; round++) {
                stage.loop.run(() -> {
                    CounterDecoder decoder = CounterDecoder.ofValues(EventValues.SERIES);
                    display.onRead(decoded(decoder), stage.now());
                    long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < EVENTS; i++) {
                        display.onRead(decoded(decoder), 1_000 + i);
                    }
                    bytes[0] = threads.getCurrentThreadAllocatedBytes() - before;
                });
            }
            double each = (double) bytes[0] / EVENTS;
            assertTrue(each <= MOST_BYTES + 1, each + " bytes an event for three listeners");
            assertTrue(keeping.last.sequence() > 3 * EVENTS);
            assertTrue(sum.get() > 0);
        }
    }

    private static CounterDecoder decoded(CounterDecoder decoder) {
        decoder.decode(EventValues.SERIES.primary());
        return decoder;
    }
}
