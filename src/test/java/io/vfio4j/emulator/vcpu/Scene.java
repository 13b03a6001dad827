package io.vfio4j.emulator.vcpu;

import java.util.ArrayList;
import java.util.List;

/** Setups of tests, and how they are run. */
record Scene(Setup setup) {
    static final long MILLISECOND = 1_000_000;
    static final long SECOND = 1000 * MILLISECOND;

    /** As on the 80 processors of 2019, only smaller. */
    static final GuestProgram EBIZZY = new GuestProgram.Ebizzy(15_000, 400_000, 6, 3_000);

    /** So many guests that all do the same, each with a vCPU for each processor. */
    static Scene of(int cpus, int guests, GuestProgram program, SpinLock lock) {
        List<VirtualMachine> machines = new ArrayList<>();
        for (int i = 0; i < guests; i++) {
            machines.add(VirtualMachine.of(cpus, program, lock));
        }
        return of(HostModel.ofCpus(cpus), machines);
    }

    static Scene of(HostModel host, List<VirtualMachine> machines) {
        return new Scene(
                new Setup(host, Pause.defaults(), Costs.defaults(), Boost.NONE, WakeUpRule.X86, false, machines, 1));
    }

    Scene boost(Boost boost) {
        return new Scene(new Setup(
                setup.host(),
                setup.pause(),
                setup.costs(),
                boost,
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                setup.seed()));
    }

    Scene seed(long seed) {
        return new Scene(new Setup(
                setup.host(),
                setup.pause(),
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                seed));
    }

    Scene host(HostModel host) {
        return new Scene(new Setup(
                host,
                setup.pause(),
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                setup.seed()));
    }

    Scene scheduler(HostScheduler scheduler) {
        return host(setup.host().withScheduler(scheduler));
    }

    Scene costs(Costs costs) {
        return new Scene(new Setup(
                setup.host(),
                setup.pause(),
                costs,
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                setup.seed()));
    }

    Scene pause(Pause pause) {
        return new Scene(new Setup(
                setup.host(),
                pause,
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                setup.jitterPercent(),
                setup.seed()));
    }

    Scene postedInterrupts(boolean posted) {
        return new Scene(new Setup(
                setup.host(),
                setup.pause(),
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                posted,
                setup.machines(),
                setup.jitterPercent(),
                setup.seed()));
    }

    Scene jitter(int percent) {
        return new Scene(new Setup(
                setup.host(),
                setup.pause(),
                setup.costs(),
                setup.boost(),
                setup.wakeUp(),
                setup.postedInterrupts(),
                setup.machines(),
                percent,
                setup.seed()));
    }

    Simulation simulation() {
        return simulation(SimulationListener.NONE);
    }

    Simulation simulation(SimulationListener listener) {
        return new Simulation(setup, listener);
    }

    /** What is counted in so long, after so long a warm-up. */
    Outcome measured(long warmUpNanos, long nanos) {
        Simulation simulation = simulation();
        simulation.runTo(warmUpNanos);
        simulation.startMeasuring();
        simulation.runTo(warmUpNanos + nanos);
        return simulation.outcome();
    }

    static long total(Outcome outcome) {
        return outcome.processorNanos().values().stream()
                .mapToLong(nanos -> nanos)
                .sum();
    }

    /** Records a second and guest. */
    static double rate(Outcome outcome) {
        return outcome.machines().stream()
                        .mapToLong(Outcome.Machine::records)
                        .average()
                        .orElseThrow()
                * SECOND
                / outcome.nanos();
    }
}
