package io.vfio4j.linux.gl;

/**
 * An open GPU, with a thread of its own. Its methods may be called by any thread; they wait for that one, except those that close,
 * and work is done in the order of the calls. A caller that is interrupted waits nevertheless, and stays interrupted: a driver cannot be
 * stopped.
 */
public interface GraphicsContext extends AutoCloseable {

    /**
     * What it is, for people.
     *
     * @return for example {@code llvmpipe (LLVM 15.0.6, 256 bits) on /dev/dri/card0}
     */
    String name();

    /**
     * Imports a buffer, and reads a pixel of it, because not all that can be imported can be read. The result refers to the buffer
     * itself, not to the descriptor, which may be closed afterwards.
     *
     * @param image the buffer, and how its pixels are laid out
     * @return the import; the caller closes it
     * @throws GraphicsException when the GPU refuses it, with format and modifier by name; when the picture is larger than the
     *     buffer; when the GPU is closed
     */
    ImportedImage importImage(DmaBufImage image) throws GraphicsException;

    /**
     * Closes the GPU and all imports that are still open. Does not wait: the GPU first ends what it is doing, and then closes by itself;
     * calls that wait for it are refused. Further calls do nothing.
     */
    @Override
    void close();
}
