package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The C library's functions, direct-mapped: primitives only, addresses as {@code long}. Only {@link Calls} calls them, which
 * knows what to do about errno.
 *
 * <p>{@code open}, {@code fcntl}, {@code ioctl} and {@code syscall} are variadic in C. Calling them with a fixed number of arguments is right
 * where variadic integers travel in the same registers as others: on Linux on x86-64 and aarch64, and nowhere else would
 * this class be loaded.
 *
 * <p>All symbols are looked up when the class is loaded, and one that is missing makes the class unusable. So only what every
 * C library of the last ten years has belongs here.
 */
final class LibC {
    static {
        // Whatever C library the process runs on, rather than a file name to search for.
        Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    static native int open(long path, int flags);

    static native int close(int descriptor);

    static native int fcntl(int descriptor, int command, long argument);

    static native int ioctl(int descriptor, long request, long argument);

    static native long read(int descriptor, long buffer, long count);

    static native long write(int descriptor, long buffer, long count);

    static native long pread(int descriptor, long buffer, long count, long position);

    static native long pwrite(int descriptor, long buffer, long count, long position);

    static native long lseek(int descriptor, long position, int whence);

    static native long mmap(long hint, long length, int protection, int flags, int descriptor, long position);

    static native int munmap(long address, long length);

    static native int getpagesize();

    static native int eventfd(int initial, int flags);

    static native int eventfd_write(int descriptor, long value);

    static native int timerfd_create(int clock, int flags);

    static native int timerfd_settime(int descriptor, int flags, long newValue, long oldValue);

    static native int epoll_create1(int flags);

    static native int epoll_ctl(int epoll, int operation, int descriptor, long event);

    static native int epoll_wait(int epoll, long events, int room, int timeoutMillis);

    static native int access(long path, int mode);

    static native long readlink(long path, long buffer, long size);

    static native long syscall(long number, long first, long second, long third);

    static native int sched_getaffinity(int thread, long size, long mask);

    static native int sched_setaffinity(int thread, long size, long mask);

    static native int clock_getres(int clock, long resolution);

    static native int poll(long descriptors, long count, int timeoutMillis);

    static native int unlink(long path);

    static native int socket(int family, int type, int protocol);

    static native int setsockopt(int socket, int level, int option, long value, int length);

    static native int connect(int socket, long address, int length);

    static native int fchmod(int descriptor, int mode);

    static native int bind(int socket, long address, int length);

    static native int listen(int socket, int backlog);

    static native int accept4(int socket, long address, long length, int flags);

    static native long sendmsg(int socket, long message, int flags);

    static native long recvmsg(int socket, long message, int flags);
}
