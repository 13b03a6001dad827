package io.vfio4j.emulator.vcpu;

/** The simulated guests do nothing but switch and exit: virtual time passes and nothing gets done, or does not even pass. */
public final class LivelockException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    LivelockException(String state) {
        super(state);
    }
}
