package io.vfio4j.linux.jna;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Sockets;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * UNIX stream sockets that carry descriptors. Java's own cannot, and a library of its own for a handful of calls would bring a
 * second native library along.
 *
 * <p>No wait is without an end, and a signal does not prolong one: poll(2) for what is left of the time, then a call that does not
 * wait.
 */
final class UnixSockets {
    private static final int BACKLOG = 16;
    private static final int OWNER_ONLY = 0600;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private UnixSockets() {}

    /** {@code struct sockaddr_un}, without the room that the path does not need. */
    private static NativeMemory address(String path, String operation) throws LinuxException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        if (name.length >= Sockets.SockaddrUn.SUN_PATH_SIZE) {
            throw new LinuxException(Errno.ENAMETOOLONG, operation, path)
                    .withAdvice("The path of a UNIX socket has at most " + (Sockets.SockaddrUn.SUN_PATH_SIZE - 1)
                            + " bytes; this one has " + name.length + ".");
        }
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("'" + path.replace("\0", "\\0") + "' is no path of a UNIX socket");
        }
        NativeMemory address = Allocations.allocate(Sockets.SockaddrUn.SUN_PATH + name.length + 1);
        address.putShort(Sockets.SockaddrUn.SUN_FAMILY, Sockets.AF_UNIX);
        address.putBytes(Sockets.SockaddrUn.SUN_PATH, name);
        return address;
    }

    static void connect(Descriptor socket, String path, Duration patience) throws LinuxException {
        Deadline deadline = new Deadline(patience);
        int number = socket.acquire();
        try (NativeMemory address = address(path, "connect");
                NativeMemory timeout = Allocations.allocate(Sockets.Timeval.SIZE)) {
            int outcome;
            do {
                deadline.putTimeval(timeout);
                int set = Calls.setsockopt(
                        number, Sockets.SO_SNDTIMEO, JnaLinux.addressOf(timeout), Sockets.Timeval.SIZE);
                JnaLinux.checked(set, "setsockopt", path);
                outcome = Calls.connect(number, JnaLinux.addressOf(address), address.size());
            } while (outcome == -Errno.EINTR && !deadline.isOver());
            JnaLinux.checked(outcome == -Errno.EINTR ? -Errno.EAGAIN : outcome, "connect", path);
        } finally {
            socket.release();
        }
    }

    /**
     * The mode of the socket is that of the path, less the umask, from the first moment: unix_bind() of net/unix/af_unix.c. A chmod
     * of the path would leave a moment in which others can connect.
     */
    static void bind(Descriptor socket, String path) throws LinuxException {
        int number = socket.acquire();
        try (NativeMemory address = address(path, "bind")) {
            JnaLinux.checked(Calls.fchmod(number, OWNER_ONLY), "fchmod", path);
            JnaLinux.checked(Calls.bind(number, JnaLinux.addressOf(address), address.size()), "bind", path);
        } finally {
            socket.release();
        }
    }

    /** Where it fails the path, which is ours by now, goes away again. */
    static void listen(Descriptor socket, String path) throws LinuxException {
        int number = socket.acquire();
        try {
            int outcome = Calls.listen(number, BACKLOG);
            if (outcome < 0) {
                try (NativeMemory name = Allocations.string(path)) {
                    Calls.unlink(JnaLinux.addressOf(name));
                }
            }
            JnaLinux.checked(outcome, "listen", path);
        } finally {
            socket.release();
        }
    }

    static int send(Descriptor connection, byte[] data, List<Descriptor> attached) throws LinuxException {
        List<Descriptor> lent = new ArrayList<>();
        int number = connection.acquire();
        lent.add(connection);
        try (Message message = new Message(data.length, attached.size())) {
            message.data.putBytes(0, data);
            if (!attached.isEmpty()) {
                List<Integer> numbers = new ArrayList<>();
                for (Descriptor each : attached) {
                    numbers.add(each.acquire());
                    lent.add(each);
                }
                ControlMessages.putRights(message.control, numbers);
            }
            int flags = Sockets.MSG_DONTWAIT | Sockets.MSG_NOSIGNAL;
            return JnaLinux.checked(
                    Calls.sendmsg(number, message.address(), flags), "sendmsg", connection.description());
        } finally {
            lent.forEach(Descriptor::release);
        }
    }

    static Received receive(Descriptor connection, int mostBytes, int mostDescriptors, Duration patience)
            throws LinuxException {
        Deadline deadline = new Deadline(patience);
        int number = connection.acquire();
        try (Message message = new Message(mostBytes, mostDescriptors)) {
            int outcome;
            do {
                if (poll(connection, Sockets.POLLIN, deadline.left()) == 0) {
                    throw new LinuxException(Errno.EAGAIN, "recvmsg", connection.description());
                }
                message.reset();
                outcome = Calls.recvmsg(number, message.address(), Sockets.MSG_DONTWAIT | Sockets.MSG_CMSG_CLOEXEC);
                // Another thread may have been quicker.
            } while (outcome == -Errno.EAGAIN);
            JnaLinux.checked(outcome, "recvmsg", connection.description());
            return message.received(outcome, connection.description());
        } finally {
            connection.release();
        }
    }

    /**
     * poll(2) of one descriptor.
     *
     * @return the events, of those asked for and of those that always count; 0 when the time is over
     */
    static int poll(Descriptor descriptor, int events, Duration patience) throws LinuxException {
        Deadline deadline = new Deadline(patience);
        int number = descriptor.acquire();
        try (NativeMemory polled = Allocations.allocate(Sockets.Pollfd.SIZE)) {
            polled.putInt(Sockets.Pollfd.FD, number);
            polled.putShort(Sockets.Pollfd.EVENTS, events);
            int outcome;
            do {
                outcome = Calls.poll(JnaLinux.addressOf(polled), 1, deadline.millis());
            } while (outcome == -Errno.EINTR || outcome == 0 && !deadline.isOver());
            JnaLinux.checked(outcome, "poll", descriptor.description());
            return outcome == 0 ? 0 : polled.getShort(Sockets.Pollfd.REVENTS);
        } finally {
            descriptor.release();
        }
    }

    /** A point in time up to which to wait. */
    private static final class Deadline {
        private final long nanoTime;

        Deadline(Duration patience) {
            long nanos;
            try {
                nanos = Math.max(0, patience.toNanos());
            } catch (ArithmeticException beyondAllTime) {
                nanos = Long.MAX_VALUE;
            }
            // Differences of nanoTime overflow beyond half of all numbers.
            nanoTime = System.nanoTime() + Math.min(nanos, Long.MAX_VALUE / 2);
        }

        long leftNanos() {
            return Math.max(0, nanoTime - System.nanoTime());
        }

        Duration left() {
            return Duration.ofNanos(leftNanos());
        }

        boolean isOver() {
            return leftNanos() == 0;
        }

        /** Rounded up, so that the last wait is not many of none. */
        int millis() {
            return (int) Math.min(Integer.MAX_VALUE, (leftNanos() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI);
        }

        /** All zero would mean for ever. */
        void putTimeval(NativeMemory timeout) {
            long nanos = Math.max(NANOS_PER_MILLI, leftNanos());
            timeout.putLong(Sockets.Timeval.TV_SEC, nanos / NANOS_PER_SECOND);
            timeout.putLong(Sockets.Timeval.TV_USEC, nanos % NANOS_PER_SECOND / 1000);
        }
    }

    /** {@code struct msghdr} with one piece of data and room for descriptors. */
    private static final class Message implements AutoCloseable {
        private final NativeMemory header;
        private final NativeMemory piece;
        private final NativeMemory data;
        private final NativeMemory control;
        private final int controlLength;

        Message(int bytes, int descriptors) {
            controlLength = descriptors == 0 ? 0 : ControlMessages.length(descriptors);
            header = Allocations.allocate(Sockets.Msghdr.SIZE);
            piece = Allocations.allocate(Sockets.Iovec.SIZE);
            data = Allocations.allocate(bytes);
            control = Allocations.allocate(Math.max(1, controlLength));
            piece.putAddress(Sockets.Iovec.IOV_BASE, data);
            piece.putLong(Sockets.Iovec.IOV_LEN, bytes);
            header.putAddress(Sockets.Msghdr.MSG_IOV, piece);
            header.putLong(Sockets.Msghdr.MSG_IOVLEN, 1);
            if (controlLength > 0) {
                header.putAddress(Sockets.Msghdr.MSG_CONTROL, control);
            }
            reset();
        }

        /** recvmsg writes what it used in the place of what there was. */
        void reset() {
            header.putLong(Sockets.Msghdr.MSG_CONTROLLEN, controlLength);
            header.putInt(Sockets.Msghdr.MSG_FLAGS, 0);
        }

        long address() {
            return JnaLinux.addressOf(header);
        }

        Received received(int bytes, String from) {
            long used = Math.min(controlLength, header.getLong(Sockets.Msghdr.MSG_CONTROLLEN));
            List<Descriptor> descriptors = new ArrayList<>();
            for (int number : ControlMessages.rights(control.getBytes(0, (int) Math.max(0, used)))) {
                descriptors.add(JnaLinux.owned(number, "descriptor received from " + from));
            }
            boolean cut = (header.getInt(Sockets.Msghdr.MSG_FLAGS) & Sockets.MSG_CTRUNC) != 0;
            return new Received(data.getBytes(0, bytes), descriptors, cut);
        }

        @Override
        public void close() {
            header.close();
            piece.close();
            data.close();
            control.close();
        }
    }
}
