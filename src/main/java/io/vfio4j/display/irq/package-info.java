/**
 * The display irq in its dialects: which one a kernel speaks, and what a counter that was read says.
 *
 * <p>The kernel series "Deliver vGPU display refresh event to userspace" (2019) was posted in six versions and never merged; what
 * exists are kernels built from one version or another, from the last tree that Intel published, or from ports to newer kernels.
 */
package io.vfio4j.display.irq;
