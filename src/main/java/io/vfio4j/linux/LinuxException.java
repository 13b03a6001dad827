package io.vfio4j.linux;

import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;

/**
 * A system call that the kernel refused: which error, in which operation, on what, and what to do about it.
 *
 * <p>The message reads, for example: {@code open /dev/vfio/12: EBUSY (device or resource busy). The group is open in
 * another process; only one may have it.}
 */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;
    private final String operation;
    private final String target;
    private final String advice;

    /**
     * A refusal without advice; who knows more adds it by {@link #withAdvice}.
     *
     * @param errno the kernel's error number
     * @param operation the system call or ioctl, for example {@code VFIO_GROUP_GET_DEVICE_FD}
     * @param target the path or device it was applied to
     */
    public LinuxException(int errno, String operation, String target) {
        this(errno, operation, target, "");
    }

    private LinuxException(int errno, String operation, String target, String advice) {
        super(operation + " " + target + ": " + Errno.name(errno) + " (" + Errno.meaning(errno) + ")"
                + (advice.isEmpty() ? "" : ". " + advice));
        this.errno = errno;
        this.operation = operation;
        this.target = target;
        this.advice = advice;
    }

    /**
     * The same refusal with a sentence on what to do.
     *
     * @param sentence ends with a full stop
     * @return a new exception whose cause is this one
     */
    public LinuxException withAdvice(String sentence) {
        LinuxException advised = new LinuxException(errno, operation, target, sentence);
        advised.initCause(this);
        return advised;
    }

    /**
     * The kernel's error number.
     *
     * @return one of {@link Errno}, or any other positive number
     */
    public int errno() {
        return errno;
    }

    /**
     * The error's symbolic name.
     *
     * @return for example {@code EBUSY}
     */
    public String errnoName() {
        return Errno.name(errno);
    }

    /**
     * The system call or ioctl that failed.
     *
     * @return for example {@code VFIO_GROUP_GET_DEVICE_FD}
     */
    public String operation() {
        return operation;
    }

    /**
     * What the operation was applied to.
     *
     * @return a path or a device's name
     */
    public String target() {
        return target;
    }

    /**
     * What to do about it.
     *
     * @return a sentence, or the empty string
     */
    public String advice() {
        return advice;
    }
}
