package io.vfio4j.kvm;

import java.io.IOException;

/** A process has no KVM VM. */
public final class NoVmException extends IOException {
    private static final long serialVersionUID = 1L;

    NoVmException(String message) {
        super(message);
    }
}
