package io.vfio4j.emulator.study;

/** A run of a study could not be finished; its cause says why, mostly a {@link io.vfio4j.emulator.vcpu.LivelockException}. */
public final class FailedRunException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    FailedRunException(Experiment experiment, long seed, RuntimeException cause) {
        super(experiment.name() + ", seed " + seed + ": " + cause.getMessage(), cause);
    }
}
