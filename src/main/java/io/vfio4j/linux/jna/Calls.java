package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Processes;
import io.vfio4j.linux.uapi.Sockets;

/**
 * The C library's functions with their errors in the result: what the function returns, or -errno. A signal (EINTR) restarts
 * the call; {@code close} alone must not be restarted, because Linux has given the number away by then.
 */
final class Calls {
    private static final int F_OK = 0;
    /** Of sched_setaffinity(2). */
    private static final int CALLING_THREAD = 0;

    private Calls() {}

    /**
     * Reads errno, at once: JNA keeps it per thread, but until the thread's next call through JNA only, and a successful
     * call does not reset it. So nothing may stand between the call and this.
     */
    private static long outcome(long returned) {
        return returned >= 0 ? returned : -Native.getLastError();
    }

    private static int outcome(int returned) {
        return returned >= 0 ? returned : -Native.getLastError();
    }

    static int open(long path, int flags) {
        int outcome;
        do {
            outcome = outcome(LibC.open(path, flags));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int close(int descriptor) {
        return outcome(LibC.close(descriptor));
    }

    static int fcntl(int descriptor, int command, long argument) {
        int outcome;
        do {
            outcome = outcome(LibC.fcntl(descriptor, command, argument));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int ioctl(int descriptor, long request, long argument) {
        int outcome;
        do {
            outcome = outcome(LibC.ioctl(descriptor, request, argument));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int read(int descriptor, long buffer, int count) {
        long outcome;
        do {
            outcome = outcome(LibC.read(descriptor, buffer, count));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }

    static int write(int descriptor, long buffer, int count) {
        long outcome;
        do {
            outcome = outcome(LibC.write(descriptor, buffer, count));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }

    static int pread(int descriptor, long buffer, int count, long position) {
        long outcome;
        do {
            outcome = outcome(LibC.pread(descriptor, buffer, count, position));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }

    static int pwrite(int descriptor, long buffer, int count, long position) {
        long outcome;
        do {
            outcome = outcome(LibC.pwrite(descriptor, buffer, count, position));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }

    static long lseek(int descriptor, long position, int whence) {
        return outcome(LibC.lseek(descriptor, position, whence));
    }

    static long mmap(int length, int protection, int flags, int descriptor, long position) {
        long outcome;
        do {
            outcome = outcome(LibC.mmap(0, length, protection, flags, descriptor, position));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int munmap(long address, long length) {
        return outcome(LibC.munmap(address, length));
    }

    static int pageSize() {
        return LibC.getpagesize();
    }

    static int eventfd(int flags) {
        return outcome(LibC.eventfd(0, flags));
    }

    static int eventfdWrite(int descriptor, long value) {
        int outcome;
        do {
            outcome = outcome(LibC.eventfd_write(descriptor, value));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int timerfdCreate(int clock, int flags) {
        return outcome(LibC.timerfd_create(clock, flags));
    }

    static int timerfdSettime(int descriptor, long newValue) {
        return outcome(LibC.timerfd_settime(descriptor, 0, newValue, 0));
    }

    static int epollCreate(int flags) {
        return outcome(LibC.epoll_create1(flags));
    }

    static int epollCtl(int epoll, int operation, int descriptor, long event) {
        return outcome(LibC.epoll_ctl(epoll, operation, descriptor, event));
    }

    static int epollWait(int epoll, long events, int room, boolean wait) {
        int outcome;
        do {
            outcome = outcome(LibC.epoll_wait(epoll, events, room, wait ? -1 : 0));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static boolean exists(long path) {
        return outcome(LibC.access(path, F_OK)) == 0;
    }

    static int access(long path, int mode) {
        return outcome(LibC.access(path, mode));
    }

    static int readlink(long path, long buffer, int size) {
        return (int) outcome(LibC.readlink(path, buffer, size));
    }

    static int pidfdOpen(int pid) {
        return (int) outcome(LibC.syscall(Processes.SYS_pidfd_open, pid, 0, 0));
    }

    static int pidfdGetfd(int process, int number) {
        return (int) outcome(LibC.syscall(Processes.SYS_pidfd_getfd, process, number, 0));
    }

    static int getAffinity(int size, long mask) {
        return outcome(LibC.sched_getaffinity(CALLING_THREAD, size, mask));
    }

    static int setAffinity(int size, long mask) {
        return outcome(LibC.sched_setaffinity(CALLING_THREAD, size, mask));
    }

    static int clockResolution(int clock, long resolution) {
        return outcome(LibC.clock_getres(clock, resolution));
    }

    /** Not restarted: what is left of the time is the caller's business. */
    static int poll(long descriptors, int count, int timeoutMillis) {
        return outcome(LibC.poll(descriptors, count, timeoutMillis));
    }

    static int unlink(long path) {
        return outcome(LibC.unlink(path));
    }

    static int socket(int family, int type) {
        return outcome(LibC.socket(family, type, 0));
    }

    static int setsockopt(int socket, int option, long value, int length) {
        return outcome(LibC.setsockopt(socket, Sockets.SOL_SOCKET, option, value, length));
    }

    /** Not restarted, as {@link #poll}. */
    static int connect(int socket, long address, int length) {
        return outcome(LibC.connect(socket, address, length));
    }

    static int fchmod(int descriptor, int mode) {
        return outcome(LibC.fchmod(descriptor, mode));
    }

    static int bind(int socket, long address, int length) {
        return outcome(LibC.bind(socket, address, length));
    }

    static int listen(int socket, int backlog) {
        return outcome(LibC.listen(socket, backlog));
    }

    static int accept(int socket, int flags) {
        int outcome;
        do {
            outcome = outcome(LibC.accept4(socket, 0, 0, flags));
        } while (outcome == -Errno.EINTR);
        return outcome;
    }

    static int sendmsg(int socket, long message, int flags) {
        long outcome;
        do {
            outcome = outcome(LibC.sendmsg(socket, message, flags));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }

    static int recvmsg(int socket, long message, int flags) {
        long outcome;
        do {
            outcome = outcome(LibC.recvmsg(socket, message, flags));
        } while (outcome == -Errno.EINTR);
        return (int) outcome;
    }
}
