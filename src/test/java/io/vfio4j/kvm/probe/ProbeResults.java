package io.vfio4j.kvm.probe;

import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.LongUnaryOperator;

/** Results that nobody has measured, for tests of what is made of them. */
public final class ProbeResults {
    private ProbeResults() {}

    /** Signal n, from 0 on, is written at n ms, and answered after {@code latencies(n)}, or not at all if that is negative. */
    public static LatencyResult of(LatencySetup setup, int signals, LongUnaryOperator latencies, double share) {
        SignalLog log = new SignalLog(setup.signals());
        for (int i = 0; i < signals; i++) {
            long written = 1_000_000L * i;
            log.signal(written);
            long latency = latencies.applyAsLong(i);
            if (latency >= 0) {
                log.answer(written + latency);
            }
        }
        LatencyResult.Counted counted =
                new LatencyResult.Counted(OptionalLong.of(0), OptionalLong.of(870), OptionalLong.empty());
        return new LatencyResult(setup, log, counted, share >= 0 ? OptionalDouble.of(share) : OptionalDouble.empty());
    }
}
