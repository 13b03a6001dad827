package io.vfio4j.linux.gl;

import java.nio.ByteBuffer;

/** A dma-buf that a GPU has imported. */
public interface ImportedImage extends AutoCloseable {

    /**
     * Reads the pixels as they are now. Blocks until the GPU has delivered them. Formats are converted as the processor would do it; alpha
     * is 255 where the format has none.
     *
     * @param target gets little-endian ARGB8888, line by line without gaps, from its offset 0 on; a direct buffer of at least width *
     *     height * 4 bytes. Its position and limit stay as they are; if the position is 0, nothing is allocated. It must be ordinary
     *     memory, not a mapping of something that may go away: drivers do not survive that
     * @throws IllegalArgumentException when the target is not such a buffer
     * @throws GraphicsException when the GPU refuses, or when it or the image is closed
     */
    void read(ByteBuffer target) throws GraphicsException;

    /** Lets go of the buffer, as soon as the GPU has ended what it is doing. Does not wait for it. Further calls do nothing. */
    @Override
    void close();
}
