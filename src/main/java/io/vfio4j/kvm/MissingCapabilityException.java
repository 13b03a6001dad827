package io.vfio4j.kvm;

import java.io.IOException;

/** This kernel's KVM cannot do what it was asked for. */
public final class MissingCapabilityException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String capability;

    /**
     * Says what needs what.
     *
     * @param capability the name in {@code linux/kvm.h}
     * @param purpose what it is needed for, the sentence's subject
     */
    public MissingCapabilityException(String capability, String purpose) {
        super(purpose + " needs " + capability + ", which KVM of this kernel does not have for this VM");
        this.capability = capability;
    }

    /**
     * What is missing.
     *
     * @return the name in {@code linux/kvm.h}, for example {@code KVM_CAP_IRQFD_RESAMPLE}
     */
    public String capability() {
        return capability;
    }
}
