/**
 * The emulated host for JUnit 5: {@link io.vfio4j.emulator.junit.EmulatedVgpu} gives each test one of its own, and fails a test
 * that leaves something open. Needs junit-jupiter-api, which this library does not bring.
 */
package io.vfio4j.emulator.junit;
