package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.VirtualTime;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** The system calls of the emulated process: each takes the kernel's lock, acts, and turns a refusal into an exception. */
final class EmulatedSystemCalls implements SystemCalls {
    private static final int LONGEST_TEXT = 64 * 1024;

    private final Kernel kernel;
    private final EmulatedClock clock;
    private final Waiting waiting;

    EmulatedSystemCalls(Kernel kernel, EmulatedClock clock) {
        this.kernel = kernel;
        this.clock = clock;
        this.waiting = new Waiting(kernel, clock);
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
            kernel.enter(operation, target, detail);
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
                    () -> body.run(kernel.descriptors().file(number)));
        } finally {
            descriptor.release();
        }
    }

    /** Calls that are made for every event: no trace, and nothing allocated where nothing goes wrong. */
    private Counter counter(Descriptor descriptor, int number, String operation) throws KernelError {
        kernel.checkOpen();
        kernel.faults().check(operation, descriptor.description());
        if (kernel.descriptors().file(number) instanceof Counter counter) {
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
            kernel.trace().add("close " + description);
            kernel.descriptors().close(number);
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
                    kernel.descriptors().reserve();
                    return kernel.descriptors().install(openNode(node, path, access), path);
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
        throw new KernelError(Errno.EISDIR);
    }

    @Override
    public Descriptor adopt(int number, String description) throws LinuxException {
        call("fcntl", description, "", () -> {
            kernel.descriptors().rename(number, description);
            return number;
        });
        return own(number, description);
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
        String detail = request.equals(Vfio.VFIO_DEVICE_SET_IRQS) ? SetIrqs.describe(kernel.memory(), argument) : "";
        return call(request.name(), descriptor, detail, file -> {
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

    @Override
    public int read(Descriptor descriptor, NativeMemory into, int length, long position) throws LinuxException {
        Objects.checkFromIndexSize(0, length, into.size());
        long address = into.acquire();
        try {
            return call(
                    "pread",
                    descriptor,
                    "",
                    file -> file.read(address, kernel.faults().readable(length), position));
        } finally {
            into.release();
        }
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
            return new Mapping(visible, address, description, () -> unmap(file, mapped, address, description));
        });
    }

    private void unmap(OpenFile file, OpenFile.MappedBytes mapped, long address, String description) {
        kernel.lock();
        try {
            kernel.trace().add("munmap " + description);
            kernel.memory().remove(address);
            mapped.unmap().run();
            file.put();
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
                call("eventfd", description, "", () -> kernel.descriptors().install(new EventFd(), description)),
                description);
    }

    @Override
    public Descriptor timerFd(String description) throws LinuxException {
        return own(
                call(
                        "timerfd_create",
                        description,
                        "",
                        () -> kernel.descriptors().install(new TimerFd(kernel.events()), description)),
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
            int number = kernel.descriptors().install(new EmulatedPoller.File(), "poller");
            EmulatedPoller poller = new EmulatedPoller(kernel, own(number, "poller"));
            kernel.addPoller(poller);
            return poller;
        });
    }

    @Override
    public List<String> list(String directory) throws LinuxException {
        return call("opendir", directory, "", () -> kernel.files().list(directory));
    }

    @Override
    public boolean exists(String path) {
        kernel.lock();
        try {
            kernel.checkOpen();
            return kernel.files().exists(path);
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public String readText(String path) throws LinuxException {
        find(path);
        return call("read", path, "", () -> {
            byte[] text = kernel.files().readText(path).getBytes(StandardCharsets.UTF_8);
            int length = kernel.faults().readable(Math.min(text.length, LONGEST_TEXT));
            return new String(text, 0, length, StandardCharsets.UTF_8);
        });
    }

    @Override
    public void writeText(String path, String text) throws LinuxException {
        find(path);
        waiting.until(call("write", path, text.strip(), () -> kernel.files().writeText(path, text)));
    }

    /** What open(2) finds out before anything is read or written. */
    private void find(String path) throws LinuxException {
        call("open", path, "", () -> kernel.files().resolve(path));
    }

    @Override
    public String readLink(String path) throws LinuxException {
        return call("readlink", path, "", () -> kernel.files().readLink(path));
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
