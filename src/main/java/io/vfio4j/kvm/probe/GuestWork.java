package io.vfio4j.kvm.probe;

/** What a vCPU does while no interrupt comes. */
public enum GuestWork {
    /** It sleeps (HLT), and is woken by the interrupt. */
    HALTED,
    /** It computes, and the interrupt finds it on its processor, or waiting for it. */
    BUSY
}
