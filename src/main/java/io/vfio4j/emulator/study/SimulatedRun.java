package io.vfio4j.emulator.study;

import io.vfio4j.emulator.vcpu.Outcome;
import io.vfio4j.emulator.vcpu.Simulation;
import io.vfio4j.emulator.vcpu.SimulationListener;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** By the model. Each run has a simulation and random numbers of its own. */
final class SimulatedRun implements Run {
    private static final long NANOS = 1_000_000_000L;
    /** How long virtual time runs between two looks at whether to stop. */
    private static final long SLICE_NANOS = 1_000_000;
    /** So that the interrupts' phases are not the numbers that the simulation draws from the same seed. */
    private static final long PHASES = 0x70686173L;

    @Override
    public Optional<Measurement> of(Experiment experiment, long seed, Study.Plan plan, BooleanSupplier cancelled) {
        long start = System.nanoTime();
        Latencies shootdowns = new Latencies();
        Latencies interrupts = new Latencies();
        Measuring measuring = new Measuring(shootdowns, interrupts);
        Simulation simulation = new Simulation(experiment.setup(seed), measuring);
        Interrupts source = new Interrupts(experiment, seed);
        if (!source.runTo(simulation, plan.warmUpNanos(), cancelled)) {
            return Optional.empty();
        }
        Outcome warmUp = simulation.outcome();
        simulation.startMeasuring();
        measuring.begin();
        if (!source.runTo(simulation, plan.warmUpNanos() + plan.measuredNanos(), cancelled)) {
            return Optional.empty();
        }
        return Optional.of(
                new Measurement(seed, warmUp, simulation.outcome(), shootdowns, interrupts, System.nanoTime() - start));
    }

    /** Nothing of the warm-up is kept. */
    private static final class Measuring implements SimulationListener {
        private final Latencies shootdowns;
        private final Latencies interrupts;
        private boolean begun;

        private Measuring(Latencies shootdowns, Latencies interrupts) {
            this.shootdowns = shootdowns;
            this.interrupts = interrupts;
        }

        private void begin() {
            begun = true;
        }

        @Override
        public void onShootdown(int machine, long nanos) {
            if (begun) {
                shootdowns.add(nanos);
            }
        }

        @Override
        public void onInterrupt(int machine, int vcpu, long nanos) {
            if (begun) {
                interrupts.add(nanos);
            }
        }
    }

    /** A device for each guest, which posts interrupts at a fixed rate; the devices' phases are random. */
    private static final class Interrupts {
        private final int hertz;
        private final long[] phases;
        private final long[] posted;

        private Interrupts(Experiment experiment, long seed) {
            hertz = experiment.interruptHertz();
            SplittableRandom random = new SplittableRandom(seed ^ PHASES);
            phases = hertz == 0
                    ? new long[0]
                    : random.longs(experiment.counted(), 0, NANOS / hertz).toArray();
            posted = new long[phases.length];
        }

        /** Returns whether it got there. */
        private boolean runTo(Simulation simulation, long end, BooleanSupplier cancelled) {
            while (simulation.nanoTime() < end) {
                if (cancelled.getAsBoolean()) {
                    return false;
                }
                int first = first();
                long next = first < 0 ? Long.MAX_VALUE : nextPost(first);
                long sliceEnd = Math.min(end, simulation.nanoTime() + SLICE_NANOS);
                simulation.runTo(Math.min(sliceEnd, next));
                if (next <= sliceEnd) {
                    simulation.postInterrupt(first, 0);
                    posted[first]++;
                }
            }
            return true;
        }

        private int first() {
            int first = -1;
            for (int machine = 0; machine < phases.length; machine++) {
                if (first < 0 || nextPost(machine) < nextPost(first)) {
                    first = machine;
                }
            }
            return first;
        }

        private long nextPost(int machine) {
            return phases[machine] + posted[machine] * NANOS / hertz;
        }
    }
}
