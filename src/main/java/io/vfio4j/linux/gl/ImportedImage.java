package io.vfio4j.linux.gl;

import java.nio.ByteBuffer;

/** A dma-buf that a GPU has imported. */
public interface ImportedImage extends AutoCloseable {

    /**
     * Reads the pixels as they are now. Blocks until the GPU has delivered them.
     *
     * @param target gets little-endian ARGB8888, line by line without gaps, from its offset 0 on; a direct buffer of at least width *
     *     height * 4 bytes. Its position and limit stay as they are
     * @throws GraphicsException when the GPU refuses, or when it or the image is closed
     */
    void read(ByteBuffer target) throws GraphicsException;

    /** Lets go of the buffer. Further calls do nothing. */
    @Override
    void close();
}
