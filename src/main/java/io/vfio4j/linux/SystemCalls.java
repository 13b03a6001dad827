package io.vfio4j.linux;

import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.uapi.Ioctl;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The system calls that vfio4j uses: the seam between the library and a kernel, be it the real one or the emulated host.
 * Everything above it, argsz growth, capability walk, counter decoding, close order, is the same code on both.
 *
 * <p>All methods may be called by any thread; none blocks but where it says so (an ioctl may take as long as the driver
 * wishes). EINTR is handled inside. Every descriptor is close-on-exec. Descriptors, memory and mappings belong to the
 * caller, who closes them, and to the instance that made them: another one refuses them with
 * {@link IllegalArgumentException} where it can tell.
 */
public interface SystemCalls {
    /** One more than the highest number of a processor: NR_CPUS of the largest x86-64 kernels. */
    int MOST_PROCESSORS = 8192;

    /**
     * Which kernel this is and how it is reached, for people.
     *
     * @return for example {@code Linux through JNA and the bridge}
     */
    String name();

    /**
     * Opens a device node or file: open(2) with O_CLOEXEC.
     *
     * @param path an absolute path
     * @param access what for
     * @return the descriptor, described by the path
     * @throws LinuxException what open(2) says
     */
    Descriptor open(String path, Access access) throws LinuxException;

    /**
     * Takes ownership of a descriptor that an ioctl returned or that came from elsewhere, and makes it close-on-exec.
     *
     * @param number the descriptor's number
     * @param description what it is, for error messages
     * @return the owner
     * @throws LinuxException EBADF when the number is not open
     */
    Descriptor adopt(int number, String description) throws LinuxException;

    /**
     * fcntl(2) with F_DUPFD_CLOEXEC: another descriptor of the same open file.
     *
     * @param descriptor the descriptor, which stays the caller's
     * @param description what the copy is, for error messages
     * @return the copy
     * @throws LinuxException EMFILE
     */
    Descriptor duplicate(Descriptor descriptor, String description) throws LinuxException;

    /**
     * lseek(2) with SEEK_END: how big a file or a dma-buf is.
     *
     * @param descriptor the file
     * @return its size in bytes
     * @throws LinuxException ESPIPE or EINVAL where the file has no size
     */
    long size(Descriptor descriptor) throws LinuxException;

    /**
     * ioctl(2) with a pointer.
     *
     * @param descriptor the device
     * @param request the request
     * @param argument what the pointer points to
     * @return what the call returned, not negative
     * @throws LinuxException what the driver says
     */
    int ioctl(Descriptor descriptor, Ioctl request, NativeMemory argument) throws LinuxException;

    /**
     * ioctl(2) with a plain value.
     *
     * @param descriptor the device
     * @param request the request
     * @param argument the value
     * @return what the call returned, not negative
     * @throws LinuxException what the driver says
     */
    int ioctl(Descriptor descriptor, Ioctl request, long argument) throws LinuxException;

    /**
     * pread(2): reads as much as the device gives in one call.
     *
     * @param descriptor the file or device
     * @param into where the bytes go, from its offset 0
     * @param length how many at most, not more than {@code into} holds
     * @param position where in the file or device
     * @return how many bytes were read, possibly fewer; 0 at the end of a file
     * @throws LinuxException what the driver says
     */
    int read(Descriptor descriptor, NativeMemory into, int length, long position) throws LinuxException;

    /**
     * pwrite(2): writes as much as the device takes in one call.
     *
     * @param descriptor the file or device
     * @param from where the bytes come from, from its offset 0
     * @param length how many
     * @param position where in the file or device
     * @return how many bytes were written, possibly fewer
     * @throws LinuxException what the driver says
     */
    int write(Descriptor descriptor, NativeMemory from, int length, long position) throws LinuxException;

    /**
     * mmap(2), shared.
     *
     * @param descriptor the file or device
     * @param position where in it, a multiple of the page size
     * @param length how many bytes, 1 to {@link Integer#MAX_VALUE}
     * @param access reading, or reading and writing
     * @return the mapping
     * @throws LinuxException what the driver says
     */
    Mapping map(Descriptor descriptor, long position, int length, Access access) throws LinuxException;

    /**
     * Allocates zeroed memory for a structure.
     *
     * @param bytes how many, at least 1
     * @return the memory
     */
    NativeMemory allocate(int bytes);

    /**
     * Allocates zeroed memory that starts on a page, as a DMA mapping needs it.
     *
     * @param bytes how many, at least 1
     * @return the memory
     */
    NativeMemory allocatePages(int bytes);

    /**
     * Makes a caller's direct buffer addressable. The buffer is kept alive, and not freed, by the result.
     *
     * @param direct a direct buffer; its bytes from 0 to capacity are meant
     * @return a view for system calls
     * @throws IllegalArgumentException when the buffer is not direct
     */
    NativeMemory wrap(ByteBuffer direct);

    /**
     * eventfd(2) with value 0, non-blocking, not a semaphore.
     *
     * @param description what it counts, for error messages
     * @return the counter
     * @throws LinuxException EMFILE, ENFILE, ENOMEM
     */
    Descriptor eventFd(String description) throws LinuxException;

