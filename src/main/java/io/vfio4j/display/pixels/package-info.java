/**
 * What a display shows: planes and their buffers, frames, the cursor, and what changed from one frame to the next.
 *
 * <p>A {@link io.vfio4j.display.pixels.Screen} fills a {@link io.vfio4j.display.pixels.Frame} that the caller owns, by the first way that
 * works: a region that is mapped or read, a dma-buf that is mapped, else a dma-buf through a GPU. Whatever the device's format and layout, a
 * frame is XRGB8888, line by line; what is known of whether the guest changed it meanwhile is its {@link
 * io.vfio4j.display.pixels.Evidence}.
 */
package io.vfio4j.display.pixels;
