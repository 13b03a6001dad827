package io.vfio4j.handover;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.VfioDevice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Gets a device through a socket. Nothing that comes is trusted; whatever descriptors came are closed where it is not what it should. */
final class SocketHandover {
    private final SystemCalls calls;
    private final SocketOwner owner;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final List<Descriptor> descriptors = new ArrayList<>();

    private SocketHandover(SystemCalls calls, SocketOwner owner) {
        this.calls = calls;
        this.owner = owner;
    }

    static VfioDevice share(SystemCalls calls, String path, Duration patience) throws IOException {
        long start = calls.nanoTime();
        SocketOwner owner = SocketOwner.connect(calls, path, patience);
        SocketHandover handover = new SocketHandover(calls, owner);
        boolean success = false;
        try {
            handover.receive(start, patience);
            VfioDevice device = handover.device(path);
            success = true;
            return device;
        } finally {
            if (!success) {
                handover.descriptors.forEach(Descriptor::close);
                owner.close();
            }
        }
    }

    /** A line may come in pieces; the time is for the whole of it. */
    private void receive(long start, Duration patience) throws IOException {
        while (!endsLine()) {
            if (line.size() >= Greeting.LONGEST) {
                throw new HandoverException("What " + owner.description() + " says is longer than " + Greeting.LONGEST
                        + " bytes; it begins with `" + Greeting.shown(line.toByteArray()) + "`.");
            }
            Duration passed = Duration.ofNanos(calls.nanoTime() - start);
            Duration left = passed.compareTo(patience) < 0 ? patience.minus(passed) : Duration.ZERO;
            try (Received received = owner.receive(Greeting.LONGEST - line.size(), left)) {
                descriptors.addAll(received.take());
                if (received.incomplete()) {
                    throw new HandoverException(
                            owner.description()
                                    + " has sent more than one descriptor, or there was no room for it: too many files are open.");
                }
                if (received.data().length == 0) {
                    throw new HandoverException(
                            owner.description() + " has closed the connection without handing a device over.");
                }
                line.writeBytes(received.data());
            }
        }
    }

    private boolean endsLine() {
        byte[] bytes = line.toByteArray();
        for (byte each : bytes) {
            if (each == '\n') {
                return true;
            }
        }
        return false;
    }

    private VfioDevice device(String path) throws IOException {
        Optional<String> name = Greeting.parse(line.toByteArray(), owner.description());
        if (descriptors.size() != 1) {
            throw new HandoverException(owner.description() + " has sent "
                    + (descriptors.isEmpty() ? "no descriptor." : descriptors.size() + " descriptors instead of one."));
        }
        try {
            return DeviceFile.share(calls, descriptors.get(0), name, false, "socket:" + path, owner);
        } catch (LinuxException e) {
            throw e.advice().isEmpty() && (e.errno() == Errno.EMFILE || e.errno() == Errno.ENFILE)
                    ? e.withAdvice("Too many files are open.")
                    : e;
        }
    }
}