    /**
     * timerfd_create(2) on the monotonic clock, non-blocking, disarmed.
     *
     * @param description what it times, for error messages
     * @return the counter of expirations
     * @throws LinuxException EMFILE, ENFILE, ENOMEM
     */
    Descriptor timerFd(String description) throws LinuxException;

    /**
     * Adds to an eventfd.
     *
     * @param eventFd the counter
     * @param value what to add, unsigned, not all ones
     * @throws LinuxException EAGAIN when the counter would go beyond 2<sup>64</sup> - 2
     * @throws IllegalArgumentException when the value is all ones
     */
    void signal(Descriptor eventFd, long value) throws LinuxException;

    /**
     * Reads a counter, which empties it. A counter has one reader: call this on the thread that polls it, or when no
     * {@link Poller} watches it.
     *
     * @param counter an eventfd or timerfd
     * @return its value, unsigned; 0 when there was nothing to read
     * @throws LinuxException what read(2) says, EAGAIN excepted
     */
    long drain(Descriptor counter) throws LinuxException;

    /**
     * Arms a timerfd to expire once.
     *
     * @param timerFd the timer
     * @param delayNanos in how many nanoseconds; 0 or less means at once
     * @throws LinuxException what timerfd_settime(2) says
     */
    void arm(Descriptor timerFd, long delayNanos) throws LinuxException;

    /**
     * Opens a poller.
     *
     * @return the poller, watching nothing
     * @throws LinuxException EMFILE, ENFILE, ENOMEM
     */
    Poller openPoller() throws LinuxException;

    /**
     * Lists a directory of sysfs, procfs or /dev.
     *
     * @param directory an absolute path
     * @return the names in it, sorted, without {@code .} and {@code ..}
     * @throws LinuxException ENOENT, ENOTDIR, EACCES, as of {@code opendir}
     */
    List<String> list(String directory) throws LinuxException;

    /**
     * Whether a path leads to something; a link that leads nowhere does not.
     *
     * @param path an absolute path
     * @return false also where it cannot be told for lack of permission
     */
    boolean exists(String path);

    /**
     * stat(2): what a path leads to, links followed. Does not open it.
     *
     * @param path an absolute path
     * @return what the kernel says of it
     * @throws LinuxException ENOENT, ENOTDIR, ELOOP, EACCES where a directory on the way may not be searched
     */
    FileStatus status(String path) throws LinuxException;

    /**
     * access(2): whether this process may open a file or device, as far as permissions go: mode, access control list,
     * capabilities, device control group. Does not open it, so whether the device is free or there at all is another question.
     *
     * @param path an absolute path
     * @param access what for
     * @throws LinuxException EACCES or EPERM when it may not, or what keeps the path from leading to a file
     */
    void checkAccess(String path, Access access) throws LinuxException;

    /**
     * Reads a small text file, such as a sysfs attribute.
     *
     * @param path an absolute path
     * @return its text, UTF-8, at most 64 KiB of it, as it stands, with its line ends
     * @throws LinuxException what open(2) and read(2) say
     */
    String readText(String path) throws LinuxException;

    /**
     * Writes a sysfs attribute by one write(2). Blocks as long as the driver takes to act on it: the removal of a device
     * waits for its users.
     *
     * @param path an absolute path of an existing file
     * @param text what to write
     * @throws LinuxException what open(2) and write(2) say
     */
    void writeText(String path, String text) throws LinuxException;

    /**
     * Has a sysfs attribute written by a process of its own, for writes that the driver may keep waiting without end: a thread
     * that is in such a write can be neither interrupted nor killed, and its process cannot end. Does not block.
     *
     * @param path an absolute path of an existing file
     * @param text what to write
     * @return tells when it is done; needs no closing
     * @throws LinuxException ENOENT, EACCES, EPERM, EROFS, as of access(2); what start of the process says
     */
    PendingWrite writeApart(String path, String text) throws LinuxException;

    /**
     * Reads where a symbolic link leads.
     *
     * @param path an absolute path
     * @return the link's text, which may be relative
     * @throws LinuxException ENOENT, EINVAL when it is no link, EACCES
     */
    String readLink(String path) throws LinuxException;

    /**
     * pidfd_open(2): a descriptor that stands for a process, also when its number has been given to another one.
     *
     * @param pid the process's number, at least 1
     * @return the process
     * @throws LinuxException ESRCH when there is none, EINVAL or ENOENT when the number is a thread's, ENOSYS before Linux 5.3
     */
    Descriptor openProcess(int pid) throws LinuxException;

    /**
     * pidfd_getfd(2): a descriptor of our own for what a process has open. It is as if the process had passed it on: what it does
     * with its own afterwards, closing included, leaves ours as it is.
     *
     * @param process what {@link #openProcess} returned
     * @param number the descriptor's number in that process
     * @param description what it is, for error messages
     * @return the copy
     * @throws LinuxException EPERM when the process may not be traced, EBADF when the number is not open there, ESRCH when it has
     *     ended, ENOSYS before Linux 5.6
     */
    Descriptor copyDescriptor(Descriptor process, int number, String description) throws LinuxException;

