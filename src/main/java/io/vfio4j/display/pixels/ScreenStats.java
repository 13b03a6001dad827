package io.vfio4j.display.pixels;

import java.util.Optional;

/**
 * A screen's counts since it was made, and what it holds.
 *
 * @param captures how many pictures were read, cursors included
 * @param queries how often planes were queried
 * @param dmaBufs how many dma-bufs are held open at the moment
 * @param mappings how many regions and dma-bufs are mapped at the moment
 * @param imports how many dma-bufs a GPU has imported at the moment
 * @param mappingRefusal why dma-bufs of this device cannot be mapped, once that is known
 * @param gpu which GPU reads them, once it is open
 */
public record ScreenStats(
        long captures,
        long queries,
        int dmaBufs,
        int mappings,
        int imports,
        Optional<String> mappingRefusal,
        Optional<String> gpu) {}
