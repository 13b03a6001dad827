package io.vfio4j.handover;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.ErrorHandler;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.loop.Resident;
import io.vfio4j.vfio.VfioDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * Offers a device on a UNIX socket, for VMMs in Java: whoever connects gets a copy of its descriptor, by the protocol of this package
 * ({@link Handover#fromSocket} is the other side). The socket is open to the process's user and to root, nobody else.
 *
 * <p>Ten times a second the loop looks whether somebody has come or gone; so a client waits up to a tenth of a second. Methods may be
 * called by any thread, also from callbacks.
 */
public final class DeviceSocket implements AutoCloseable {
    private static final long PERIOD_NANOS = 100_000_000;
    /** So that a client that never ends its connections cannot use up the descriptors of a VMM. */
    private static final int MOST_CLIENTS = 64;

    private final EventLoop loop;
    private final SystemCalls calls;
    private final VfioDevice device;
    private final String path;
    private final ErrorHandler errors;
    private final Deadline tick;
    private final CountDownLatch ended = new CountDownLatch(1);

    // All that follows belongs to the loop's thread.

    private final Resident resident = new Resident() {
        @Override
        public void shutDown() {
            end();
        }

        @Override
        public void loopFailed(Throwable cause) {
            end();
        }
    };
    private Optional<Descriptor> listener = Optional.empty();
    private final List<Descriptor> clients = new ArrayList<>();
    private boolean open = true;
    private boolean failing;
    private volatile int connected;

    private DeviceSocket(EventLoop loop, VfioDevice device, String path, ErrorHandler errors) {
        this.loop = loop;
        this.calls = loop.systemCalls();
        this.device = device;
        this.path = path;
        this.errors = errors;
        this.tick = loop.deadline(this::look);
    }

    /**
     * Offers a device; what goes wrong later is logged.
     *
     * @param loop accepts the connections, and outlives this or closes it
     * @param device stays the caller's, who closes this before it
     * @param path the socket's absolute path, of at most 107 bytes; a socket on which nobody listens any more is replaced
     * @return the socket; the caller closes it
     * @throws LinuxException what the kernel refuses, with advice; nothing stays open then
     */
    public static DeviceSocket listen(EventLoop loop, VfioDevice device, String path) throws LinuxException {
        return listen(loop, device, path, ErrorHandler.logging());
    }

    /**
     * Offers a device.
     *
     * @param loop accepts the connections, and outlives this or closes it
     * @param device stays the caller's, who closes this before it
     * @param path the socket's absolute path, of at most 107 bytes; a socket on which nobody listens any more is replaced
     * @param errors told what goes wrong later; until it goes well again, once
     * @return the socket; the caller closes it
     * @throws LinuxException what the kernel refuses, with advice; nothing stays open then
     */
    public static DeviceSocket listen(EventLoop loop, VfioDevice device, String path, ErrorHandler errors)
            throws LinuxException {
        DeviceSocket socket = new DeviceSocket(loop, device, path, errors);
        loop.run(socket::begin);
        return socket;
    }

    private void begin() throws LinuxException {
        loop.enter(resident);
        boolean begun = false;
        try {
            listener = Optional.of(listen());
            begun = true;
        } finally {
            if (!begun) {
                end();
            }
        }
        lookLater();
    }

    private Descriptor listen() throws LinuxException {
        try {
            return calls.listen(path);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EADDRINUSE || !isFreeAgain()) {
                throw advised(e);
            }
        }
        try {
            return calls.listen(path);
        } catch (LinuxException e) {
            throw advised(e);
        }
    }

    /** A process that was killed does not remove its socket; so that is done for it. */
    private boolean isFreeAgain() throws LinuxException {
        try {
            if (calls.status(path).kind() != FileStatus.Kind.SOCKET) {
                return false;
            }
            calls.connect(path, Duration.ZERO).close();
            return false;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ECONNREFUSED) {
                calls.removeFile(path);
            }
            return e.errno() == Errno.ECONNREFUSED || e.errno() == Errno.ENOENT;
        }
    }

    private static LinuxException advised(LinuxException e) {
        if (!e.advice().isEmpty()) {
            return e;
        }
        return switch (e.errno()) {
            case Errno.EADDRINUSE ->
                e.withAdvice("Another process listens there, or it is no socket; choose another path.");
            case Errno.ENOENT, Errno.ENOTDIR -> e.withAdvice("The directory for the socket does not exist.");
            case Errno.EACCES, Errno.EPERM, Errno.EROFS ->
                e.withAdvice("The process may not create files in this directory.");
            case Errno.ENAMETOOLONG -> e.withAdvice("The path of a UNIX socket has at most 107 bytes.");
            default -> e;
        };
    }

    /**
     * Where clients connect.
     *
     * @return the path
     */
    public String path() {
        return path;
    }

    /**
     * How many clients have the device, as of the last look.
     *
     * @return 0 when nobody is connected
     */
    public int clients() {
        return connected;
    }

    private void lookLater() {
        tick.set(calls.nanoTime() + PERIOD_NANOS);
    }

    private void look() {
        try {
            dismissThoseThatHaveGone();
            Optional<Descriptor> client = calls.accept(listener.orElseThrow());
            while (client.isPresent()) {
                welcome(client.get());
                client = calls.accept(listener.orElseThrow());
            }
            failing = false;
        } catch (LinuxException | RuntimeException e) {
            report("nobody can get " + device.name() + " at " + path, e);
        }
        connected = clients.size();
        lookLater();
    }

    private void dismissThoseThatHaveGone() throws LinuxException {
        for (Iterator<Descriptor> all = clients.iterator(); all.hasNext(); ) {
            Descriptor client = all.next();
            if (calls.isHungUp(client)) {
                all.remove();
                client.close();
            }
        }
    }

    /** The line fits into any socket's buffer, so a client that gets less of it has gone. */
    private void welcome(Descriptor client) throws LinuxException {
        boolean served = false;
        try {
            byte[] greeting = Greeting.of(device.name());
            served = clients.size() < MOST_CLIENTS && device.sendTo(client, greeting) == greeting.length;
        } catch (LinuxException e) {
            if (e.errno() != Errno.EPIPE && e.errno() != Errno.ECONNRESET) {
                throw e;
            }
        } finally {
            if (served) {
                clients.add(client);
            } else {
                client.close();
            }
        }
    }

    private void report(String what, Throwable cause) {
        if (failing) {
            return;
        }
        failing = true;
        try {
            errors.onError(what, cause);
        } catch (Throwable handlerFailed) {
            System.getLogger(DeviceSocket.class.getName())
                    .log(System.Logger.Level.ERROR, "the error handler threw", handlerFailed);
        }
    }

    private void end() {
        if (!open) {
            return;
        }
        open = false;
        tick.cancel();
        listener.ifPresent(listening -> {
            try {
                calls.removeFile(path);
            } catch (LinuxException | RuntimeException e) {
                report("the socket " + path + " stays behind", e);
            }
            listening.close();
        });
        clients.forEach(Descriptor::close);
        clients.clear();
        connected = 0;
        loop.leave(resident);
        ended.countDown();
    }

    /**
     * Ends the offer: removes the path, and closes the connections, which tells the clients to let go of the device. Does not wait until
     * they have. When this returns it has happened; on the thread of another loop it happens soon after. Closing twice does nothing more.
     */
    @Override
    public void close() {
        if (loop.inLoop()) {
            end();
            return;
        }
        try {
            loop.execute(this::end);
        } catch (ClosedException loopEnded) {
            // Then it has ended this.
        }
        if (!EventLoop.inAnyLoop()) {
            loop.await(ended);
        }
    }

    @Override
    public String toString() {
        return device.name() + " at " + path;
    }
}
