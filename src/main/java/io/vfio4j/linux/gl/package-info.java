/**
 * A GPU's way to the pixels of a buffer that no processor can map, as one port ({@link io.vfio4j.linux.gl.Graphics}): import a
 * dma-buf, read it back.
 *
 * <p>Two implementations: EGL in {@code io.vfio4j.linux.jna}, and one in software in {@code io.vfio4j.emulator}.
 */
package io.vfio4j.linux.gl;
