package io.vfio4j.linux.gl;

import java.util.List;
import java.util.Optional;

/**
 * What can import dma-bufs and read them back. Safe for use by any thread.
 */
public interface Graphics {

    /**
     * Whether its libraries are there. A GPU that can do it is only found by {@link #open}.
     *
     * @return true when {@link #open} may succeed
     */
    boolean isAvailable();

    /**
     * Why it is not available, with what to do about it.
     *
     * @return empty when it is
     */
    Optional<Throwable> unavailabilityCause();

    /**
     * Opens a GPU. Blocks while its driver starts, which may take long the first time.
     *
     * @param nodes paths of DRM nodes to try in this order, such as {@code /dev/dri/renderD128}; where none is given, those
     *     that the system has
     * @return the GPU; the caller closes it
     * @throws GraphicsException with the reason for each node that was tried
     */
    GraphicsContext open(List<String> nodes) throws GraphicsException;
}
