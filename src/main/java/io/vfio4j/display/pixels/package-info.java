/**
 * What a display shows: planes and their buffers, frames, the cursor, and what changed from one frame to the next.
 *
 * <p>A picture is read by the first way that works: a region or a dma-buf that can be mapped, else a dma-buf through a GPU.
 */
package io.vfio4j.display.pixels;
