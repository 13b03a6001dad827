package io.vfio4j.linux;

import java.util.List;

/**
 * What came through a socket in one read.
 *
 * <p>The descriptors are the receiver's own. Closing this closes them, so that one that is to be kept has to be taken out, by
 * {@link #take}; a descriptor that nobody takes is not leaked.
 */
public final class Received implements AutoCloseable {
    /** How many descriptors one message may carry: SCM_MAX_FD of the kernel's include/net/scm.h. */
    public static final int MOST_DESCRIPTORS = 253;

    private final byte[] data;
    private final List<Descriptor> descriptors;
    private final boolean incomplete;
    private boolean taken;

    /**
     * Made by implementations of {@link SystemCalls}.
     *
     * @param data the bytes; none at the end of the stream
     * @param descriptors what came with them; belong to the result from now on
     * @param incomplete whether the kernel has dropped descriptors (MSG_CTRUNC): more than there was room for in the message, or in
     *     this process
     */
    public Received(byte[] data, List<Descriptor> descriptors, boolean incomplete) {
        this.data = data.clone();
        this.descriptors = List.copyOf(descriptors);
        this.incomplete = incomplete;
    }

    /**
     * The bytes.
     *
     * @return a copy; empty when the sender has closed the connection
     */
    public byte[] data() {
        return data.clone();
    }

    /**
     * How many descriptors came.
     *
     * @return 0 in most messages
     */
    public int descriptorCount() {
        return descriptors.size();
    }

    /**
     * Hands the descriptors over.
     *
     * @return all of them; the caller closes them from now on
     * @throws IllegalStateException when they were taken before
     */
    public List<Descriptor> take() {
        if (taken) {
            throw new IllegalStateException("the descriptors of this message were taken before");
        }
        taken = true;
        return descriptors;
    }

    /**
     * Whether descriptors were sent that did not arrive.
     *
     * @return true when the kernel had to drop some
     */
    public boolean incomplete() {
        return incomplete;
    }

    /** Closes the descriptors that were not taken. */
    @Override
    public void close() {
        if (!taken) {
            descriptors.forEach(Descriptor::close);
        }
    }
}
