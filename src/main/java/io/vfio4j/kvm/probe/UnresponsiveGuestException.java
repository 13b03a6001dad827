package io.vfio4j.kvm.probe;

import java.io.IOException;

/** The small guest did not do what it was made to do, in time or at all. */
public final class UnresponsiveGuestException extends IOException {
    private static final long serialVersionUID = 1L;

    UnresponsiveGuestException(String message) {
        super(message);
    }
}
