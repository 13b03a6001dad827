package io.vfio4j.emulator;

import io.vfio4j.emulator.vcpu.Boost;

/**
 * How a guest's host is shared.
 *
 * @param machines how many guests, the one that is shown included
 * @param boost whom a spinning vCPU yields to
 * @param seed of all that is random
 */
record HostLoad(int machines, Boost boost, long seed) {}
