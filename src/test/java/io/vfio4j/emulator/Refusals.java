package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import org.junit.jupiter.api.function.Executable;

/** Assertions on what the emulated kernel refuses. */
final class Refusals {
    private Refusals() {}

    static LinuxException assertErrno(int errno, Executable call) {
        LinuxException refusal = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), refusal.errnoName(), refusal.getMessage());
        return refusal;
    }
}
