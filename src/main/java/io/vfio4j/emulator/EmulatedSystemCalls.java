package io.vfio4j.emulator;

import static io.vfio4j.linux.uapi.DmaBuf.DMA_BUF_IOCTL_SYNC;

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
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Sockets;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The system calls of an emulated process: each takes the kernel's lock, acts, and turns a refusal into an exception. */
final class EmulatedSystemCalls implements SystemCalls {
    private static final int LONGEST_TEXT = 64 * 1024;
    /** HZ=250, as Debian builds its kernels. */
    private static final long TICK_NANOS = 4_000_000;

    private static final String CALLING_THREAD = "the calling thread";

    private final Kernel kernel;
    private final Task task;
    private final EmulatedClock clock;
    private final Waiting waiting;
    private final Graphics graphics;

    EmulatedSystemCalls(Kernel kernel, Task task, EmulatedClock clock) {
        this.kernel = kernel;
        this.task = task;
        this.clock = clock;
        this.waiting = new Waiting(kernel, clock);
        this.graphics = new SoftwareGraphics(kernel, task);
    }

    private interface Body<T> {
        T run() throws KernelError;
    }

    private interface FileBody<T> {
        T run(OpenFile file) throws KernelError;
    }

    private <T> T call(String operation, String target, String detail, Body<T> body) throws LinuxException {
        kernel.lock();
        try {
            kernel.enter(task, operation, target, detail);
            return body.run();
        } catch (KernelError error) {
            throw new LinuxException(error.errno(), operation, target);
        } finally {
            kernel.unlock();
        }
    }

    private <T> T call(String operation, Descriptor descriptor, String detail, FileBody<T> body) throws LinuxException {
        int number = descriptor.acquire();
        try {
            return call(
                    operation,
                    descriptor.description(),
                    detail,
                    () -> body.run(task.descriptors().file(number)));
        } finally {
            descriptor.release();
        }
    }

    /** Calls that are made for every event: no trace, and nothing allocated where nothing goes wrong. */
    private Counter counter(Descriptor descriptor, int number, String operation) throws KernelError {
        kernel.enterQuietly(task, operation, descriptor.description());
        if (task.descriptors().file(number) instanceof Counter counter) {
            return counter;
        }
        throw new KernelError(Errno.EINVAL);
    }

    private Descriptor own(int number, String description) {
        return new Descriptor(number, description, closing -> close(closing, description));
    }

