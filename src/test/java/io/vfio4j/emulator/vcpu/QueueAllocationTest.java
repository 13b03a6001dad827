package io.vfio4j.emulator.vcpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What happens millions of times a second allocates nothing once the queues are as long as they get. */
class QueueAllocationTest {
    private static final int TASKS = 12;

    @ParameterizedTest
    @EnumSource(HostScheduler.class)
    void a_queue_allocates_nothing(HostScheduler scheduler) {
        RunQueue queue = RunQueue.of(HostModel.ofCpus(8).withScheduler(scheduler), new HostTasks(TASKS));
        for (int task = 0; task < TASKS; task++) {
            queue.enqueue(task, Arrival.NEW, 0);
        }
        long[] now = {0};
        assertAllocatesNothing(() -> {
            now[0] += 400_000;
            int current = queue.pickNext(now[0]);
            queue.tick(now[0]);
            queue.hint((current + 5) % TASKS);
            queue.skipCurrent(now[0]);
            queue.dequeue(current, false, now[0]);
            queue.enqueue(current, Arrival.WOKEN, now[0]);
            queue.preempts(current, now[0]);
            int pulled = queue.pullable(now[0]);
            if (pulled != RunQueue.NOBODY) {
                queue.dequeue(pulled, true, now[0]);
                queue.enqueue(pulled, Arrival.MOVED, now[0]);
            }
        });
        assertEquals(TASKS, queue.size());
    }

    @ParameterizedTest
    @EnumSource(Boost.class)
    void a_search_allocates_nothing(Boost boost) {
        KvmVcpus vm = new KvmVcpus(TASKS);
        DirectedYield rules = new DirectedYield(boost, true, true);
        DirectedYield.Counters counters = new DirectedYield.Counters();
        DirectedYield.Host host = new DirectedYield.Host() {
            @Override
            public boolean hasWork(int vcpu) {
                return false;
            }

            @Override
            public boolean pendingInterrupt(int vcpu) {
                return vcpu == 3;
            }

            @Override
            public boolean isWanted(int me, int vcpu) {
                return vcpu == 3;
            }

            @Override
            public int yieldTo(int me, int vcpu) {
                return YieldTo.YIELDED;
            }
        };
        assertAllocatesNothing(() -> {
            vm.schedOut(3, true, false);
            vm.block(5);
            WakeUp.wake(WakeUpRule.X86, boost, vm, 5);
            rules.onSpin(vm, 0, true, host, counters);
            rules.returned(vm, 0);
            vm.schedIn(3);
            vm.schedIn(5);
        });
    }

    private static void assertAllocatesNothing(Runnable work) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 20; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                work.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least, "bytes allocated");
    }
}
