package io.vfio4j.vfio;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An open VFIO device.
 *
 * <p>Three ways in: {@link #open} for a device of this host, alone or with the KVM VM that it belongs to, by its own node or
 * through its group, and {@link #adopt} or {@link #share} for a device that somebody else opened.
 *
 * <p>Safe for use by any thread. No method waits for anything but the driver, {@link #close} excepted.
 */
public final class VfioDevice implements AutoCloseable {
    /** More than any driver has; what is above is a malformed answer, not a big device. */
    private static final int MOST_INDEXES = 1024;
    /** Room for device info and for irq info with every capability of the 2019 series, so that one call is enough. */
    private static final int INFO_ROOM = 64;

    private final SystemCalls calls;
    private final String name;
    private final Optional<HostDevice> host;
    private final Optional<DeviceOwner> owner;
    private final boolean shared;
    private final Descriptor descriptor;
    private final Attachment resources;
    private final Optional<Attached> attached;
    /** One object for each index, which knows whether it is armed. */
    private final Map<Integer, Irq> irqs = new ConcurrentHashMap<>();

    private final List<Mapping> mappings = new ArrayList<>();

    private VfioDevice(
            SystemCalls calls,
            String name,
            Optional<HostDevice> host,
            Optional<DeviceOwner> owner,
            boolean shared,
            Descriptor descriptor,
            Attachment resources,
            Optional<Attached> attached) {
        this.calls = calls;
        this.name = name;
        this.host = host;
        this.owner = owner;
        this.shared = shared;
        this.descriptor = descriptor;
        this.resources = resources;
        this.attached = attached;
    }

    /**
     * Opens a mediated device, by its own node where it is there and may be used, else through its group.
     *
     * @param calls the host
     * @param mdev the device
     * @return the open device; the caller closes it
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice open(SystemCalls calls, MdevDevice mdev) throws IOException {
        return open(calls, HostDevice.of(calls, mdev), AttachOptions.DEFAULTS);
    }

    /**
     * Opens a mediated device as {@link #open(SystemCalls, MdevDevice)}, as part of a VM. GVT-g requires it.
     *
     * @param calls the host
     * @param mdev the device
     * @param vm the VM, of this process; stays the caller's, who closes it after the device
     * @return the open device; the caller closes it
     * @throws IOException what the kernel refuses, with advice; nothing stays open then
     */
    public static VfioDevice open(SystemCalls calls, MdevDevice mdev, KvmVm vm) throws IOException {
        return open(calls, HostDevice.of(calls, mdev), AttachOptions.DEFAULTS.withVm(vm));
    }

    /**
     * Opens a device.
     *
     * @param calls the host
     * @param host the device
     * @param options by which path, and for which VM
     * @return the open device; the caller closes it
     * @throws IOException what the kernel refuses, with advice, of both paths where both were tried; nothing stays open then
     */
    public static VfioDevice open(SystemCalls calls, HostDevice host, AttachOptions options) throws IOException {
        Attached attached = Attached.open(calls, host, options);
        return new VfioDevice(
                calls,
                host.name(),
                Optional.of(host),
                Optional.empty(),
                false,
                attached.device(),
                attached.resources(),
                Optional.of(attached));
    }

    /**
     * Takes over a device that somebody else opened and gave away: nobody else uses it any more.
     *
     * @param calls where the descriptor is from
     * @param device the device's descriptor; belongs to the result from now on
     * @param name what to call it
     * @return the device; the caller closes it
     */
    public static VfioDevice adopt(SystemCalls calls, Descriptor device, String name) {
        return fromElsewhere(calls, name, Optional.empty(), Optional.empty(), false, device);
    }

    /**
     * Uses a device beside its owner, mostly the VMM. The irq's trigger is one for each device, and so is the driver's dma-buf
     * reference: on a shared device nothing is armed, and no dma-buf is fetched, unless asked for. As long as it is open, the device and
     * its group stay busy, also when the owner has ended.
     *
     * @param calls where the descriptor is from
     * @param device a copy of the owner's descriptor; belongs to the result from now on
     * @param name what to call it
     * @return the device; the caller closes it, which does not disturb the owner
     */
    public static VfioDevice share(SystemCalls calls, Descriptor device, String name) {
        return fromElsewhere(calls, name, Optional.empty(), Optional.empty(), true, device);
    }

    /**
     * The same where more is known: where the device is in sysfs, so that its removal is noticed, and whose it is, so that the owner's
     * end is.
     *
     * @param calls where the descriptor is from
     * @param device a copy of the owner's descriptor; belongs to the result from now on
     * @param name what to call it
     * @param host where it is in sysfs, if that is known
     * @param owner who has opened it; belongs to the result from now on, which closes it after the device
     * @return the device; the caller closes it, which does not disturb the owner
     */
    public static VfioDevice share(
            SystemCalls calls, Descriptor device, String name, Optional<HostDevice> host, DeviceOwner owner) {
        return fromElsewhere(calls, name, host, Optional.of(owner), true, device);
    }

    private static VfioDevice fromElsewhere(
            SystemCalls calls,
            String name,
            Optional<HostDevice> host,
            Optional<DeviceOwner> owner,
            boolean shared,
            Descriptor device) {
        Attachment resources = new Attachment();
        owner.ifPresent(resources::add);
        resources.add(device);
        return new VfioDevice(calls, name, host, owner, shared, device, resources, Optional.empty());
    }

    /**
     * What it is called.
     *
     * @return a UUID, or the name it was adopted by
     */
    public String name() {
        return name;
    }

    /**
     * Where it is in sysfs.
     *
     * @return empty for a device that somebody else opened, unless he told
     */
    public Optional<HostDevice> host() {
        return host;
    }

    /**
     * Where it is in sysfs, if it is a mediated device.
     *
     * @return empty also for a device that somebody else opened
     */
    public Optional<MdevDevice> mdev() {
        return host.flatMap(HostDevice::mdev);
    }

    /**
     * By which path it was opened.
     *
     * @return empty for a device that somebody else opened
     */
    public Optional<AttachPath> path() {
        return attached.map(Attached::path);
    }

    /**
     * What it reaches by DMA, and how to change that.
     *
     * @return empty for a device that somebody else opened: who did maps for it
     */
    public Optional<IoAddressSpace> dma() {
        return attached.map(Attached::dma);
    }

    /**
     * Whether somebody else uses it too.
     *
     * @return true after {@link #share}
     */
    public boolean shared() {
        return shared;
    }

    /**
     * Who has opened it, if that was somebody else and can be asked whether he is still there.
     *
     * @return empty for a device of our own, and for one of which only the descriptor is known
     */
    public Optional<DeviceOwner> owner() {
        return owner;
    }

    /**
     * Sends a copy of the device's descriptor through a UNIX socket, with a message. Does not wait.
     *
     * @param connection a connected socket
     * @param message what to send with it, at least one byte
     * @return how many bytes of the message were sent; the descriptor went with the first
     * @throws LinuxException EAGAIN when the receiver does not read, EPIPE or ECONNRESET when it has gone
     */
    public int sendTo(Descriptor connection, byte[] message) throws LinuxException {
        return calls.send(connection, message, List.of(descriptor));
    }

    /**
     * The system calls it was opened with.
     *
     * @return the host
     */
    public SystemCalls systemCalls() {
        return calls;
    }

    /**
     * VFIO_DEVICE_GET_INFO.
     *
     * @return what the device has
     * @throws IOException what the driver says; {@link MalformedReplyException} for counts without bound
     */
    public DeviceInfo info() throws IOException {
        byte[] reply = GrowingReply.ask(
                calls, descriptor, Vfio.VFIO_DEVICE_GET_INFO, INFO_ROOM, Vfio.VFIO_DEVICE_FLAGS_CAPS, question -> {});
        Bytes bytes = Bytes.of(reply);
        return new DeviceInfo(
                bytes.getInt(Vfio.DeviceInfo.FLAGS),
                bounded("num_regions", bytes.getInt(Vfio.DeviceInfo.NUM_REGIONS), reply),
                bounded("num_irqs", bytes.getInt(Vfio.DeviceInfo.NUM_IRQS), reply),
                bytes);
    }

    private int bounded(String field, int count, byte[] reply) throws MalformedReplyException {
        if (Integer.compareUnsigned(count, MOST_INDEXES) > 0) {
            throw new MalformedReplyException(
                    Vfio.VFIO_DEVICE_GET_INFO.name(),
                    name,
                    field + " is " + Integer.toUnsignedString(count) + ", more than " + MOST_INDEXES,
                    reply);
        }
        return count;
    }

    /**
     * VFIO_DEVICE_GET_REGION_INFO for one index. The index of a display region may lie beyond {@link DeviceInfo#regions}.
     *
     * @param index the region
     * @return what the driver says of it
     * @throws IOException EINVAL when there is no such region; {@link MalformedReplyException}
     */
    public RegionInfo region(int index) throws IOException {
        byte[] reply = GrowingReply.ask(
                calls,
                descriptor,
                Vfio.VFIO_DEVICE_GET_REGION_INFO,
                // Not more than needed: mbochs refuses an argsz that is larger than its own answer.
                Vfio.RegionInfo.SIZE,
                Vfio.VFIO_REGION_INFO_FLAG_CAPS,
                question -> question.putInt(Vfio.RegionInfo.INDEX, index));
        Bytes bytes = Bytes.of(reply);
        int flags = bytes.getInt(Vfio.RegionInfo.FLAGS);
        boolean chained = (flags & Vfio.VFIO_REGION_INFO_FLAG_CAPS) != 0;
        return new RegionInfo(
                index,
                flags,
                bytes.getLong(Vfio.RegionInfo.SIZE_MEMBER),
                bytes.getLong(Vfio.RegionInfo.OFFSET),
                Capability.chain(
                        reply,
                        chained ? bytes.getInt(Vfio.RegionInfo.CAP_OFFSET) : 0,
                        Vfio.RegionInfo.SIZE,
                        Vfio.VFIO_DEVICE_GET_REGION_INFO.name(),
                        name),
                bytes);
    }

    /**
     * All regions that the driver describes; an index that it refuses (EINVAL) is left out.
     *
     * @return in the order of their index
     * @throws IOException any other refusal; {@link MalformedReplyException}
     */
    public List<RegionInfo> regions() throws IOException {
        return scan(info().regions(), this::region);
    }

    /**
     * Reads from a region, through the device's descriptor. Not bounded by the region's size: GVT-g's EDID region answers beyond it.
     *
     * @param region which one
     * @param position where in it
     * @param into where the bytes go, from its offset 0
     * @param length how many at most
     * @return how many were read
     * @throws LinuxException what the driver says
     */
    public int read(RegionInfo region, long position, NativeMemory into, int length) throws LinuxException {
        return calls.read(descriptor, into, length, region.offset() + position);
    }

    /**
     * Writes to a region, through the device's descriptor.
     *
     * @param region which one
     * @param position where in it
     * @param from where the bytes come from, from its offset 0
     * @param length how many
     * @return how many were written
     * @throws LinuxException what the driver says
     */
    public int write(RegionInfo region, long position, NativeMemory from, int length) throws LinuxException {
        return calls.write(descriptor, from, length, region.offset() + position);
    }

    /**
     * Maps a part of a region. The kernel keeps the device open, and whoever removes it waits, until the mapping is closed, which
     * {@link #close} does too.
     *
     * @param region which one, {@link RegionInfo#mappable}
     * @param position where in it: a multiple of the page size
     * @param length how many bytes
     * @param access reading, or reading and writing
     * @return the mapping; the caller closes it, before the device or by closing it
     * @throws LinuxException what the driver says
     * @throws IllegalArgumentException when the part is not within the region
     */
    public Mapping map(RegionInfo region, long position, int length, Access access) throws LinuxException {
        if (position < 0
                || length < 1
                || Long.compareUnsigned(region.size(), length) < 0
                || Long.compareUnsigned(position, region.size() - length) > 0) {
            throw new IllegalArgumentException(length + " bytes from " + position + " on, of region " + region.index()
                    + " of " + name + ", which has " + Long.toUnsignedString(region.size()));
        }
        Mapping mapping = calls.map(descriptor, region.offset() + position, length, access);
        synchronized (mappings) {
            mappings.removeIf(Mapping::isClosed);
            mappings.add(mapping);
        }
        if (descriptor.isClosed()) {
            mapping.close();
        }
        return mapping;
    }

    /**
     * VFIO_DEVICE_GET_IRQ_INFO for one index.
     *
     * @param index the irq
     * @return what the driver says of it
     * @throws IOException EINVAL when there is no such irq; {@link MalformedReplyException}
     */
    public IrqInfo irqInfo(int index) throws IOException {
        byte[] reply = GrowingReply.ask(
                calls,
                descriptor,
                Vfio.VFIO_DEVICE_GET_IRQ_INFO,
                INFO_ROOM,
                DisplayIrq.FLAG_CAPS,
                question -> question.putInt(Vfio.IrqInfo.INDEX, index));
        return parseIrqInfo(index, reply, name);
    }

    /** Which form the reply has follows from where a possible cap_offset stands. */
    static IrqInfo parseIrqInfo(int index, byte[] reply, String name) throws MalformedReplyException {
        Bytes bytes = Bytes.of(reply);
        int flags = bytes.getInt(Vfio.IrqInfo.FLAGS);
        int third = bytes.getInt(Vfio.IrqInfo.COUNT);
        int fourth = bytes.getInt(DisplayIrq.CAP_OFFSET);
        IrqInfo.Layout layout;
        if ((flags & DisplayIrq.FLAG_CAPS) != 0 && fourth != 0 && third >= DisplayIrq.INFO_SIZE && fourth < third) {
            layout = IrqInfo.Layout.OFFSET_BEFORE_COUNT;
        } else if ((flags & DisplayIrq.FLAG_CAPS) != 0 && fourth != 0) {
            layout = IrqInfo.Layout.OFFSET_AFTER_COUNT;
        } else if (third == 0 && fourth != 0) {
            // v2 and v3 put count behind a cap_offset of 0 for irqs without capabilities.
            layout = IrqInfo.Layout.OFFSET_BEFORE_COUNT;
        } else {
            layout = IrqInfo.Layout.MAINLINE;
        }
        int count = layout == IrqInfo.Layout.OFFSET_BEFORE_COUNT ? fourth : third;
        int capOffset = switch (layout) {
            case MAINLINE -> 0;
            case OFFSET_BEFORE_COUNT -> third;
            case OFFSET_AFTER_COUNT -> fourth;
        };
        List<Capability> capabilities =
                Capability.chain(reply, capOffset, DisplayIrq.INFO_SIZE, Vfio.VFIO_DEVICE_GET_IRQ_INFO.name(), name);
        return new IrqInfo(index, flags, count, layout, capOffset, capabilities, bytes);
    }

    /**
     * All irqs that the driver describes; an index that it refuses (EINVAL) is left out, as GVT-g does with MSI-X, ERR and REQ
     * below its own count.
     *
     * @return in the order of their index
     * @throws IOException any other refusal; {@link MalformedReplyException}
     */
    public List<IrqInfo> irqs() throws IOException {
        return scan(info().irqs(), this::irqInfo);
    }

    private static <T> List<T> scan(int count, Question<T> question) throws IOException {
        List<T> answers = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            try {
                answers.add(question.ask(index));
            } catch (LinuxException e) {
                if (e.errno() != Errno.EINVAL) {
                    throw e;
                }
            }
        }
        return List.copyOf(answers);
    }

    /**
     * An irq to be subscribed to or armed.
     *
     * @param index the irq
     * @return the irq; for each index always the same one
     * @throws IOException when the driver refuses the index, or it has nothing that could signal an eventfd
     */
    public Irq irq(int index) throws IOException {
        if (descriptor.isClosed()) {
            throw new ClosedException(name);
        }
        Irq known = irqs.get(index);
        if (known != null) {
            return known;
        }
        int count = info().irqs();
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("irq " + index + " of " + name + ", which has " + count);
        }
        IrqInfo irq = irqInfo(index);
        if (irq.count() == 0 || !irq.eventFd()) {
            throw new IOException("irq " + index + " of " + name + " cannot signal an eventfd (count "
                    + Integer.toUnsignedString(irq.count()) + ", flags 0x" + Integer.toHexString(irq.flags()) + ")");
        }
        Irq made = new Irq(calls, descriptor, irq, shared);
        Irq first = irqs.putIfAbsent(index, made);
        return first == null ? made : first;
    }

    /**
     * One of the irqs that every PCI device numbers alike.
     *
     * @param irq which one
     * @return the irq, the same one as {@link #irq(int)} returns for its index
     * @throws IOException when the device has none, with a sentence on that; or is no PCI device, whose indexes mean something else
     */
    public Irq irq(PciIrq irq) throws IOException {
        DeviceInfo info = info();
        if (!info.pci() || info.irqs() <= irq.index()) {
            throw new IOException(name + " has no irq that is called " + irq + ": "
                    + (info.pci() ? "it has " + info.irqs() + " irqs" : "it is no PCI device"));
        }
        try {
            return irq(irq.index());
        } catch (LinuxException e) {
            throw e.errno() == Errno.EINVAL ? e.withAdvice(irq.absence()) : e;
        }
    }

    /**
     * VFIO_DEVICE_RESET.
     *
     * @throws LinuxException what the driver says
     */
    public void reset() throws LinuxException {
        calls.ioctl(descriptor, Vfio.VFIO_DEVICE_RESET, 0);
    }

    /**
     * How the device hands out the pixels of its planes.
     *
     * @return empty for a device without a display
     * @throws LinuxException what the driver says, other than that it does not know the question
     */
    public Set<PlaneAccess> planeAccess() throws LinuxException {
        Set<PlaneAccess> answers = EnumSet.noneOf(PlaneAccess.class);
        for (PlaneAccess access : PlaneAccess.values()) {
            try (NativeMemory info = planeInfo(PlaneType.PRIMARY, Vfio.VFIO_GFX_PLANE_TYPE_PROBE | access.flag)) {
                calls.ioctl(descriptor, Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
                answers.add(access);
            } catch (LinuxException e) {
                if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOTTY) {
                    throw e;
                }
            }
        }
        return answers;
    }

    /**
     * VFIO_DEVICE_QUERY_GFX_PLANE: what a plane scans out at the moment. May be slow: the driver reads the guest's registers.
     *
     * @param type which plane
     * @param access one of {@link #planeAccess}
     * @return empty when nothing is scanned out, which is a state and no error
     * @throws LinuxException what the driver says
     */
    public Optional<Plane> plane(PlaneType type, PlaneAccess access) throws LinuxException {
        try (PlaneQuery query = planeQuery(type, access)) {
            return query.ask();
        }
    }

    /**
     * Prepares to ask {@link #plane} often.
     *
     * @param type which plane
     * @param access one of {@link #planeAccess}
     * @return to be asked; the caller closes it
     */
    public PlaneQuery planeQuery(PlaneType type, PlaneAccess access) {
        return new PlaneQuery(this, type, access);
    }

    void queryPlane(PlaneType type, PlaneAccess access, NativeMemory info) throws LinuxException {
        ask(info, type, access.flag);
        try {
            calls.ioctl(descriptor, Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOMEM) {
                throw e;
            }
            // mbochs answers ENOMEM to the first query of a new mode, and answers the second.
            calls.ioctl(descriptor, Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, info);
        }
    }

    /** A disabled plane leaves the fields as they are handed in: zero. */
    private static void ask(NativeMemory info, PlaneType type, int flags) {
        for (int offset = 0; offset < Vfio.DeviceGfxPlaneInfo.SIZE; offset += Long.BYTES) {
            info.putLong(offset, 0);
        }
        info.putInt(Vfio.DeviceGfxPlaneInfo.ARGSZ, Vfio.DeviceGfxPlaneInfo.SIZE);
        info.putInt(Vfio.DeviceGfxPlaneInfo.FLAGS, flags);
        info.putInt(Vfio.DeviceGfxPlaneInfo.DRM_PLANE_TYPE, type.drmPlaneType);
    }

    static boolean showsNothing(NativeMemory info) {
        return info.getInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT) == 0
                || info.getInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER) == 0;
    }

    static Plane planeIn(NativeMemory info) {
        return new Plane(
                info.getInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT),
                info.getLong(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT_MOD),
                info.getInt(Vfio.DeviceGfxPlaneInfo.WIDTH),
                info.getInt(Vfio.DeviceGfxPlaneInfo.HEIGHT),
                info.getInt(Vfio.DeviceGfxPlaneInfo.STRIDE),
                info.getInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER),
                info.getInt(Vfio.DeviceGfxPlaneInfo.X_POS),
                info.getInt(Vfio.DeviceGfxPlaneInfo.Y_POS),
                info.getInt(Vfio.DeviceGfxPlaneInfo.X_HOT),
                info.getInt(Vfio.DeviceGfxPlaneInfo.Y_HOT),
                info.getInt(Vfio.DeviceGfxPlaneInfo.DMABUF_ID));
    }

    private NativeMemory planeInfo(PlaneType type, int flags) {
        NativeMemory info = calls.allocate(Vfio.DeviceGfxPlaneInfo.SIZE);
        ask(info, type, flags);
        return info;
    }

    /**
     * VFIO_DEVICE_GET_GFX_DMABUF: a descriptor of the framebuffer that a query named. On a shared device it can make the owner's
     * next call fail.
     *
     * @param id {@link Plane#source} of a dma-buf plane
     * @return the dma-buf; the caller closes it
     * @throws LinuxException EINVAL when the id is not known
     */
    public Descriptor dmaBuf(int id) throws LinuxException {
        try (NativeMemory pointer = calls.allocate(Integer.BYTES)) {
            pointer.putInt(0, id);
            return calls.adopt(
                    calls.ioctl(descriptor, Vfio.VFIO_DEVICE_GET_GFX_DMABUF, pointer), "dma-buf " + id + " of " + name);
        }
    }

    /**
     * Ends the subscriptions to its irqs and disarms what is still armed; then closes the device and all that was opened for it, in the
     * reverse order, its mappings last. A group's device is closed, and then what was mapped for DMA is unmapped; a device with a
     * node of its own is unmapped and detached first. The device is not stopped before: what it still does by DMA goes nowhere.
     * Waits for subscriptions as {@link IrqSubscription#close} does. Further calls do nothing.
     */
    @Override
    public void close() {
        if (!descriptor.isClosed()) {
            irqs.values().forEach(Irq::end);
        }
        resources.close();
        synchronized (mappings) {
            mappings.forEach(Mapping::close);
            mappings.clear();
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private interface Question<T> {
        T ask(int index) throws IOException;
    }
}
