package io.vfio4j.emulator.study;

import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Carries an experiment out once. */
interface Run {
    /**
     * Runs it on the calling thread.
     *
     * @param cancelled whether to stop; asked often
     * @return what was measured; empty when it was cancelled
     */
    Optional<Measurement> of(Experiment experiment, long seed, Study.Plan plan, BooleanSupplier cancelled);
}
