package io.vfio4j.bench;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
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
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Emulated devices on the real kernel's counters: attaching goes to the emulated host, waiting and reading to the real kernel. The
 * irqs are armed nowhere; whoever measures writes to their eventfds, as a driver would.
 */
final class BenchHost implements SystemCalls {
    private final EmulatedHost devices =
            EmulatedHost.builder().descriptorLimit(4096).build();
    private final SystemCalls kernel;
    /** The numbers of the eventfds that were armed, in order. */
    private final List<Integer> armed = new ArrayList<>();

    BenchHost(SystemCalls kernel) {
        this.kernel = kernel;
    }

    MdevDevice create() throws LinuxException {
        return MdevDevice.find(this, devices.create(VgpuProfile.V6).uuid());
    }

    List<Integer> armed() {
        return armed;
    }

    @Override
    public String name() {
        return kernel.name();
    }

    @Override
    public Descriptor duplicate(Descriptor descriptor, String description) throws LinuxException {
        return devices.systemCalls().duplicate(descriptor, description);
    }

    @Override
    public long size(Descriptor descriptor) throws LinuxException {
        return devices.systemCalls().size(descriptor);
    }

    @Override
    public Graphics graphics() {
        return devices.systemCalls().graphics();
    }

    @Override
    public int ioctl(Descriptor descriptor, Ioctl request, NativeMemory argument) throws LinuxException {
        if (!request.equals(Vfio.VFIO_DEVICE_SET_IRQS)) {
            return devices.systemCalls().ioctl(descriptor, request, argument);
        }
        if ((argument.getInt(Vfio.IrqSet.FLAGS) & Vfio.VFIO_IRQ_SET_DATA_EVENTFD) != 0) {
            armed.add(argument.getInt(Vfio.IrqSet.DATA));
        }
        return 0;
    }

    @Override
    public int ioctl(Descriptor descriptor, Ioctl request, long argument) throws LinuxException {
        return devices.systemCalls().ioctl(descriptor, request, argument);
    }

    @Override
    public Descriptor open(String path, Access access) throws LinuxException {
        return devices.systemCalls().open(path, access);
    }

    @Override
    public Descriptor adopt(int number, String description) throws LinuxException {
        return devices.systemCalls().adopt(number, description);
    }

    @Override
    public int read(Descriptor descriptor, NativeMemory into, int length, long position) throws LinuxException {
        return devices.systemCalls().read(descriptor, into, length, position);
    }

    @Override
    public int write(Descriptor descriptor, NativeMemory from, int length, long position) throws LinuxException {
        return devices.systemCalls().write(descriptor, from, length, position);
    }

    @Override
    public Mapping map(Descriptor descriptor, long position, int length, Access access) throws LinuxException {
        return devices.systemCalls().map(descriptor, position, length, access);
    }

    @Override
    public NativeMemory allocate(int bytes) {
        return devices.systemCalls().allocate(bytes);
    }

    @Override
    public NativeMemory allocatePages(int bytes) {
        return devices.systemCalls().allocatePages(bytes);
    }

    @Override
    public NativeMemory wrap(ByteBuffer direct) {
        return devices.systemCalls().wrap(direct);
    }

    @Override
    public Descriptor eventFd(String description) throws LinuxException {
        return kernel.eventFd(description);
    }

    @Override
    public Descriptor timerFd(String description) throws LinuxException {
        return kernel.timerFd(description);
    }

    @Override
    public void signal(Descriptor eventFd, long value) throws LinuxException {
        kernel.signal(eventFd, value);
    }

    @Override
    public long drain(Descriptor counter) throws LinuxException {
        return kernel.drain(counter);
    }

    @Override
    public void arm(Descriptor timerFd, long delayNanos) throws LinuxException {
        kernel.arm(timerFd, delayNanos);
    }

    @Override
    public Poller openPoller() throws LinuxException {
        return kernel.openPoller();
    }

    @Override
    public List<String> list(String directory) throws LinuxException {
        return devices.systemCalls().list(directory);
    }

    @Override
    public boolean exists(String path) {
        return devices.systemCalls().exists(path);
    }

    @Override
    public FileStatus status(String path) throws LinuxException {
        return devices.systemCalls().status(path);
    }

    @Override
    public void checkAccess(String path, Access access) throws LinuxException {
        devices.systemCalls().checkAccess(path, access);
    }

    @Override
    public String readText(String path) throws LinuxException {
        return devices.systemCalls().readText(path);
    }

    @Override
    public void writeText(String path, String text) throws LinuxException {
        devices.systemCalls().writeText(path, text);
    }

    @Override
    public PendingWrite writeApart(String path, String text) throws LinuxException {
        return devices.systemCalls().writeApart(path, text);
    }

    @Override
    public String readLink(String path) throws LinuxException {
        return devices.systemCalls().readLink(path);
    }

    @Override
    public Descriptor openProcess(int pid) throws LinuxException {
        return devices.systemCalls().openProcess(pid);
    }

    @Override
    public Descriptor copyDescriptor(Descriptor process, int number, String description) throws LinuxException {
        return devices.systemCalls().copyDescriptor(process, number, description);
    }

    @Override
    public boolean hasExited(Descriptor process) throws LinuxException {
        return devices.systemCalls().hasExited(process);
    }

    @Override
    public Descriptor connect(String path, Duration patience) throws LinuxException {
        return devices.systemCalls().connect(path, patience);
    }

    @Override
    public Descriptor listen(String path) throws LinuxException {
        return devices.systemCalls().listen(path);
    }

    @Override
    public Optional<Descriptor> accept(Descriptor listener) throws LinuxException {
        return devices.systemCalls().accept(listener);
    }

    @Override
    public int send(Descriptor connection, byte[] data, List<Descriptor> attached) throws LinuxException {
        return devices.systemCalls().send(connection, data, attached);
    }

    @Override
    public Received receive(Descriptor connection, int mostBytes, int mostDescriptors, Duration patience)
            throws LinuxException {
        return devices.systemCalls().receive(connection, mostBytes, mostDescriptors, patience);
    }

    @Override
    public boolean isHungUp(Descriptor connection) throws LinuxException {
        return devices.systemCalls().isHungUp(connection);
    }

    @Override
    public void removeFile(String path) throws LinuxException {
        devices.systemCalls().removeFile(path);
    }

    @Override
    public List<Integer> allowedProcessors() throws LinuxException {
        return kernel.allowedProcessors();
    }

    @Override
    public void bindThread(List<Integer> processors) throws LinuxException {
        kernel.bindThread(processors);
    }

    @Override
    public long tickNanos() throws LinuxException {
        return kernel.tickNanos();
    }

    @Override
    public long nanoTime() {
        return kernel.nanoTime();
    }

    @Override
    public Optional<VirtualTime> virtualTime() {
        return Optional.empty();
    }
}
