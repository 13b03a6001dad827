package io.vfio4j.emulator;

/**
 * A mode that a monitor offers.
 *
 * @param width in pixels
 * @param height in pixels
 * @param hertz its refresh rate, rounded
 */
record MonitorMode(int width, int height, int hertz) {}
