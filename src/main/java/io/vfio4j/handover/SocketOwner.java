package io.vfio4j.handover;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.DeviceOwner;
import java.time.Duration;

/** Whoever is at the other end of a connection, which stays open as long as he has the device. */
final class SocketOwner implements DeviceOwner {
    private final SystemCalls calls;
    private final Descriptor connection;
    private final String description;

    private SocketOwner(SystemCalls calls, Descriptor connection, String path) {
        this.calls = calls;
        this.connection = connection;
        this.description = "the owner of the socket " + path;
    }

    static SocketOwner connect(SystemCalls calls, String path, Duration patience) throws LinuxException {
        try {
            return new SocketOwner(calls, calls.connect(path, patience), path);
        } catch (LinuxException e) {
            throw e.advice().isEmpty() ? advised(e) : e;
        }
    }

    private static LinuxException advised(LinuxException e) {
        return switch (e.errno()) {
            case Errno.ENOENT ->
                e.withAdvice("There is no such socket: is the VMM running, and does it offer the device?");
            case Errno.ECONNREFUSED ->
                e.withAdvice(
                        "Nobody listens there: it is no socket, or it was left behind by a process that has ended.");
            case Errno.EACCES ->
                e.withAdvice("A socket is open to those who may write to it, and search the directories above it:"
                        + " mostly to its owner's user alone.");
            case Errno.EPROTOTYPE ->
                e.withAdvice("The socket is of another kind; a device is handed over by a stream socket.");
            case Errno.EAGAIN -> e.withAdvice("Whoever listens there does not accept connections any more.");
            case Errno.ENAMETOOLONG ->
                e.withAdvice("The path of a UNIX socket has at most 107 bytes; use a shorter one, or a symbolic link to"
                        + " its directory.");
            default -> e;
        };
    }

    /** Room for one descriptor: the kernel drops the others, and says so. */
    Received receive(int most, Duration patience) throws LinuxException {
        try {
            return calls.receive(connection, most, 1, patience);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EAGAIN ->
                    e.withAdvice("Whoever listens there said nothing, or not all, in time: it does not offer VFIO"
                            + " devices, or it is stopped.");
                case Errno.ECONNRESET ->
                    e.withAdvice("Whoever listens there has ended, or has no room for another client.");
                default -> e;
            };
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public boolean isGone() throws LinuxException {
        return calls.isHungUp(connection);
    }

    @Override
    public void close() {
        connection.close();
    }
}
