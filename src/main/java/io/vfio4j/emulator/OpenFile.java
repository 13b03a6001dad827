package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;

/**
 * An open file description: what descriptors, and other files, refer to. It is released with the last reference, which
 * need not be a descriptor: a VFIO device keeps its group's file, a VM the files of the groups it was given.
 *
 * <p>Everything here and in the subclasses happens under the kernel's lock.
 */
abstract class OpenFile {
    /** lseek(2) and pread(2) on what has no position: ESPIPE of asm-generic/errno-base.h. */
    private static final int ESPIPE = 29;

    private int references = 1;

    /** As /proc/PID/fd would show it. */
    abstract String name();

    /** What /proc/PID/fdinfo shows beside the usual lines. */
    String fdinfo() {
        return "";
    }

    /** Takes another reference. */
    final void get() {
        references++;
    }

    /** Gives a reference back; one that was never taken leads nowhere. */
    final void put() {
        if (--references == 0) {
            release();
        }
    }

    /** The last reference is gone. */
    void release() {}

    int ioctl(long request, long argument) throws KernelError {
        throw new KernelError(Errno.ENOTTY);
    }

    /** pread(2) into user memory. */
    int read(long address, int length, long position) throws KernelError {
        throw new KernelError(ESPIPE);
    }

    /** pwrite(2) from user memory. */
    int write(long address, int length, long position) throws KernelError {
        throw new KernelError(ESPIPE);
    }

    /** lseek(2) to the end. */
    long size() throws KernelError {
        throw new KernelError(ESPIPE);
    }

    /** mmap(2), shared. */
    MappedBytes map(long position, int length, Access access) throws KernelError {
        throw new KernelError(Errno.ENODEV);
    }

    /** Memory of a device that a process sees, and what happens when it is unmapped. */
    record MappedBytes(ByteBuffer bytes, Runnable unmap) {}
}
