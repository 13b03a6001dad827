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
     * Opens the first GPU that works: each has to import and read a small buffer of its own, which tells a GPU from a node that
     * promises and does not deliver. Blocks while drivers start, which may take long the first time.
     *
     * <p>A buffer can mostly be read by the GPU only that it comes from: where there are several, name the nodes of that one.
     *
     * @param nodes paths of DRM nodes to try in this order, such as {@code /dev/dri/renderD128}; where none is given, those
     *     that the system has, the ones for rendering first
     * @return the GPU; the caller closes it
     * @throws GraphicsException with the reason for each node that was tried
     */
    GraphicsContext open(List<String> nodes) throws GraphicsException;
}
