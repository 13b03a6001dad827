package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;

/** A kernel whose mediated devices come and go, with other processes that use them. */
interface MdevHost extends AutoCloseable {
    SystemCalls systemCalls();

    /** A parent whose devices take different parts of something that it has in common for them. */
    Divided divided();

    /** Starts a process that has a node open, and does nothing with it. */
    OtherProcess openNode(String path) throws IOException;

    /** Starts a process that has a device open. */
    OtherProcess openDevice(MdevDevice device) throws IOException;

    /** Has a process end when its device loses its driver: one that gives back what is asked for. */
    void endOnRemoval(OtherProcess process, MdevDevice device);

    /** How many descriptors this process has open that matter. */
    long openDescriptors() throws IOException;

    @Override
    void close() throws IOException;

    /**
     * A parent and two of its types, of which a device of the larger one takes the room of many of the smaller.
     *
     * @param parent its name
     * @param smaller a type's name
     * @param larger a type's name
     */
    record Divided(String parent, String smaller, String larger) {}

    /** Another process. */
    interface OtherProcess extends AutoCloseable {
        int pid();

        /** What the kernel calls it. */
        String command();

        /** Ends it, which closes what it has open. */
        @Override
        void close() throws IOException;
    }
}
