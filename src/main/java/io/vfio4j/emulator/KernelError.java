package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;

/** A refusal inside the emulated kernel, before the system call turns it into an exception that names what was called. */
final class KernelError extends Exception {
    private static final long serialVersionUID = 1L;

    private final int errno;

    KernelError(int errno) {
        super(Errno.name(errno), null, false, false);
        this.errno = errno;
    }

    int errno() {
        return errno;
    }
}
