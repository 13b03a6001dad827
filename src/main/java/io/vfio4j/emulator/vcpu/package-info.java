/**
 * Why a frame is late when a host has more vCPUs than processors: a discrete-event model of the host's run queues, of KVM's directed
 * yield with each of its rules, and of the guests' locks, interrupts and frames. In virtual time, with the same history for the
 * same seed.
 *
 * <p>Start with {@link io.vfio4j.emulator.vcpu.Setup} and {@link io.vfio4j.emulator.vcpu.Simulation}.
 */
package io.vfio4j.emulator.vcpu;
