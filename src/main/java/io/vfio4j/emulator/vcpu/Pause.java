package io.vfio4j.emulator.vcpu;

/**
 * When spinning leaves the guest: pause-loop exiting.
 *
 * @param windowNanos how long a vCPU spins before its first exit; ple_window of 4096 cycles
 * @param growth by what the window is multiplied at each exit; ple_window_grow
 * @param longestNanos what it grows to at most
 */
public record Pause(long windowNanos, int growth, long longestNanos) {}
