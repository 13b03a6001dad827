/**
 * Experiments with a small guest on the KVM of this host: how long an interrupt waits for its vCPU, beside what the law of the
 * host's scheduler says ({@link io.vfio4j.kvm.probe.LatencyProbe}, {@link io.vfio4j.kvm.probe.WaitingLaw}). They take seconds to
 * minutes, and keep processors busy.
 */
package io.vfio4j.kvm.probe;
