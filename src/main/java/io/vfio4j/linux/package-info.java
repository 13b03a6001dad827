/**
 * The system calls that vfio4j uses, as one port ({@link io.vfio4j.linux.SystemCalls}), with owned descriptors and memory and an
 * exception that says what the kernel refused.
 *
 * <p>Two implementations: {@code io.vfio4j.linux.jna} for the real kernel, {@code io.vfio4j.emulator} for a kernel in memory.
 */
package io.vfio4j.linux;