    /**
     * Whether a process has ended. As long as it has not, its number is its own.
     *
     * @param process what {@link #openProcess} returned
     * @return true from its end on
     * @throws LinuxException what poll(2) says
     */
    boolean hasExited(Descriptor process) throws LinuxException;

    /**
     * Connects to a UNIX stream socket. Blocks while its owner has more connections waiting than it allows.
     *
     * @param path an absolute path of at most 107 bytes
     * @param patience how long to wait at most
     * @return the connection
     * @throws LinuxException ENOENT, EACCES, ECONNREFUSED when nobody listens or it is no socket, EPROTOTYPE when it is no stream
     *     socket, EAGAIN when the patience has ended, ENAMETOOLONG
     */
    Descriptor connect(String path, Duration patience) throws LinuxException;

    /**
     * Creates a UNIX stream socket that listens on a path, open to its owner and root only (mode 0600) from the first moment.
     *
     * @param path an absolute path of at most 107 bytes, which must not exist; stays when the socket is closed, see
     *     {@link #removeFile}
     * @return the listening socket
     * @throws LinuxException EADDRINUSE when the path exists, ENOENT, ENOTDIR, EACCES, EROFS, ENAMETOOLONG; the path does not exist
     *     then, unless it did before
     */
    Descriptor listen(String path) throws LinuxException;

    /**
     * Takes a connection that waits at a listening socket.
     *
     * @param listener what {@link #listen} returned
     * @return the connection; empty where none waits
     * @throws LinuxException what accept4(2) says, EAGAIN excepted
     */
    Optional<Descriptor> accept(Descriptor listener) throws LinuxException;

    /**
     * Sends a message with descriptors (SCM_RIGHTS), without waiting. The receiver gets copies of them.
     *
     * @param connection a connected socket
     * @param data what to send, at least one byte
     * @param attached what to send with the first byte, at most {@value Received#MOST_DESCRIPTORS}; stay the caller's
     * @return how many bytes were sent, at least 1
     * @throws LinuxException EAGAIN when the receiver does not read, EPIPE or ECONNRESET when it has gone
     */
    int send(Descriptor connection, byte[] data, List<Descriptor> attached) throws LinuxException;

    /**
     * Receives what comes next, with the descriptors that came with it. Blocks until something came.
     *
     * @param connection a connected socket
     * @param mostBytes how much at most; what is beyond stays for the next call
     * @param mostDescriptors how many at most, up to {@value Received#MOST_DESCRIPTORS}; the kernel drops those beyond
     * @param patience how long to wait at most
     * @return what came; no bytes when the sender has closed the connection
     * @throws LinuxException EAGAIN when the patience has ended, ECONNRESET; nothing was received then
     */
    Received receive(Descriptor connection, int mostBytes, int mostDescriptors, Duration patience)
            throws LinuxException;

    /**
     * Whether the other side of a connection has closed it, or at least will not send any more. What it sent before may still be
     * received.
     *
     * @param connection a connected socket
     * @return true from then on
     * @throws LinuxException what poll(2) says
     */
    boolean isHungUp(Descriptor connection) throws LinuxException;

    /**
     * unlink(2).
     *
     * @param path an absolute path
     * @throws LinuxException ENOENT, EACCES, EPERM, EISDIR
     */
    void removeFile(String path) throws LinuxException;

    /**
     * The way to pixels that no processor can map.
     *
     * @return always the same; says itself whether it is available
     */
    Graphics graphics();

    /**
     * sched_getaffinity(2) of the calling thread: the processors that it may run on. A new thread has those of the one that
     * started it.
     *
     * @return their numbers, ascending; at least one
     * @throws LinuxException what the call says
     */
    List<Integer> allowedProcessors() throws LinuxException;

    /**
     * sched_setaffinity(2) of the calling thread, which must not be a virtual one: from the return on it runs on these processors
     * and no others. Where a cpuset forbids some of them, the rest is what is left.
     *
     * @param processors their numbers, at least one, each 0 to {@value #MOST_PROCESSORS} - 1
     * @throws LinuxException EINVAL when there is none of them, or the thread's cpuset forbids them all
     * @throws IllegalArgumentException for no processor, or a number that none can have
     */
    void bindThread(List<Integer> processors) throws LinuxException;

    /**
     * How long a tick of the kernel's scheduler is (1/HZ), after which it looks whether a thread has had its turn: the resolution
     * of CLOCK_MONOTONIC_COARSE.
     *
     * @return nanoseconds, more than 0
     * @throws LinuxException what clock_getres(2) says
     */
    long tickNanos() throws LinuxException;

    /**
     * The monotonic clock that timers of this kernel follow.
     *
     * @return nanoseconds since an arbitrary origin, as {@link System#nanoTime}
     */
    long nanoTime();

    /**
     * The host's virtual time.
     *
     * @return empty where time passes by itself
     */
    Optional<VirtualTime> virtualTime();
}