    private void close(int number, String description) {
        kernel.lock();
        try {
            if (!task.isAlive()) {
                return; // its end has closed everything
            }
            kernel.trace(task, "close " + description);
            kernel.processes().run(task);
            task.descriptors().close(number);
            kernel.signalChange();
        } catch (KernelError error) {
            throw new AssertionError(description + " was closed behind its owner's back", error);
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public String name() {
        return kernel.isVirtual() ? "emulated host in virtual time" : "emulated host in real time";
    }

    @Override
    public Descriptor open(String path, Access access) throws LinuxException {
        return own(
                call("open", path, "", () -> {
                    FileTree.Node node = kernel.files().resolve(path);
                    kernel.files().permit(node, task, access);
                    task.descriptors().reserve();
                    return task.descriptors().install(openNode(node, path, access), path);
                }),
                path);
    }

    private OpenFile openNode(FileTree.Node node, String path, Access access) throws KernelError {
        if (node instanceof FileTree.Device device) {
            return device.opening().open(access);
        }
        if (node instanceof FileTree.Text text) {
            boolean allowed = access == Access.READ && text.show().isPresent()
                    || access == Access.WRITE && text.store().isPresent()
                    || text.show().isPresent() && text.store().isPresent();
            if (!allowed) {
                throw new KernelError(Errno.EACCES);
            }
            return new TextFile(kernel.memory(), path, text);
        }
        throw new KernelError(node instanceof FileTree.Socket ? Errno.ENXIO : Errno.EISDIR);
    }

    @Override
    public Descriptor adopt(int number, String description) throws LinuxException {
        try {
            call("fcntl", description, "", () -> {
                task.descriptors().rename(number, description);
                return number;
            });
        } catch (LinuxException e) {
            loseDescriptor(number);
            throw e;
        }
        return own(number, description);
    }

    /** fcntl(2) as it is used here fails for a number that is not open, and no other: so that is what a fault makes of it. */
    private void loseDescriptor(int number) {
        kernel.lock();
        try {
            task.descriptors().close(number);
            kernel.signalChange();
        } catch (KernelError notOpen) {
            // As it should be.
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public Descriptor duplicate(Descriptor descriptor, String description) throws LinuxException {
        return own(
                call("fcntl", descriptor, "", file -> {
                    file.get();
                    return installOrPut(file, description);
                }),
                description);
    }

    @Override
    public long size(Descriptor descriptor) throws LinuxException {
        return call("lseek", descriptor, "", OpenFile::size);
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
        return call(request.name(), descriptor, describe(request, argument), file -> {
            if (!kernel.faults().edits(request)) {
                return file.ioctl(request.number(), argument);
            }
            int length = kernel.memory().available(argument);
            byte[] before = kernel.memory().read(argument, length);
            int result = file.ioctl(request.number(), argument);
            byte[] after = kernel.memory().read(argument, length);
            kernel.memory().write(argument, kernel.faults().edited(request, before, after));
            return result;
        });
    }

    private String describe(Ioctl request, long argument) {
        if (request.equals(Vfio.VFIO_DEVICE_SET_IRQS)) {
            return SetIrqs.describe(kernel.memory(), argument);
        }
        return request.equals(DMA_BUF_IOCTL_SYNC) ? DmaBuf.describeSync(kernel.memory(), argument) : "";
    }

    @Override
    public int read(Descriptor descriptor, NativeMemory into, int length, long position) throws LinuxException {
        Objects.checkFromIndexSize(0, length, into.size());
        long address = into.acquire();
        try {
            return call("pread", descriptor, "", file -> {
                int count = file.read(address, kernel.faults().readable(length), position);
                return kernel.faults().editsReads(descriptor.description())
                        ? edited(descriptor.description(), address, count, position)
                        : count;
            });
        } finally {
            into.release();
        }
    }

    private int edited(String target, long address, int count, long position) throws KernelError {
        byte[] read = kernel.memory().read(address, count);
        byte[] edited = kernel.faults().editedRead(target, position, read);
        kernel.memory().write(address, edited);
        return edited.length;
    }

    @Override
    public int write(Descriptor descriptor, NativeMemory from, int length, long position) throws LinuxException {
        Objects.checkFromIndexSize(0, length, from.size());
        long address = from.acquire();
        try {
            return call("pwrite", descriptor, "", file -> file.write(address, length, position));
        } finally {
            from.release();
        }
    }

    @Override
    public Mapping map(Descriptor descriptor, long position, int length, Access access) throws LinuxException {
        if (length < 1) {
            throw new IllegalArgumentException("a mapping of " + length + " bytes");
        }
        return call("mmap", descriptor, "", file -> {
            if (position % UserSpace.PAGE != 0) {
                throw new KernelError(Errno.EINVAL);
            }
            OpenFile.MappedBytes mapped = file.map(position, length, access);
            file.get();
            ByteBuffer visible = access == Access.READ ? mapped.bytes().asReadOnlyBuffer() : mapped.bytes();
            long address = kernel.memory().add(visible);
            String description = descriptor.description();
            Task.Area area = task.mapped(() -> {
                kernel.memory().remove(address);
                mapped.unmap().run();
                file.put();
            });
            return new Mapping(
                    visible,
                    address,
                    description,
                    () -> unmap(area, description),
                    () -> kernel.faults().touchMemory(description));
        });
    }

    private void unmap(Task.Area area, String description) {
        kernel.lock();
        try {
            kernel.trace(task, "munmap " + description);
            area.end();
            kernel.signalChange();
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public NativeMemory allocate(int bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException(bytes + " bytes of memory");
        }
        return addressable(ByteBuffer.allocate(bytes));
    }

    /** All memory starts on a page here. */
    @Override
    public NativeMemory allocatePages(int bytes) {
        return allocate(bytes);
    }

    @Override
    public NativeMemory wrap(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("a buffer on the heap has no address");
        }
        return addressable(direct);
    }

    private NativeMemory addressable(ByteBuffer bytes) {
        long address = kernel.memory().add(bytes);
        return new NativeMemory(bytes, address, () -> kernel.memory().remove(address));
    }

    @Override
    public Descriptor eventFd(String description) throws LinuxException {
        return own(
                call("eventfd", description, "", () -> task.descriptors().install(new EventFd(), description)),
                description);
    }

    @Override
    public Descriptor timerFd(String description) throws LinuxException {
        return own(
                call(
                        "timerfd_create",
                        description,
                        "",
                        () -> task.descriptors().install(new TimerFd(kernel.events()), description)),
                description);
    }

    @Override
    public void signal(Descriptor eventFd, long value) throws LinuxException {
        if (value == -1L) {
            throw new IllegalArgumentException("all ones cannot be added to an eventfd");
        }
        int number = eventFd.acquire();
        kernel.lock();
        try {
            if (counter(eventFd, number, "write") instanceof EventFd counter) {
                counter.write(value);
            } else {
                throw new KernelError(Errno.EINVAL);
            }
        } catch (KernelError error) {
            throw new LinuxException(error.errno(), "write", eventFd.description());
        } finally {
            kernel.unlock();
            eventFd.release();
        }
    }

    @Override
    public long drain(Descriptor counter) throws LinuxException {
        int number = counter.acquire();
        kernel.lock();
        try {
            return counter(counter, number, "read").take();
        } catch (KernelError error) {
            throw new LinuxException(error.errno(), "read", counter.description());
        } finally {
            kernel.unlock();
            counter.release();
        }
    }

    @Override
    public void arm(Descriptor timerFd, long delayNanos) throws LinuxException {
        int number = timerFd.acquire();
        kernel.lock();
        try {
            if (counter(timerFd, number, "timerfd_settime") instanceof TimerFd timer) {
                timer.arm(delayNanos);
            } else {
                throw new KernelError(Errno.EINVAL);
            }
        } catch (KernelError error) {
            throw new LinuxException(error.errno(), "timerfd_settime", timerFd.description());
        } finally {
            kernel.unlock();
            timerFd.release();
        }
    }

    @Override
    public Poller openPoller() throws LinuxException {
        return call("epoll_create1", "poller", "", () -> {
            int number = task.descriptors().install(new EmulatedPoller.File(), "poller");
            EmulatedPoller poller = new EmulatedPoller(kernel, task, own(number, "poller"));
            kernel.addPoller(poller);
            return poller;
        });
    }

    @Override
    public List<String> list(String directory) throws LinuxException {
        return call("opendir", directory, "", () -> {
            kernel.files().permit(kernel.files().resolve(directory), task, Access.READ);
            return kernel.files().list(directory);
        });
    }

    @Override
    public boolean exists(String path) {
        kernel.lock();
        try {
            kernel.checkOpen();
            kernel.processes().run(task);
            return kernel.files().exists(path);
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public FileStatus status(String path) throws LinuxException {
        return call("stat", path, "", () -> kernel.files().status(path));
    }

    @Override
    public void checkAccess(String path, Access access) throws LinuxException {
        call("access", path, "", () -> {
            FileTree.Node node = kernel.files().resolve(path);
            kernel.files().permit(node, task, access);
            return node;
        });
    }

    @Override
    public String readText(String path) throws LinuxException {
        find(path, Access.READ);
        return call("read", path, "", () -> {
            byte[] text = kernel.files().readText(path).getBytes(StandardCharsets.UTF_8);
            int length = kernel.faults().readable(Math.min(text.length, LONGEST_TEXT));
            return new String(text, 0, length, StandardCharsets.UTF_8);
        });
    }

    @Override
    public void writeText(String path, String text) throws LinuxException {
        find(path, Access.WRITE);
        waiting.until(call("write", path, text.strip(), () -> kernel.files().writeText(path, text)));
    }

    /** The other process waits where nobody sees it; only what it waits for is looked at. */
    @Override
    public PendingWrite writeApart(String path, String text) throws LinuxException {
        checkAccess(path, Access.WRITE);
        FileTree.Pending pending =
                call("write", path, text.strip(), () -> kernel.files().writeText(path, text));
        return () -> {
            kernel.lock();
            try {
                kernel.checkOpen();
                return pending.isComplete();
            } finally {
                kernel.unlock();
            }
        };
    }

    /** What open(2) finds out before anything is read or written. */
    private void find(String path, Access access) throws LinuxException {
        call("open", path, "", () -> {
            FileTree.Node node = kernel.files().resolve(path);
            kernel.files().permit(node, task, access);
            return node;
        });
    }

    @Override
    public String readLink(String path) throws LinuxException {
        return call("readlink", path, "", () -> kernel.files().readLink(path));
    }

    @Override
    public Descriptor openProcess(int pid) throws LinuxException {
        String description = "process " + pid;
        return own(
                call("pidfd_open", description, "", () -> {
                    PidFd process = PidFd.open(kernel.processes(), pid);
                    return task.descriptors().install(process, description);
                }),
                description);
    }

    @Override
    public Descriptor copyDescriptor(Descriptor process, int number, String description) throws LinuxException {
        return own(
                call("pidfd_getfd", process, "", file -> {
                    OpenFile copied = pidFd(file).take(kernel.processes(), number);
                    return installOrPut(copied, description);
                }),
                description);
    }

    /** The reference that was taken goes with the number, or back. */
    private int installOrPut(OpenFile file, String description) throws KernelError {
        boolean success = false;
        try {
            int number = task.descriptors().install(file, description);
            success = true;
            return number;
        } finally {
            if (!success) {
                file.put();
            }
        }
    }

    @Override
    public boolean hasExited(Descriptor process) throws LinuxException {
        return call("poll", process, "", file -> pidFd(file).hasExited());
    }

    private static PidFd pidFd(OpenFile file) throws KernelError {
        if (file instanceof PidFd process) {
            return process;
        }
        throw new KernelError(Errno.EBADF);
    }

    @Override
    public Descriptor connect(String path, Duration patience) throws LinuxException {
        requireFitting("connect", path);
        Descriptor descriptor = newSocket(path);
        boolean success = false;
        try {
            UnixSocket listener = call("connect", path, "", () -> {
                FileTree.Node node = kernel.files().resolve(path);
                kernel.files().permit(node, task, Access.WRITE);
                if (node instanceof FileTree.Socket socket) {
                    return socket.bound();
                }
                throw new KernelError(Errno.ECONNREFUSED);
            });
            waiting.until(alive(listener::hasRoom), patience);
            onSocket("connect", descriptor, socket -> {
                socket.connect(listener);
                return 0;
            });
            success = true;
            return descriptor;
        } finally {
            if (!success) {
                descriptor.close();
            }
        }
    }

    @Override
    public Descriptor listen(String path) throws LinuxException {
        requireFitting("bind", path);
        Descriptor descriptor = newSocket(path);
        boolean bound = false;
        boolean success = false;
        try {
            call("bind", descriptor, "", file -> {
                kernel.files().bind(path, UnixSocket.of(file), task);
                return 0;
            });
            bound = true;
            onSocket("listen", descriptor, socket -> {
                socket.listen();
                return 0;
            });
            success = true;
            return descriptor;
        } finally {
            if (!success) {
                descriptor.close();
            }
            if (bound && !success) {
                removeFile(path);
            }
        }
    }

    private Descriptor newSocket(String path) throws LinuxException {
        return own(call("socket", path, "", () -> task.descriptors().install(new UnixSocket(kernel), path)), path);
    }

    private static void requireFitting(String operation, String path) throws LinuxException {
        if (path.getBytes(StandardCharsets.UTF_8).length >= Sockets.SockaddrUn.SUN_PATH_SIZE) {
            throw new LinuxException(Errno.ENAMETOOLONG, operation, path);
        }
    }

    @Override
    public Optional<Descriptor> accept(Descriptor listener) throws LinuxException {
        String description = "connection to " + listener.description();
        try {
            int number = call("accept4", listener, "", file -> {
                UnixSocket socket = UnixSocket.of(file);
                task.descriptors().reserve();
                return task.descriptors().install(socket.accept(), description);
            });
            return Optional.of(own(number, description));
        } catch (LinuxException e) {
            if (e.errno() == Errno.EAGAIN) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public int send(Descriptor connection, byte[] data, List<Descriptor> attached) throws LinuxException {
        if (data.length == 0 || attached.size() > Received.MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(data.length + " bytes with " + attached.size() + " descriptors");
        }
        List<Descriptor> lent = new ArrayList<>();
        try {
            List<Integer> numbers = new ArrayList<>();
            for (Descriptor each : attached) {
                numbers.add(each.acquire());
                lent.add(each);
            }
            return call("sendmsg", connection, "", file -> {
                UnixSocket socket = UnixSocket.of(file);
                List<OpenFile> files = new ArrayList<>();
                for (int number : numbers) {
                    files.add(task.descriptors().file(number));
                }
                return socket.send(data, files);
            });
        } finally {
            lent.forEach(Descriptor::release);
        }
    }

    @Override
    public Received receive(Descriptor connection, int mostBytes, int mostDescriptors, Duration patience)
            throws LinuxException {
        if (mostBytes < 1 || mostDescriptors < 0 || mostDescriptors > Received.MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(mostBytes + " bytes with " + mostDescriptors + " descriptors");
        }
        OpenFile polled = call("poll", connection, "", file -> file);
        FileTree.Pending readable = () -> !(polled instanceof UnixSocket socket) || socket.isReadable();
        if (!waiting.until(alive(readable), patience)) {
            throw new LinuxException(Errno.EAGAIN, "recvmsg", connection.description());
        }
        return call("recvmsg", connection, "", file -> {
            UnixSocket.Arrival arrival = UnixSocket.of(file).receive(mostBytes);
            List<Descriptor> descriptors = new ArrayList<>();
            boolean dropped = false;
            for (OpenFile each : arrival.files()) {
                // scm_detach_fds(): the first that finds no room ends it.
                dropped |= descriptors.size() == mostDescriptors;
                String description = "descriptor received from " + connection.description();
                try {
                    if (!dropped) {
                        each.get();
                        descriptors.add(own(installOrPut(each, description), description));
                    }
                } catch (KernelError noRoom) {
                    dropped = true;
                }
                each.put();
            }
            return new Received(arrival.bytes(), descriptors, dropped);
        });
    }

    @Override
    public boolean isHungUp(Descriptor connection) throws LinuxException {
        return onSocket("poll", connection, UnixSocket::isHungUp);
    }

    @Override
    public Graphics graphics() {
        return graphics;
    }

    @Override
    public void removeFile(String path) throws LinuxException {
        call("unlink", path, "", () -> {
            kernel.files().unlink(path, task);
            return 0;
        });
    }

    private interface SocketBody<T> {
        T run(UnixSocket socket) throws KernelError;
    }

    private <T> T onSocket(String operation, Descriptor descriptor, SocketBody<T> body) throws LinuxException {
        return call(operation, descriptor, "", file -> body.run(UnixSocket.of(file)));
    }

    /** A wait that the end of this process ends as well. */
    private FileTree.Pending alive(FileTree.Pending pending) {
        return () -> {
            task.checkAlive();
            return pending.isComplete();
        };
    }

    @Override
    public List<Integer> allowedProcessors() throws LinuxException {
        return call(
                "sched_getaffinity",
                CALLING_THREAD,
                "",
                () -> task.affinity().getOrDefault(Thread.currentThread(), SystemFiles.PROCESSORS));
    }

    @Override
    public void bindThread(List<Integer> processors) throws LinuxException {
        if (processors.isEmpty()) {
            throw new IllegalArgumentException("a thread needs a processor");
        }
        for (int processor : processors) {
            if (processor < 0 || processor >= MOST_PROCESSORS) {
                throw new IllegalArgumentException("processor " + processor);
            }
        }
        call("sched_setaffinity", CALLING_THREAD, " to " + processors, () -> {
            List<Integer> there =
                    SystemFiles.PROCESSORS.stream().filter(processors::contains).toList();
            if (there.isEmpty()) {
                throw new KernelError(Errno.EINVAL);
            }
            return task.affinity().put(Thread.currentThread(), there);
        });
    }

    @Override
    public long tickNanos() throws LinuxException {
        return call("clock_getres", "CLOCK_MONOTONIC_COARSE", "", () -> TICK_NANOS);
    }

    @Override
    public long nanoTime() {
        return kernel.nanoTime();
    }

    @Override
    public Optional<VirtualTime> virtualTime() {
        return kernel.isVirtual() ? Optional.of(clock) : Optional.empty();
    }
}
