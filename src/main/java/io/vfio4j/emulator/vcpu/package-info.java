/**
 * Why a frame is late when a host has more vCPUs than processors: a discrete-event model of the host's run queues, of KVM's directed
 * yield with each of its rules, and of the guests' locks, interrupts and frames. In virtual time, with the same history for the
 * same seed.
 *
 * <p>Start with {@link io.vfio4j.emulator.vcpu.Setup} and {@link io.vfio4j.emulator.vcpu.Simulation}.
 *
 * <p><b>Simpler than a real host:</b>
 *
 * <ul>
 *   <li>vCPUs are dealt out to processors in turn. Later they move only when they are woken (to their last processor if that idles, else the
 *       next that does, else their last) and when a processor has nothing left to do and takes one from the longest queue. There is no
 *       periodic balancing, no topology, no cgroup, no other task than vCPUs; all have the same weight.
 *   <li>A tick takes no time and does not leave the guest unless it ends a turn. Each processor's ticks have a phase of their own.
 *   <li>An exit costs the same whatever its reason, and that is paid before what the host does then. The search for whom to boost
 *       happens at one instant; what it costs passes after it, before the switch. An interrupt from outside costs the host nothing.
 *   <li>A vCPU that was entered stays for {@code leastStay} unless it leaves by itself. Linux has no such rule, but would also
 *       reschedule before it enters.
 *   <li>A vCPU that halts with interrupts off is not woken by an interrupt. KVM wakes its thread, which finds nothing to do.
 *   <li>The hypercall that kicks a waiter of a lock does not yield to it, as it does since 266e85a5ec91 of Linux 5.3; guests neither
 *       yield to those they interrupt, nor leave TLB flushes to those that are preempted.
 *   <li>Without posted interrupts each interrupt costs an exit, with them none; timers, page faults and I/O of guests do not exist.
 * </ul>
 *
 * <p><b>Simpler than a real guest:</b> it has one lock, and its threads stay on their vCPUs. Spinning leaves the guest in its kernel only, and
 * an entry or a handler begins a new loop. A lock that nobody wants costs nothing to take; where it is handed over, the new
 * owner needs {@code handover}. An idle vCPU is not asked for TLB flushes. Nothing but {@code leastStay} keeps a lock's holder from being preempted.
 */
package io.vfio4j.emulator.vcpu;
