package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.GuestProgram;
import io.vfio4j.emulator.vcpu.Outcome;
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import io.vfio4j.emulator.vcpu.Outcome.Filter;
import io.vfio4j.emulator.vcpu.Outcome.Machine;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import io.vfio4j.emulator.vcpu.Setup;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleBiFunction;

/** Outcomes that a test has thought of, in the place of simulated ones. */
final class ScriptedRun implements Run {
    static final Study.Plan PLAN =
            new Study.Plan(1, 4, java.time.Duration.ofMillis(1), java.time.Duration.ofSeconds(1), 2);

    private static final long NANOS = 1_000_000_000L;
    private final ToDoubleBiFunction<Setup, Long> recordsPerMachine;

    /** Records a second of each guest, by setup and seed. */
    ScriptedRun(ToDoubleBiFunction<Setup, Long> recordsPerMachine) {
        this.recordsPerMachine = recordsPerMachine;
    }

    /** The published numbers, a little spread; with the guests' repaired lock 13500 at 3VM. */
    static ScriptedRun asPublished() {
        return new ScriptedRun((setup, seed) -> published(setup) + seed);
    }

    private static double published(Setup setup) {
        int machines = setup.machines().size();
        if (setup.boost() == Boost.NONE) {
            return Bounds.withoutYield(setup.host(), machines).orElse(21443);
        }
        SpinLock lock = setup.machines().get(0).lock();
        Boost boost =
                lock == TableParameters.FIXED_LOCK || setup.boost() == Boost.PREEMPTED ? Boost.PREEMPTED : Boost.READY;
        return Published.of(machines, boost, lock).map(Published.Range::middle).orElse(13500.0);
    }

    @Override
    public Optional<Measurement> of(Experiment experiment, long seed, Study.Plan plan, BooleanSupplier cancelled) {
        Setup setup = experiment.setup(seed);
        Latencies shootdowns = new Latencies();
        shootdowns.add(1_000_000 * seed);
        Latencies interrupts = new Latencies();
        interrupts.add(2_000_000 * seed);
        return Optional.of(new Measurement(seed, outcome(setup), outcome(setup), shootdowns, interrupts, NANOS));
    }

    private Outcome outcome(Setup setup) {
        long records = Math.round(recordsPerMachine.applyAsDouble(setup, setup.seed()));
        int machines = setup.machines().size();
        long wall = NANOS * setup.host().cpus();
        long spin = setup.boost() == Boost.PREEMPTED ? wall / 2 : wall / 20;
        Map<Bucket, Long> buckets = new EnumMap<>(Bucket.class);
        buckets.put(Bucket.USER, wall / 10);
        buckets.put(Bucket.KERNEL, wall - wall / 10 - spin);
        buckets.put(Bucket.LOCK_SPIN, spin / 4);
        buckets.put(Bucket.CALL_SPIN, spin - spin / 4);
        return new Outcome(
                NANOS,
                Collections.nCopies(machines, new Machine(records, wall / machines, 0, 0)),
                buckets,
                machines == 1 ? yields(0) : yields(600),
                5000,
                500,
                setup.seed());
    }

    static Yields yields(long successful) {
        Map<Filter, Long> rejected = new EnumMap<>(Filter.class);
        rejected.put(Filter.NOT_READY, 700L);
        return new Yields(
                1000, 100, 900 - successful, successful, successful / 2, successful / 3, successful, rejected);
    }

    static Experiment experiment(int machines, Boost boost) {
        return TableParameters.FROZEN.experiment(machines, boost, TableParameters.LOCK);
    }

    static GuestProgram program() {
        return TableParameters.FROZEN.workload();
    }
}
