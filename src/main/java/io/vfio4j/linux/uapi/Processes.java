package io.vfio4j.linux.uapi;

/**
 * {@code sys/syscall.h}: the system calls that C libraries have no function for everywhere. The numbers are the same on x86-64 and
 * on aarch64, as of all that came after Linux 5.1. And the one capability that is asked for, of {@code linux/capability.h}.
 */
public final class Processes {
    public static final int SYS_pidfd_open = 434;
    public static final int SYS_pidfd_getfd = 438;
    public static final int CAP_SYS_PTRACE = 19;

    private Processes() {}
}
