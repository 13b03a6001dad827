package io.vfio4j.linux.jna;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.PendingWrite;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.Received;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.VirtualTime;
import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Files;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Sockets;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The real Linux kernel, on x86-64 and aarch64, through JNA and, where it is there, the bridge: a small library in C that waits
 * for and reads all ready counters in one transition. Both do the same; the bridge is quicker.
 *
 * <p>Loads without JNA, and on any system; {@link #isAvailable} and {@link #unavailabilityCause} then say what is missing. Three
 * system properties switch parts off: {@code io.vfio4j.jna=off} everything, {@code io.vfio4j.bridge=off} the bridge, {@code
 * io.vfio4j.gl=off} the GPUs. A fourth, {@code io.vfio4j.bridge.path}, names a file or directory to take the bridge from instead
 * of the jar.
 *
 * <p>{@link #graphics} is EGL and OpenGL ES: it needs {@code libEGL.so.1}, {@code libgbm.so.1} and {@code libGLESv2.so.2} (Debian:
 * libegl1, libgbm1, libgles2), and a driver (libgl1-mesa-dri). Nothing of it is loaded before somebody asks it something.
 *
 * <p>Java 24 and later warn about native access unless it is granted, with {@code --enable-native-access=ALL-UNNAMED} for
 * programs on the class path and {@code --enable-native-access=com.sun.jna,io.vfio4j} on the module path.
 *
 * <p>A descriptor that is closed while a poller watches it stays open until the poller lets go of it, by
 * {@link Poller#remove} or {@link Poller#close}.
 */
public final class JnaLinux implements SystemCalls {
    private static final int TEXT_MOST = 64 * 1024;
    private static final int CHUNK = 4096;
    /** PATH_MAX: no link's text is longer. */
    private static final int LINK_MOST = 4096;
    /** cpu_set_t, in whole words: bit n of the little-endian bytes is processor n. */
    private static final int AFFINITY_BYTES = MOST_PROCESSORS / Byte.SIZE;

    private static final String CALLING_THREAD = "the calling thread";

    /** Per thread, so that arming a timer and reading a counter allocate nothing. */
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private final boolean bridge;
    private final Graphics graphics = new EglGraphics();

    private JnaLinux(boolean bridge) {
        this.bridge = bridge;
    }

    /**
     * Whether the kernel of this machine can be reached.
     *
     * @return true when {@link #open} will succeed
     */
    public static boolean isAvailable() {
        return Availability.CAUSE.isEmpty();
    }

    /**
     * Why the kernel cannot be reached, with what to do about it. Found out once, at the first question: by opening an epoll
     * and an eventfd, and by having a token pass through them.
     *
     * @return empty when it can
     */
    public static Optional<Throwable> unavailabilityCause() {
        return Availability.CAUSE;
    }

    /**
     * Why the bridge is not used. Everything works without it.
     *
     * @return empty when {@link #open} uses it
     */
    public static Optional<Throwable> bridgeUnavailabilityCause() {
        return BridgeLibrary.CAUSE;
    }

    /**
     * The kernel, with the bridge where it is there.
     *
     * @return an instance, which needs no closing
     * @throws UnsupportedOperationException when it is not available; the message and the cause are those of
     *     {@link #unavailabilityCause}
     */
    public static JnaLinux open() {
        requireAvailable();
        return new JnaLinux(bridgeUnavailabilityCause().isEmpty());
    }

    /**
     * The kernel through JNA alone, even where the bridge is there.
     *
     * @return an instance, which needs no closing
     * @throws UnsupportedOperationException as {@link #open}
     */
    public static JnaLinux withoutBridge() {
        requireAvailable();
        return new JnaLinux(false);
    }

    private static void requireAvailable() {
        if (Availability.CAUSE.isPresent()) {
            Throwable cause = Availability.CAUSE.get();
            throw new UnsupportedOperationException(cause.getMessage(), cause);
        }
    }

    @Override
    public String name() {
        return bridge ? "Linux through JNA and the bridge" : "Linux through JNA";
    }

    @Override
    public Descriptor open(String path, Access access) throws LinuxException {
        int mode = switch (access) {
            case READ -> Files.O_RDONLY;
            case WRITE -> Files.O_WRONLY;
            case READ_WRITE -> Files.O_RDWR;
        };
        return owned(openNumber(path, mode, path), path);
    }

    private static int openNumber(String path, int mode, String target) throws LinuxException {
        try (NativeMemory name = Allocations.string(path)) {
            return checked(Calls.open(addressOf(name), mode | Files.O_CLOEXEC), "open", target);
        }
    }

    /** Of memory that nobody else has, and that is closed only behind the call that gets the address. */
    static long addressOf(NativeMemory own) {
        long address = own.acquire();
        own.release();
        return address;
    }

    /** The same of a descriptor. */
    private static int numberOf(Descriptor own) {
        int number = own.acquire();
        own.release();
        return number;
    }

    static int checked(int outcome, String operation, String target) throws LinuxException {
        if (outcome < 0) {
            throw new LinuxException(-outcome, operation, target);
        }
        return outcome;
    }

    static Descriptor owned(int number, String description) {
        return new Descriptor(number, description, closed -> close(closed, description));
    }

    /** A close that fails has closed nevertheless, EINTR included; nobody can do anything about it, so it is logged. */
    static void close(int number, String description) {
        int outcome = Calls.close(number);
        if (outcome < 0) {
            warn("close", description + " (descriptor " + number + ")", outcome);
        }
    }

    private static void warn(String operation, String target, int outcome) {
        Logger log = System.getLogger(JnaLinux.class.getPackageName());
        log.log(Level.WARNING, "{0} {1}: {2}", operation, target, Errno.name(-outcome));
    }

    @Override
    public Descriptor adopt(int number, String description) throws LinuxException {
        int flags = checked(Calls.fcntl(number, Files.F_GETFD, 0), "fcntl", description);
        checked(Calls.fcntl(number, Files.F_SETFD, flags | Files.FD_CLOEXEC), "fcntl", description);
        return owned(number, description);
    }

    @Override
    public Descriptor duplicate(Descriptor descriptor, String description) throws LinuxException {
        int number = descriptor.acquire();
        try {
            return owned(checked(Calls.fcntl(number, Files.F_DUPFD_CLOEXEC, 0), "fcntl", description), description);
        } finally {
            descriptor.release();
        }
    }

    @Override
    public long size(Descriptor descriptor) throws LinuxException {
        int number = descriptor.acquire();
        try {
            long outcome = Calls.lseek(number, 0, Files.SEEK_END);
            if (outcome < 0) {
                throw new LinuxException((int) -outcome, "lseek", descriptor.description());
            }
            return outcome;
        } finally {
            descriptor.release();
        }
    }

    @Override
    public int ioctl(Descriptor descriptor, Ioctl request, NativeMemory argument) throws LinuxException {
        long address = argument.acquire();
        try {
            return ioctl(descriptor, request, address);
        } finally {
            argument.release();
        }
    }

    @Override
    public int ioctl(Descriptor descriptor, Ioctl request, long argument) throws LinuxException {
        int number = descriptor.acquire();
        try {
            return checked(Calls.ioctl(number, request.number(), argument), request.name(), descriptor.description());
        } finally {
            descriptor.release();
        }
    }

    @Override
    public int read(Descriptor descriptor, NativeMemory into, int length, long position) throws LinuxException {
        requireRange(into, length, position);
        long address = into.acquire();
        try {
            int number = descriptor.acquire();
            try {
                return checked(Calls.pread(number, address, length, position), "pread", descriptor.description());
            } finally {
                descriptor.release();
            }
        } finally {
            into.release();
        }
    }

    @Override
    public int write(Descriptor descriptor, NativeMemory from, int length, long position) throws LinuxException {
        requireRange(from, length, position);
        long address = from.acquire();
        try {
            int number = descriptor.acquire();
            try {
                return checked(Calls.pwrite(number, address, length, position), "pwrite", descriptor.description());
            } finally {
                descriptor.release();
            }
        } finally {
            from.release();
        }
    }

    private static void requireRange(NativeMemory memory, int length, long position) {
        if (length < 0 || length > memory.size()) {
            throw new IllegalArgumentException("length " + length + " with memory of " + memory.size() + " bytes");
        }
        if (position < 0) {
            throw new IllegalArgumentException("position " + position);
        }
    }

    @Override
    public Mapping map(Descriptor descriptor, long position, int length, Access access) throws LinuxException {
        if (length <= 0) {
            throw new IllegalArgumentException("length " + length);
        }
        if (position < 0) {
            throw new IllegalArgumentException("position " + position);
        }
        int protection = switch (access) {
            case READ -> Files.PROT_READ;
            case READ_WRITE -> Files.PROT_READ | Files.PROT_WRITE;
            case WRITE -> throw new IllegalArgumentException("a mapping for writing only");
        };
        String description = descriptor.description();
        int number = descriptor.acquire();
        long address;
        try {
            address = Calls.mmap(length, protection, Files.MAP_SHARED, number, position);
        } finally {
            descriptor.release();
        }
        if (address < 0) {
            throw new LinuxException((int) -address, "mmap", description);
        }
        ByteBuffer bytes = Allocations.view(address, length);
        return new Mapping(
                access == Access.READ ? bytes.asReadOnlyBuffer() : bytes,
                address,
                "mapping of " + description,
                () -> unmap(address, length, description));
    }

    private static void unmap(long address, int length, String description) {
        int outcome = Calls.munmap(address, length);
        if (outcome < 0) {
            warn("munmap", description, outcome);
        }
    }

    @Override
    public NativeMemory allocate(int bytes) {
        return Allocations.allocate(bytes);
    }

    @Override
    public NativeMemory allocatePages(int bytes) {
        return Allocations.allocatePages(bytes);
    }

    @Override
    public NativeMemory wrap(ByteBuffer direct) {
        return Allocations.wrap(direct);
    }

    @Override
    public Descriptor eventFd(String description) throws LinuxException {
        return owned(
                checked(Calls.eventfd(Files.EFD_CLOEXEC | Files.EFD_NONBLOCK), "eventfd", description), description);
    }

    @Override
    public Descriptor timerFd(String description) throws LinuxException {
        int flags = Files.TFD_CLOEXEC | Files.TFD_NONBLOCK;
        return owned(
                checked(Calls.timerfdCreate(Files.CLOCK_MONOTONIC, flags), "timerfd_create", description), description);
    }

    @Override
    public void signal(Descriptor eventFd, long value) throws LinuxException {
        if (value == -1) {
            throw new IllegalArgumentException("a signal of all ones");
        }
        int number = eventFd.acquire();
        try {
            checked(Calls.eventfdWrite(number, value), "write", eventFd.description());
        } finally {
            eventFd.release();
        }
    }

    @Override
    public long drain(Descriptor counter) throws LinuxException {
        Scratch scratch = SCRATCH.get();
        int number = counter.acquire();
        try {
            int outcome = Calls.read(number, scratch.address, Long.BYTES);
            if (outcome == -Errno.EAGAIN) {
                return 0;
            }
            if (checked(outcome, "read", counter.description()) != Long.BYTES) {
                throw new LinuxException(Errno.EINVAL, "read", counter.description());
            }
            return scratch.bytes.getLong(0);
        } finally {
            counter.release();
        }
    }

    @Override
    public void arm(Descriptor timerFd, long delayNanos) throws LinuxException {
        // Zero would disarm it.
        long delay = Math.max(1, delayNanos);
        Scratch scratch = SCRATCH.get();
        scratch.bytes
                .putLong(Files.Itimerspec.IT_INTERVAL, 0)
                .putLong(Files.Itimerspec.IT_INTERVAL + Long.BYTES, 0)
                .putLong(Files.Itimerspec.IT_VALUE, delay / 1_000_000_000)
                .putLong(Files.Itimerspec.IT_VALUE + Long.BYTES, delay % 1_000_000_000);
        int number = timerFd.acquire();
        try {
            checked(Calls.timerfdSettime(number, scratch.address), "timerfd_settime", timerFd.description());
        } finally {
            timerFd.release();
        }
    }

    @Override
    public Poller openPoller() throws LinuxException {
        return bridge ? new BridgePoller() : new JnaPoller();
    }

    @Override
    public List<String> list(String directory) throws LinuxException {
        String[] names = new File(directory).list();
        if (names == null) {
            // Java does not say why. Opening what a directory must contain fails for the same reason.
            int number;
            try {
                number = openNumber(directory + "/.", Files.O_RDONLY, directory);
            } catch (LinuxException refusal) {
                throw new LinuxException(refusal.errno(), "opendir", directory);
            }
            close(number, directory);
            throw new LinuxException(Errno.EIO, "opendir", directory);
        }
        Arrays.sort(names);
        return List.of(names);
    }

    @Override
    public boolean exists(String path) {
        try (NativeMemory name = Allocations.string(path)) {
            return Calls.exists(addressOf(name));
        }
    }

    @Override
    public FileStatus status(String path) throws LinuxException {
        // A path descriptor refers to the file without opening it. It tells the errno, which Java does not.
        int number;
        try {
            number = openNumber(path, Files.O_PATH, path);
        } catch (LinuxException refusal) {
            throw new LinuxException(refusal.errno(), "stat", path);
        }
        try {
            return StatusReading.of(number);
        } catch (IOException e) {
            LinuxException refusal = new LinuxException(Errno.EIO, "stat", path);
            refusal.initCause(e);
            throw refusal.withAdvice("Java could not look at it through /proc/self/fd; is /proc mounted?");
        } finally {
            close(number, path);
        }
    }

    @Override
    public void checkAccess(String path, Access access) throws LinuxException {
        int mode = switch (access) {
            case READ -> Files.R_OK;
            case WRITE -> Files.W_OK;
            case READ_WRITE -> Files.R_OK | Files.W_OK;
        };
        try (NativeMemory name = Allocations.string(path)) {
            checked(Calls.access(addressOf(name), mode), "access", path);
        }
    }

    @Override
    public String readText(String path) throws LinuxException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (Descriptor file = open(path, Access.READ);
                NativeMemory chunk = allocate(CHUNK)) {
            int count;
            do {
                // Not pread: some attributes cannot seek.
                int most = Math.min(CHUNK, TEXT_MOST - text.size());
                count = checked(Calls.read(numberOf(file), addressOf(chunk), most), "read", path);
                text.writeBytes(chunk.getBytes(0, count));
            } while (count > 0);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void writeText(String path, String text) throws LinuxException {
        try (NativeMemory bytes = Allocations.string(text);
                Descriptor file = open(path, Access.WRITE)) {
            int length = bytes.size() - 1;
            int written = checked(Calls.write(numberOf(file), addressOf(bytes), length), "write", path);
            if (written != length) {
                throw new LinuxException(Errno.EIO, "write", path)
                        .withAdvice("Only " + written + " of " + length + " bytes were taken.");
            }
        }
    }

    @Override
    public PendingWrite writeApart(String path, String text) throws LinuxException {
        checkAccess(path, Access.WRITE);
        return ChildWrite.start(path, text);
    }

    @Override
    public String readLink(String path) throws LinuxException {
        try (NativeMemory name = Allocations.string(path);
                NativeMemory target = allocate(LINK_MOST)) {
            int length = checked(Calls.readlink(addressOf(name), addressOf(target), LINK_MOST), "readlink", path);
            return new String(target.getBytes(0, length), StandardCharsets.UTF_8);
        }
    }

    @Override
    public Descriptor openProcess(int pid) throws LinuxException {
        String description = "process " + pid;
        return owned(sinceLinux("5.3", Calls.pidfdOpen(pid), "pidfd_open", description), description);
    }

    @Override
    public Descriptor copyDescriptor(Descriptor process, int number, String description) throws LinuxException {
        int processNumber = process.acquire();
        try {
            int copy = Calls.pidfdGetfd(processNumber, number);
            return owned(sinceLinux("5.6", copy, "pidfd_getfd", process.description()), description);
        } finally {
            process.release();
        }
    }

    private static int sinceLinux(String version, int outcome, String operation, String target) throws LinuxException {
        if (outcome == -Errno.ENOSYS) {
            throw new LinuxException(Errno.ENOSYS, operation, target)
                    .withAdvice("The kernel is too old, or a sandbox forbids the call: it is there from Linux "
                            + version + " on.");
        }
        return checked(outcome, operation, target);
    }

    @Override
    public boolean hasExited(Descriptor process) throws LinuxException {
        return UnixSockets.poll(process, Sockets.POLLIN, Duration.ZERO) != 0;
    }

    @Override
    public Descriptor connect(String path, Duration patience) throws LinuxException {
        Descriptor socket = newSocket(path, 0);
        boolean success = false;
        try {
            UnixSockets.connect(socket, path, patience);
            success = true;
            return socket;
        } finally {
            if (!success) {
                socket.close();
            }
        }
    }

    @Override
    public Descriptor listen(String path) throws LinuxException {
        Descriptor socket = newSocket(path, Sockets.SOCK_NONBLOCK);
        boolean success = false;
        try {
            UnixSockets.bind(socket, path);
            UnixSockets.listen(socket, path);
            success = true;
            return socket;
        } finally {
            if (!success) {
                socket.close();
            }
        }
    }

    private static Descriptor newSocket(String path, int flags) throws LinuxException {
        int number = Calls.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM | Sockets.SOCK_CLOEXEC | flags);
        return owned(checked(number, "socket", path), path);
    }

    @Override
    public Optional<Descriptor> accept(Descriptor listener) throws LinuxException {
        int number = listener.acquire();
        try {
            int outcome = Calls.accept(number, Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK);
            if (outcome == -Errno.EAGAIN) {
                return Optional.empty();
            }
            String description = "connection to " + listener.description();
            return Optional.of(owned(checked(outcome, "accept4", listener.description()), description));
        } finally {
            listener.release();
        }
    }

    @Override
    public int send(Descriptor connection, byte[] data, List<Descriptor> attached) throws LinuxException {
        if (data.length == 0 || attached.size() > Received.MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(data.length + " bytes with " + attached.size() + " descriptors");
        }
        return UnixSockets.send(connection, data, attached);
    }

    @Override
    public Received receive(Descriptor connection, int mostBytes, int mostDescriptors, Duration patience)
            throws LinuxException {
        if (mostBytes < 1 || mostDescriptors < 0 || mostDescriptors > Received.MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(mostBytes + " bytes with " + mostDescriptors + " descriptors");
        }
        return UnixSockets.receive(connection, mostBytes, mostDescriptors, patience);
    }

    @Override
    public boolean isHungUp(Descriptor connection) throws LinuxException {
        int hungUp = Sockets.POLLRDHUP | Sockets.POLLHUP | Sockets.POLLERR;
        return (UnixSockets.poll(connection, Sockets.POLLRDHUP, Duration.ZERO) & hungUp) != 0;
    }

    @Override
    public void removeFile(String path) throws LinuxException {
        try (NativeMemory name = Allocations.string(path)) {
            checked(Calls.unlink(addressOf(name)), "unlink", path);
        }
    }

    @Override
    public Graphics graphics() {
        return graphics;
    }

    @Override
    public List<Integer> allowedProcessors() throws LinuxException {
        try (NativeMemory mask = allocate(AFFINITY_BYTES)) {
            checked(Calls.getAffinity(AFFINITY_BYTES, addressOf(mask)), "sched_getaffinity", CALLING_THREAD);
            return BitSet.valueOf(mask.getBytes(0, AFFINITY_BYTES)).stream()
                    .boxed()
                    .toList();
        }
    }

    @Override
    public void bindThread(List<Integer> processors) throws LinuxException {
        BitSet set = new BitSet();
        for (int processor : processors) {
            if (processor < 0 || processor >= MOST_PROCESSORS) {
                throw new IllegalArgumentException("processor " + processor);
            }
            set.set(processor);
        }
        if (set.isEmpty()) {
            throw new IllegalArgumentException("a thread needs a processor");
        }
        try (NativeMemory mask = allocate(AFFINITY_BYTES)) {
            mask.putBytes(0, set.toByteArray());
            checked(Calls.setAffinity(AFFINITY_BYTES, addressOf(mask)), "sched_setaffinity", CALLING_THREAD);
        }
    }

    @Override
    public long tickNanos() throws LinuxException {
        try (NativeMemory resolution = allocate(Files.Timespec.SIZE)) {
            checked(
                    Calls.clockResolution(Files.CLOCK_MONOTONIC_COARSE, addressOf(resolution)),
                    "clock_getres",
                    "CLOCK_MONOTONIC_COARSE");
            return TimeUnit.SECONDS.toNanos(resolution.getLong(Files.Timespec.TV_SEC))
                    + resolution.getLong(Files.Timespec.TV_NSEC);
        }
    }

    @Override
    public long nanoTime() {
        return System.nanoTime(); // on Linux CLOCK_MONOTONIC, as our timers
    }

    @Override
    public Optional<VirtualTime> virtualTime() {
        return Optional.empty();
    }

    private static final class Scratch {
        private final ByteBuffer bytes =
                ByteBuffer.allocateDirect(Files.Itimerspec.SIZE).order(ByteOrder.nativeOrder());
        private final long address = Allocations.address(bytes);
    }
}
