/**
 * Experiments with a small guest on the KVM of this host: how long an interrupt waits for its vCPU, beside what the law of the
 * host's scheduler says ({@link io.vfio4j.kvm.probe.LatencyProbe}, {@link io.vfio4j.kvm.probe.WaitingLaw}), towards which vCPUs a
 * guest's yield succeeds ({@link io.vfio4j.kvm.probe.YieldProbe}), and what becomes of vCPUs that spin
 * ({@link io.vfio4j.kvm.probe.PauseProbe}). They take seconds to minutes, and keep processors busy.
 */
package io.vfio4j.kvm.probe;
