package io.vfio4j.emulator;

import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.linux.uapi.DisplayIrq;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * What kind of vGPU is emulated, and by which kernel: immutable, with a constant for each that is known.
 *
 * <p>All but {@link #MDPY} and {@link #MBOCHS} are a GVT-g vGPU: 11 regions, three pipes of which A is on, a 1920x1200 screen in dma-bufs that
 * cannot be mapped, no KVM required, no REQ irq, in a group of its own that is viable. The {@code with} methods change that.
 */
public final class VgpuProfile {
    /**
     * The series' second version, of June 2019:
     *
     * <ul>
     *   <li>7 irqs; index 5 for the primary plane, 6 for the cursor, two eventfds
     *   <li>{@code vfio_irq_info} of 20 bytes with {@code cap_offset} in front of {@code count}, argsz below 20 is EINVAL
     *   <li>TYPE capability 3; not maskable: MASK is ENOTTY
     *   <li>adds 1 at each register write, bound to no vblank; a flip by command is not signalled
     *   <li>one vblank timer of 16 ms for all vGPUs
     * </ul>
     */
    public static final VgpuProfile V2 = new VgpuProfile(EmulatedDialect.V2);

    /**
     * The third version, of June 2019:
     *
     * <ul>
     *   <li>6 irqs, index 5; layout and capability as {@link #V2}; maskable, MASK only with count 1
     *   <li>adds 1 for each enabled pipe at each vblank, whether or not anything changed
     *   <li>one vblank timer of 16 ms for all vGPUs
     * </ul>
     */
    public static final VgpuProfile V3 = new VgpuProfile(EmulatedDialect.V3);

    /**
     * The fourth version, of July 2019:
     *
     * <ul>
     *   <li>{@code cap_offset} behind {@code count}, argsz from 16 on; TYPE capability 3
     *   <li>values that are in no header: 1&lt;&lt;56 for the primary plane, 1&lt;&lt;48 for the cursor
     *   <li>at the vblank a sync and an async flip of one plane add up
     *   <li>the single-framebuffer heuristic counts for all vGPUs together, and later the more was flipped before
     *   <li>one vblank timer of 16 ms for all vGPUs
     * </ul>
     */
    public static final VgpuProfile V4 = new VgpuProfile(EmulatedDialect.V4);

    /**
     * The fifth version, of August 2019:
     *
     * <ul>
     *   <li>layout as {@link #V4}; TYPE capability 3, DISPLAY capability 4, which tells the values
     *   <li>at most one primary and one cursor event in a signal
     *   <li>the heuristic begins in the 4th vblank without a flip, then signals for every pipe at every vblank; one counter
     *       for all vGPUs, so that one's flips silence the others
     *   <li>one vblank timer of 16 ms for all vGPUs
     * </ul>
     */
    public static final VgpuProfile V5 = new VgpuProfile(EmulatedDialect.V5);

    /**
     * The sixth and last version, of September 2019:
     *
     * <ul>
     *   <li>as {@link #V5}, but TYPE capability 1, DISPLAY capability 2
     *   <li>each vGPU has a heuristic of its own
     * </ul>
     */
    public static final VgpuProfile V6 = new VgpuProfile(EmulatedDialect.V6);

    /**
     * The last tree that Intel published, of December 2019 to April 2020 ({@code topic/drm-ui-direct-flip}):
     *
     * <ul>
     *   <li>layout as {@link #V4}; TYPE capability 1, no DISPLAY capability
     *   <li>adds 1 for each sync flip done, of either plane, at the vblank; no heuristic, nothing for async flips
     *   <li>one vblank timer of 16 ms for all vGPUs
     * </ul>
     */
    public static final VgpuProfile PAGE_FLIP = new VgpuProfile(EmulatedDialect.PAGE_FLIP);

    /**
     * {@link #V6} as a port to a kernel from 6.8 on would be:
     *
     * <ul>
     *   <li>{@code vfio_irq_info} of 24 bytes, capabilities aligned to 8; TYPE capability 1, no DISPLAY capability
     *   <li>each signal adds 1, because {@code eventfd_signal} has lost its value
     *   <li>a vblank timer for each vGPU, at the guest's refresh rate
     * </ul>
     */
    public static final VgpuProfile PORT = new VgpuProfile(EmulatedDialect.PORT);

    /**
     * {@link #PORT} with the DISPLAY capability:
     *
     * <ul>
     *   <li>DISPLAY capability 2, whose values never appear: each signal adds 1
     * </ul>
     */
    public static final VgpuProfile PORT_DISPLAY = new VgpuProfile(EmulatedDialect.PORT_DISPLAY);

    /**
     * GVT-g of mainline kernels:
     *
     * <ul>
     *   <li>5 irqs, no display irq: GET_IRQ_INFO of index 5 is EINVAL, SET_IRQS without data ENOTTY
     *   <li>MSI is reported with NORESIZE
     *   <li>a vblank timer for each vGPU, at the guest's refresh rate
     * </ul>
     */
    public static final VgpuProfile MAINLINE = new VgpuProfile(EmulatedDialect.MAINLINE);

    /**
     * The kernel's sample device mdpy (samples/vfio-mdev/mdpy.c), 1024x768:
     *
     * <ul>
     *   <li>the screen is region 16, beyond num_regions 9; it can be mapped
     *   <li>pread of the screen gives its first bytes again and again: the driver forgets the position
     *   <li>GET_IRQ_INFO knows no index before GET_INFO was called, then reports count 0 and leaves the flags alone
     *   <li>SET_IRQS is EINVAL, GET_GFX_DMABUF ENOTTY; no RESET flag; RESET draws a gradient
     *   <li>QUERY_GFX_PLANE ignores the plane type
     * </ul>
     */
    public static final VgpuProfile MDPY = new VgpuProfile(EmulatedDialect.MDPY);

    /**
     * The kernel's sample device mbochs (samples/vfio-mdev/mbochs.c), a graphics card with the Bochs display interface, 1024x768:
     *
     * <ul>
     *   <li>there is no picture before a mode was set through the registers in BAR 2, at 0x500: by {@link EmulatedGuest#setMode}, by
     *       a guest that {@linkplain EmulatedGuest#run does something}, or by who writes to them
     *   <li>the screen is in dma-bufs, and in BAR 0; QUERY_GFX_PLANE answers ENOMEM the first time that a mode is shown
     *   <li>dma-bufs are for reading only, so that no shared mapping is possible; their ids are never used again; a second
     *       GET_GFX_DMABUF of one that is open would crash the kernel later, and is counted
     *   <li>GET_REGION_INFO refuses an argsz above 48, and tells a cap_offset also where nothing was copied there
     *   <li>pread and pwrite of BAR 0 are 8192 bytes off; the last 8192 would crash the kernel, and are counted
     *   <li>an EDID region that accepts everything, with the link neither up nor down at the start; no cursor plane, no irqs
     *   <li>4, 16 or 64 MB of memory, the least that the size asks for
     * </ul>
     */
    public static final VgpuProfile MBOCHS = new VgpuProfile(EmulatedDialect.MBOCHS);

    private static final Map<String, VgpuProfile> NAMED = new LinkedHashMap<>();

    static {
        for (VgpuProfile profile : List.of(V2, V3, V4, V5, V6, PAGE_FLIP, PORT, PORT_DISPLAY, MAINLINE, MDPY, MBOCHS)) {
            NAMED.put(profile.name(), profile);
        }
    }

    private static final int DEFAULT_REFRESH_RATE = 60;
    private static final int SMALLEST_SIDE = 64;
    private static final int LARGEST_SIDE = 16384;
    private static final int MOST_HERTZ = 1000;
    private static final int MOST_BUFFERS = 8;
    private static final int MOST_MACHINES = 16;

    private final EmulatedDialect dialect;
    private boolean kvmRequired;
    private boolean requestIrq;
    private boolean mappableDmabufs;
    private boolean readOnlyDmabufs;
    private boolean mappableRegions = true;
    private boolean displayOff;
    private EmulatedFormat format = EmulatedFormat.XRGB8888;
    private EmulatedTiling tiling = EmulatedTiling.LINEAR;
    private boolean viableGroup = true;
    private boolean busyGroup;
    private boolean iommu;
    private DeviceNodes nodes = DeviceNodes.GROUP;
    private int refreshRate = DEFAULT_REFRESH_RATE;
    private long primaryValue = DisplayIrq.PRIMARY_VALUE;
    private long cursorValue = DisplayIrq.CURSOR_VALUE;
    private int width;
    private int height;
    private int buffers = 3;
    private OptionalInt machines = OptionalInt.empty();
    private Boost boost = Boost.NONE;
    private long seed = 1;
    private Optional<GuestModel.Maker> model = Optional.empty();
    private Optional<UUID> uuid = Optional.empty();

    private VgpuProfile(EmulatedDialect dialect) {
        this.dialect = dialect;
        width = isSample() ? 1024 : 1920;
        height = isSample() ? 768 : 1200;
        readOnlyDmabufs = dialect == EmulatedDialect.MBOCHS;
    }

    private VgpuProfile(VgpuProfile other) {
        dialect = other.dialect;
        kvmRequired = other.kvmRequired;
        requestIrq = other.requestIrq;
        mappableDmabufs = other.mappableDmabufs;
        readOnlyDmabufs = other.readOnlyDmabufs;
        mappableRegions = other.mappableRegions;
        displayOff = other.displayOff;
        format = other.format;
        tiling = other.tiling;
        viableGroup = other.viableGroup;
        busyGroup = other.busyGroup;
        iommu = other.iommu;
        nodes = other.nodes;
        refreshRate = other.refreshRate;
        primaryValue = other.primaryValue;
        cursorValue = other.cursorValue;
        width = other.width;
        height = other.height;
        buffers = other.buffers;
        machines = other.machines;
        boost = other.boost;
        seed = other.seed;
        model = other.model;
        uuid = other.uuid;
    }

    /**
     * Finds a profile by its name.
     *
     * @param name one of {@link #names()}; {@code page-flip} and {@code mainline} are understood too
     * @return the constant
     * @throws IllegalArgumentException when there is none of that name
     */
    public static VgpuProfile named(String name) {
        String wanted = switch (name.toLowerCase(Locale.ROOT)) {
            case "page-flip" -> "pageflip";
            case "mainline" -> "none";
            default -> name.toLowerCase(Locale.ROOT);
        };
        VgpuProfile found = NAMED.get(wanted);
        if (found == null) {
            throw new IllegalArgumentException(
                    "no emulated vGPU is called " + name + "; there are " + String.join(", ", names()));
        }
        return found;
    }

    /**
     * The names of all constants.
     *
     * @return v2, v3, v4, v5, v6, pageflip, port, port-display, none, mdpy, mbochs
     */
    public static List<String> names() {
        return List.copyOf(NAMED.keySet());
    }

    /**
     * The profile's name, as on the command line.
     *
     * @return one of {@link #names()}
     */
    public String name() {
        return dialect.label();
    }

    /**
     * Which irq dialect, or which driver, this is.
     *
     * @return the constant of the same name
     */
    public EmulatedDialect dialect() {
        return dialect;
    }

    /**
     * Whether the device opens only for the owner of a VM that its group was added to, as GVT-g has it.
     *
     * @param required true for ESRCH without a VM
     * @return a changed copy
     */
    public VgpuProfile withKvmRequired(boolean required) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.kvmRequired = required;
        return changed;
    }

    /**
     * Whether the device has the REQ irq (index 4), as vfio-pci has it, which is signalled when it is being removed. GVT-g has
     * none.
     *
     * @param present true for a REQ irq
     * @return a changed copy
     */
    public VgpuProfile withRequestIrq(boolean present) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.requestIrq = present;
        return changed;
    }

    /**
     * Whether the dma-bufs can be mapped. Those of GVT-g cannot: mmap is ENODEV.
     *
     * @param mappable true for dma-bufs that can be mapped
     * @return a changed copy
     * @throws IllegalArgumentException when it is true for a device that has none
     */
    public VgpuProfile withMappableDmabufs(boolean mappable) {
        requireDmaBufs(mappable);
        VgpuProfile changed = new VgpuProfile(this);
        changed.mappableDmabufs = mappable;
        return changed;
    }

    /**
     * Whether the descriptors of dma-bufs are for reading only, as those of the kernel's sample mbochs are by mistake: then no
     * mapping that is shared is possible, whatever {@link #withMappableDmabufs} says; for reading and writing it is EACCES, for
     * reading EINVAL.
     *
     * @param readOnly true for descriptors without O_RDWR
     * @return a changed copy
     * @throws IllegalArgumentException when it is true for a device that has none
     */
    public VgpuProfile withReadOnlyDmabufs(boolean readOnly) {
        requireDmaBufs(readOnly);
        VgpuProfile changed = new VgpuProfile(this);
        changed.readOnlyDmabufs = readOnly;
        return changed;
    }

    /**
     * Whether the region that the screen is in can be mapped, as that of {@link #MDPY} can. One that cannot has to be read by pread,
     * which then gives what is at the position, other than the sample's.
     *
     * @param mappable false for a region that has to be read
     * @return a changed copy
     * @throws IllegalArgumentException for a device without such a region
     */
    public VgpuProfile withMappableRegions(boolean mappable) {
        if (dialect != EmulatedDialect.MDPY) {
            throw new IllegalArgumentException(name() + " has its screen in no region");
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.mappableRegions = mappable;
        return changed;
    }

    /**
     * Whether the guest has not initialised its display yet: no pipe is on, and nothing is scanned out, until
     * {@link EmulatedGuest#pipe} turns one on.
     *
     * @param off true for a guest that is just starting
     * @return a changed copy
     * @throws IllegalArgumentException for a device whose display is never off, or always at the start
     */
    public VgpuProfile withDisplayOff(boolean off) {
        if (isSample()) {
            throw new IllegalArgumentException(name() + " has no pipe that is on or off at the start");
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.displayOff = off;
        return changed;
    }

    /**
     * The format of the guest's screen at the start.
     *
     * @param format {@link EmulatedFormat#XRGB8888} by default
     * @return a changed copy
     * @throws IllegalArgumentException for a device that has one format only
     */
    public VgpuProfile withFormat(EmulatedFormat format) {
        Objects.requireNonNull(format, "format");
        if (isSample() && format != EmulatedFormat.XRGB8888) {
            throw new IllegalArgumentException(name() + " has XRGB8888 only, not " + format);
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.format = format;
        return changed;
    }

    /**
     * How the guest's screen lies in memory at the start.
     *
     * @param tiling {@link EmulatedTiling#LINEAR} by default
     * @return a changed copy
     * @throws IllegalArgumentException for a device that knows no tiles
     */
    public VgpuProfile withTiling(EmulatedTiling tiling) {
        Objects.requireNonNull(tiling, "tiling");
        if (isSample() && tiling != EmulatedTiling.LINEAR) {
            throw new IllegalArgumentException(name() + " has linear framebuffers only, none tiled " + tiling);
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.tiling = tiling;
        return changed;
    }

    /**
     * Whether the group is viable: all its devices are bound to VFIO drivers.
     *
     * @param viable false for a group that cannot be used
     * @return a changed copy
     */
    public VgpuProfile withViableGroup(boolean viable) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.viableGroup = viable;
        return changed;
    }

    /**
     * Whether another process has the group open, so that opening it is EBUSY.
     *
     * @param busy true for a group that is in use
     * @return a changed copy
     */
    public VgpuProfile withBusyGroup(boolean busy) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.busyGroup = busy;
        return changed;
    }

    /**
     * By which nodes the kernel offers the device.
     *
     * @param offered {@link DeviceNodes#GROUP} by default
     * @return a changed copy
     */
    public VgpuProfile withNodes(DeviceNodes offered) {
        Objects.requireNonNull(offered, "offered");
        VgpuProfile changed = new VgpuProfile(this);
        changed.nodes = offered;
        return changed;
    }

    /**
     * Whether an IOMMU translates what the device does, as for an SR-IOV function. Then what is mapped for DMA is pinned, counted
     * against {@link EmulatedHost.Builder#lockedMemoryLimit}, and bound to the addresses that the IOMMU has. Otherwise, which is
     * the default and how GVT-g works, the driver does it all: mapping pins nothing, takes any address, and is not even looked at.
     *
     * @param translating true for a device behind an IOMMU
     * @return a changed copy
     */
    public VgpuProfile withIommu(boolean translating) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.iommu = translating;
        return changed;
    }

    /**
     * The guest's refresh rate: in its EDID, and that of the vblank timer of the ports, mainline and mdpy. The drivers of 2019
     * have 62.5 Hz whatever the guest wants.
     *
     * @param hertz 1 to 1000
     * @return a changed copy
     * @throws IllegalArgumentException beyond that
     */
    public VgpuProfile withRefreshRate(int hertz) {
        if (hertz < 1 || hertz > MOST_HERTZ) {
            throw new IllegalArgumentException("a refresh rate of " + hertz + " Hz; it is 1 to " + MOST_HERTZ);
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.refreshRate = hertz;
        return changed;
    }

    /**
     * Other values than 1&lt;&lt;56 and 1&lt;&lt;48, as a driver may choose them that has the DISPLAY capability.
     *
     * @param primary what a change of the primary plane adds
     * @param cursor what a change of the cursor adds
     * @return a changed copy
     * @throws IllegalArgumentException when this dialect has no DISPLAY capability to tell them
     */
    public VgpuProfile withEventValues(long primary, long cursor) {
        if (!IrqAbi.of(dialect).tellsValues()) {
            throw new IllegalArgumentException(name() + " has no DISPLAY capability that could tell other values");
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.primaryValue = primary;
        changed.cursorValue = cursor;
        return changed;
    }

    /**
     * The size of the guest's screen at the start.
     *
     * @param width in pixels, 64 to 16384
     * @param height in pixels, 64 to 16384
     * @return a changed copy
     * @throws IllegalArgumentException beyond that
     */
    public VgpuProfile withSize(int width, int height) {
        checkSize(width, height);
        VgpuProfile changed = new VgpuProfile(this);
        changed.width = width;
        changed.height = height;
        return changed;
    }

    /**
     * How many framebuffers the guest goes round when it flips.
     *
     * @param count 1 to 8; 3 by default
     * @return a changed copy
     * @throws IllegalArgumentException beyond that
     */
    public VgpuProfile withBuffers(int count) {
        if (count < 1 || count > MOST_BUFFERS) {
            throw new IllegalArgumentException(count + " buffers; a guest has 1 to " + MOST_BUFFERS);
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.buffers = count;
        return changed;
    }

    /**
     * Puts the guest on a host with 8 processors, together with others: the guest has 8 vCPUs, of which one draws a frame for each
     * vblank and seven render in the same address space, and each of the others has 8 vCPUs that search and allocate memory, as
     * {@code ebizzy -M} does. A scenario's act happens when the guest has drawn the frame, not at the vblank: 8 ms later where nobody
     * disturbs it; late, or not at all, when its vCPUs wait for processors. The scenario counts the frames, not the vblanks.
     * {@link EmulatedGuest#takeFrames} tells how late each was. What the methods of {@link EmulatedGuest} do, and what a scenario
     * does at its start or by a timer of its own, still happens at once.
     *
     * <p>What is being drawn when the device is closed, the guest's pipes go off or it turns to another scenario is never shown. A guest
     * without vblanks sleeps, and nothing is made up for afterwards.
     *
     * <p>The host is simulated ({@link io.vfio4j.emulator.vcpu}), one for each vGPU, a millisecond at a time on the thread that lets time
     * pass: some tenths of a second of computing for each second. The same seed gives the same frames. In real time vblanks are passed
     * over while the simulation is more than 100 ms behind.
     *
     * @param guests how many guests share the host, this one included: 1 for one that has it for itself, to 16
     * @return a changed copy
     * @throws IllegalArgumentException beyond that
     */
    public VgpuProfile withOvercommit(int guests) {
        if (guests < 1 || guests > MOST_MACHINES) {
            throw new IllegalArgumentException(
                    "an overcommit of " + guests + "; 1 to " + MOST_MACHINES + " guests share a host");
        }
        VgpuProfile changed = new VgpuProfile(this);
        changed.machines = OptionalInt.of(guests);
        return changed;
    }

    /**
     * How many guests share the guest's host.
     *
     * @return what {@link #withOvercommit} was told; empty for a guest that answers at once
     */
    public OptionalInt overcommit() {
        return machines;
    }

    /**
     * Which vCPU the host of {@link #withOvercommit} prefers when another one spins; without that it says nothing.
     *
     * @param policy {@link Boost#NONE} by default
     * @return a changed copy
     */
    public VgpuProfile withBoost(Boost policy) {
        Objects.requireNonNull(policy, "policy");
        VgpuProfile changed = new VgpuProfile(this);
        changed.boost = policy;
        return changed;
    }

    /**
     * What all that is random on the host of {@link #withOvercommit} begins with; without that it says nothing.
     *
     * @param first any number; 1 by default
     * @return a changed copy
     */
    public VgpuProfile withSeed(long first) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.seed = first;
        return changed;
    }

    /**
     * The device's UUID; without this the host numbers its devices.
     *
     * @param uuid the name of one device
     * @return a changed copy
     */
    public VgpuProfile withUuid(UUID uuid) {
        Objects.requireNonNull(uuid, "uuid");
        VgpuProfile changed = new VgpuProfile(this);
        changed.uuid = Optional.of(uuid);
        return changed;
    }

    private void requireDmaBufs(boolean changed) {
        if (changed && dialect == EmulatedDialect.MDPY) {
            throw new IllegalArgumentException(name() + " has its screen in no dma-buf");
        }
    }

    static void checkSize(int width, int height) {
        if (width < SMALLEST_SIDE || height < SMALLEST_SIDE || width > LARGEST_SIDE || height > LARGEST_SIDE) {
            throw new IllegalArgumentException("a screen of " + width + "x" + height + "; width and height are "
                    + SMALLEST_SIDE + " to " + LARGEST_SIDE);
        }
    }

    boolean kvmRequired() {
        return kvmRequired;
    }

    boolean requestIrq() {
        return requestIrq;
    }

    boolean mappableDmabufs() {
        return mappableDmabufs;
    }

    boolean readOnlyDmabufs() {
        return readOnlyDmabufs;
    }

    boolean mappableRegions() {
        return mappableRegions;
    }

    boolean displayOff() {
        return displayOff;
    }

    EmulatedFormat format() {
        return format;
    }

    EmulatedTiling tiling() {
        return tiling;
    }

    /** Whether it is one of the kernel's samples, not a GPU. */
    boolean isSample() {
        return dialect == EmulatedDialect.MDPY || dialect == EmulatedDialect.MBOCHS;
    }

    boolean viableGroup() {
        return viableGroup;
    }

    boolean busyGroup() {
        return busyGroup;
    }

    boolean iommu() {
        return iommu;
    }

    DeviceNodes nodes() {
        return nodes;
    }

    /** Whether it is of a kernel from 6.6 on, in which capabilities are aligned. */
    boolean isModern() {
        return switch (dialect) {
            case PORT, PORT_DISPLAY, MAINLINE -> true;
            case V2, V3, V4, V5, V6, PAGE_FLIP, MDPY, MBOCHS -> nodes.hasCdev();
        };
    }

    int refreshRate() {
        return refreshRate;
    }

    long primaryValue() {
        return primaryValue;
    }

    long cursorValue() {
        return cursorValue;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int buffers() {
        return buffers;
    }

    /** Another model of how long the guest takes, of which everything is known. */
    VgpuProfile withModel(GuestModel.Maker maker) {
        VgpuProfile changed = new VgpuProfile(this);
        changed.model = Optional.of(maker);
        return changed;
    }

    /** How long the guest takes; empty for one that answers at once. */
    Optional<GuestModel.Maker> model() {
        return model.or(() -> machines.isEmpty()
                ? Optional.empty()
                : Optional.of(SharedHost.with(new HostLoad(machines.getAsInt(), boost, seed))));
    }

    Optional<UUID> uuid() {
        return uuid;
    }

    @Override
    public String toString() {
        return name();
    }
}
