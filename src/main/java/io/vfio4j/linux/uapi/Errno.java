package io.vfio4j.linux.uapi;

import java.util.Map;
import java.util.OptionalInt;

/** The error numbers that vfio4j meets, from {@code asm-generic/errno-base.h} and {@code asm-generic/errno.h}. */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ENOSPC = 28;
    public static final int EROFS = 30;
    public static final int ERANGE = 34;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    public static final int ELOOP = 40;
    public static final int EOVERFLOW = 75;
    public static final int EBADFD = 77;
    public static final int EUSERS = 87;
    public static final int EOPNOTSUPP = 95;
    public static final int ETIMEDOUT = 110;
    public static final int EPIPE = 32;
    public static final int ENOTSOCK = 88;
    public static final int EMSGSIZE = 90;
    public static final int EPROTOTYPE = 91;
    public static final int EADDRINUSE = 98;
    public static final int ENOBUFS = 105;
    public static final int ENOTCONN = 107;
    public static final int ECONNRESET = 104;
    public static final int ETOOMANYREFS = 109;
    public static final int ECONNREFUSED = 111;

    private record Text(String name, String meaning) {}

    private static final Map<Integer, Text> TEXTS = Map.ofEntries(
            Map.entry(EPERM, new Text("EPERM", "operation not permitted")),
            Map.entry(ENOENT, new Text("ENOENT", "no such file or directory")),
            Map.entry(ESRCH, new Text("ESRCH", "no such process")),
            Map.entry(EINTR, new Text("EINTR", "interrupted system call")),
            Map.entry(EIO, new Text("EIO", "input/output error")),
            Map.entry(ENXIO, new Text("ENXIO", "no such device or address")),
            Map.entry(E2BIG, new Text("E2BIG", "argument list too long")),
            Map.entry(EBADF, new Text("EBADF", "bad file descriptor")),
            Map.entry(EAGAIN, new Text("EAGAIN", "resource temporarily unavailable")),
            Map.entry(ENOMEM, new Text("ENOMEM", "cannot allocate memory")),
            Map.entry(EACCES, new Text("EACCES", "permission denied")),
            Map.entry(EFAULT, new Text("EFAULT", "bad address")),
            Map.entry(EBUSY, new Text("EBUSY", "device or resource busy")),
            Map.entry(EEXIST, new Text("EEXIST", "file exists")),
            Map.entry(ENODEV, new Text("ENODEV", "no such device")),
            Map.entry(ENOTDIR, new Text("ENOTDIR", "not a directory")),
            Map.entry(EISDIR, new Text("EISDIR", "is a directory")),
            Map.entry(EINVAL, new Text("EINVAL", "invalid argument")),
            Map.entry(ENFILE, new Text("ENFILE", "too many open files in system")),
            Map.entry(EMFILE, new Text("EMFILE", "too many open files")),
            Map.entry(ENOTTY, new Text("ENOTTY", "inappropriate ioctl for device")),
            Map.entry(ENOSPC, new Text("ENOSPC", "no space left on device")),
            Map.entry(EROFS, new Text("EROFS", "read-only file system")),
            Map.entry(ERANGE, new Text("ERANGE", "numerical result out of range")),
            Map.entry(ENAMETOOLONG, new Text("ENAMETOOLONG", "file name too long")),
            Map.entry(ENOSYS, new Text("ENOSYS", "function not implemented")),
            Map.entry(ELOOP, new Text("ELOOP", "too many levels of symbolic links")),
            Map.entry(EBADFD, new Text("EBADFD", "file descriptor in bad state")),
            Map.entry(EUSERS, new Text("EUSERS", "too many users")),
            Map.entry(EOVERFLOW, new Text("EOVERFLOW", "value too large for defined data type")),
            Map.entry(EOPNOTSUPP, new Text("EOPNOTSUPP", "operation not supported")),
            Map.entry(EPIPE, new Text("EPIPE", "broken pipe")),
            Map.entry(ENOTSOCK, new Text("ENOTSOCK", "socket operation on non-socket")),
            Map.entry(EMSGSIZE, new Text("EMSGSIZE", "message too long")),
            Map.entry(EPROTOTYPE, new Text("EPROTOTYPE", "protocol wrong type for socket")),
            Map.entry(EADDRINUSE, new Text("EADDRINUSE", "address already in use")),
            Map.entry(ENOBUFS, new Text("ENOBUFS", "no buffer space available")),
            Map.entry(ENOTCONN, new Text("ENOTCONN", "transport endpoint is not connected")),
            Map.entry(ECONNRESET, new Text("ECONNRESET", "connection reset by peer")),
            Map.entry(ETOOMANYREFS, new Text("ETOOMANYREFS", "too many references: cannot splice")),
            Map.entry(ECONNREFUSED, new Text("ECONNREFUSED", "connection refused")),
            Map.entry(ETIMEDOUT, new Text("ETIMEDOUT", "connection timed out")));

    private Errno() {}

    /**
     * The symbolic name of an error number.
     *
     * @param errno the number
     * @return for example {@code EBUSY}, or {@code errno 133} where this table has no name
     */
    public static String name(int errno) {
        Text text = TEXTS.get(errno);
        return text == null ? "errno " + errno : text.name();
    }

    /**
     * The error number that has a meaning: what a program's message says of it in the locale {@code C}.
     *
     * @param meaning as {@link #meaning} gives it, in upper or lower case
     * @return empty where this table has no such error
     */
    public static OptionalInt withMeaning(String meaning) {
        return TEXTS.entrySet().stream()
                .filter(entry -> entry.getValue().meaning().equalsIgnoreCase(meaning))
                .mapToInt(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * What an error number means in general.
     *
     * @param errno the number
     * @return for example {@code device or resource busy}
     */
    public static String meaning(int errno) {
        Text text = TEXTS.get(errno);
        return text == null ? "unknown error" : text.meaning();
    }
}
