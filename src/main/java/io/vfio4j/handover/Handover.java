package io.vfio4j.handover;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Gets a copy of a device that another process has open. */
public final class Handover {
    /** How long {@link #fromSocket(SystemCalls, String)} waits at most. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(5);

    private Handover() {}

    /**
     * Takes a copy of the one device that a process has open. The process need not know of it, and is not stopped.
     *
     * <p>It needs the right to trace the process (ptrace): the same user and no fewer capabilities, as far as
     * {@code kernel.yama.ptrace_scope} allows it, or CAP_SYS_PTRACE. And Linux 5.6.
     *
     * <p>Any thread; does not wait.
     *
     * @param calls the host
     * @param pid the process's number
     * @return the device, {@linkplain VfioDevice#shared shared}; the caller closes it, which does not disturb the process
     * @throws HandoverException when it has none open, or several; then with their names
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice fromProcess(SystemCalls calls, int pid) throws IOException {
        return ProcessHandover.share(calls, pid, Optional.empty());
    }

    /**
     * Takes a copy of a device that a process has open among others.
     *
     * @param calls the host
     * @param pid the process's number
     * @param name the device's UUID or PCI address
     * @return the device, {@linkplain VfioDevice#shared shared}; the caller closes it, which does not disturb the process
     * @throws HandoverException when it does not have this one open
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice fromProcess(SystemCalls calls, int pid, String name) throws IOException {
        return ProcessHandover.share(calls, pid, Optional.of(name));
    }

    /**
     * Which devices a process has open, as far as /proc and sysfs tell. Before Linux 6.18 that is every device of the groups that it has
     * open, if it has any device open at all.
     *
     * @param calls the host
     * @param pid the process's number
     * @return UUIDs and PCI addresses, sorted
     * @throws LinuxException ENOENT when there is no such process, EACCES when it may not be looked into
     */
    public static List<String> devicesOf(SystemCalls calls, int pid) throws LinuxException {
        return OpenFiles.read(calls, "/proc/" + pid).names();
    }

    /**
     * Gets a copy of a device from a process that offers it on a UNIX socket. Waits for it, five seconds at most.
     *
     * @param calls the host
     * @param path the socket's absolute path
     * @return the device, {@linkplain VfioDevice#shared shared}; the caller closes it, which does not disturb the process
     * @throws HandoverException when something else comes through the socket
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice fromSocket(SystemCalls calls, String path) throws IOException {
        return fromSocket(calls, path, DEFAULT_PATIENCE);
    }

    /**
     * Gets a copy of a device from a process that offers it on a UNIX socket.
     *
     * @param calls the host
     * @param path the socket's absolute path
     * @param patience how long to wait for it at most
     * @return the device, {@linkplain VfioDevice#shared shared}; the caller closes it, which does not disturb the process
     * @throws HandoverException when something else comes through the socket
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice fromSocket(SystemCalls calls, String path, Duration patience) throws IOException {
        return SocketHandover.share(calls, path, patience);
    }
}
