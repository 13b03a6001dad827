package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * The mediated devices, and what sysfs and /dev show of them: drivers/vfio/mdev, drivers/base. Used under the kernel's lock.
 */
final class MdevBus {
    private static final Pattern UUID_TEXT = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
    private static final int UUID_LENGTH = 36;
    private static final Pattern NUMBER = Pattern.compile("\\+?(0[xX]\\p{XDigit}+|\\d+)");
    private static final String DEVICES = "/sys/bus/mdev/devices/";
    private static final String DRIVERS = "/sys/bus/mdev/drivers/";
    private static final String GROUPS = "/sys/kernel/iommu_groups/";

    private static final String NODES = "/sys/class/vfio-dev/";
    private static final String CONTAINER = "/dev/vfio/vfio";
    /** The first that MISC_DYNAMIC_MINOR gives. */
    private static final int IOMMU_MINOR = 127;

    private static final String GROUP_CLASS = "/sys/class/vfio";
    private static final String CONTAINER_CLASS = "/sys/class/misc/vfio";

    /** devtmpfs, where the driver asks for nothing else. */
    private static final FileTree.Ownership OF_ROOT_ALONE = FileTree.Ownership.ofRoot(0600);

    private final Kernel kernel;
    private final MdevParent.Limits limits;
    private final long nodeDelayNanos;
    private final boolean devicesInFdinfo;
    private final Map<String, MdevParent> parents = new LinkedHashMap<>();
    private final List<Vgpu> vgpus = new ArrayList<>();
    private int devicesMade;

    MdevBus(Kernel kernel, MdevParent.Limits limits, long nodeDelayNanos, boolean devicesInFdinfo) {
        this.kernel = kernel;
        this.limits = limits;
        this.nodeDelayNanos = nodeDelayNanos;
        this.devicesInFdinfo = devicesInFdinfo;
        FileTree files = kernel.files();
        files.makeDirectory("/sys/bus/mdev/devices");
        files.makeDirectory("/sys/bus/mdev/drivers");
        files.makeDirectory("/sys/class/mdev_bus");
        files.makeDirectory("/sys/kernel/iommu_groups");
        showContainer();
        files.put(
                "/dev/kvm",
                new FileTree.Device(
                        access -> new KvmVm.Node(kernel),
                        FileTree.Device.MISC,
                        232,
                        new FileTree.Ownership(0660, 0, SystemFiles.KVM_GROUP)));
    }

    List<Vgpu> vgpus() {
        return List.copyOf(vgpus);
    }

    /** Makes the device known that vGPUs of this profile are parts of. */
    MdevParent parent(VgpuProfile profile) {
        MdevParent wanted = MdevParent.of(profile, limits);
        MdevParent known = parents.putIfAbsent(wanted.name(), wanted);
        if (known != null) {
            return known;
        }
        FileTree files = kernel.files();
        files.link("/sys/class/mdev_bus/" + wanted.name(), wanted.path());
        if (wanted.path().contains("/pci")) {
            try {
                new SystemFiles(files).addGpu(wanted.name(), wanted.path());
            } catch (KernelError error) {
                throw new AssertionError("what was put is not there", error);
            }
        }
        for (MdevType type : wanted.types()) {
            String path = wanted.typePath(type);
            wanted.label(type).ifPresent(label -> files.put(path + "/name", label));
            files.put(path + "/description", type.description());
            files.put(path + "/device_api", "vfio-pci");
            files.put(path + "/available_instances", FileTree.Text.readOnly(() -> available(wanted, type) + "\n"));
            files.put(path + "/create", FileTree.Text.writeOnly(text -> create(wanted, type, text)));
            files.makeDirectory(path + "/devices");
        }
        return wanted;
    }

    private int available(MdevParent parent, MdevType type) {
        return parent.available(
                type,
                vgpus.stream()
                        .filter(vgpu -> vgpu.parent() == parent)
                        .map(Vgpu::type)
                        .toList());
    }

    private FileTree.Pending create(MdevParent parent, MdevType type, String text) throws KernelError {
        UUID uuid = parseUuid(text);
        create(parent, type, type.applied(parent.template()).withUuid(uuid));
        return FileTree.Pending.NOTHING;
    }

    /** create_store(): a UUID, and perhaps one more byte, meant for a newline, which guid_parse() does not look at. */
    static UUID parseUuid(String text) throws KernelError {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length < UUID_LENGTH || length > UUID_LENGTH + 1) {
            throw new KernelError(Errno.EINVAL);
        }
        String name = text.substring(0, Math.min(text.length(), UUID_LENGTH));
        if (!UUID_TEXT.matcher(name).matches()) {
            throw new KernelError(Errno.EINVAL);
        }
        return UUID.fromString(name);
    }

    Vgpu create(VgpuProfile profile) throws KernelError {
        MdevParent parent = parent(profile);
        return create(parent, parent.typeOf(profile), profile);
    }

    private Vgpu create(MdevParent parent, MdevType type, VgpuProfile profile) throws KernelError {
        UUID uuid = profile.uuid().orElseGet(this::nextUuid);
        if (kernel.mediatedDevices().contains(uuid)) {
            throw new KernelError(Errno.EEXIST);
        }
        if (available(parent, type) <= 0) {
            throw new KernelError(parent.exhausted());
        }
        devicesMade++;
        VgpuDriver driver = switch (profile.dialect()) {
            case MDPY -> new MdpyDriver(kernel, profile);
            case MBOCHS -> new MbochsDriver(kernel, profile, type);
            default -> new GvtDriver(kernel, profile);
        };
        VfioGroup group = new VfioGroup(kernel, kernel.newGroup(), profile);
        VfioDevice device = new VfioDevice(kernel, uuid.toString(), lowestFreeIndex(), group, profile, driver);
        group.setDevice(device);
        Vgpu vgpu = new Vgpu(kernel, this, parent, type, uuid, devicesMade, driver, device);
        vgpus.add(vgpu);
        kernel.mediatedDevices().add(uuid);
        kernel.vblankTimers().add(driver);
        show(vgpu);
        if (devicesInFdinfo) {
            device.showInFdinfo(directory(vgpu));
        }
        return vgpu;
    }

    private void showContainer() {
        FileTree files = kernel.files();
        files.makeDirectory(GROUP_CLASS);
        files.makeDirectory(CONTAINER_CLASS);
        files.put(
                CONTAINER,
                new FileTree.Device(
                        access -> new VfioContainer(kernel),
                        FileTree.Device.MISC,
                        196,
                        FileTree.Ownership.ofRoot(0666)));
    }

    /** A kernel without CONFIG_VFIO_GROUP has none of it, nor type 1, which depends on it. */
    private void hideContainer() {
        List.of(GROUP_CLASS, CONTAINER_CLASS, CONTAINER, "/sys/module/vfio_iommu_type1")
                .forEach(kernel.files()::remove);
    }

    /** ida_alloc(): the numbers of removed devices are used again. */
    private int lowestFreeIndex() {
        for (int index = 0; ; index++) {
            int candidate = index;
            if (vgpus.stream().noneMatch(vgpu -> vgpu.device().index() == candidate)) {
                return index;
            }
        }
    }

    private UUID nextUuid() {
        for (long number = devicesMade + 1L; ; number++) {
            UUID candidate = new UUID(0x4000L, 0x8000_0000_0000_0000L | number);
            if (!kernel.mediatedDevices().contains(candidate)) {
                return candidate;
            }
        }
    }

    private static String directory(Vgpu vgpu) {
        return vgpu.parent().path() + "/" + vgpu.uuid();
    }

    private void show(Vgpu vgpu) {
        FileTree files = kernel.files();
        MdevParent parent = vgpu.parent();
        VfioGroup group = vgpu.device().group();
        String uuid = vgpu.uuid().toString();
        String directory = directory(vgpu);
        files.makeDirectory(directory);
        files.link(directory + "/subsystem", "/sys/bus/mdev");
        files.link(directory + "/mdev_type", parent.typePath(vgpu.type()));
        // drivers/base/core.c dev_uevent(): the driver's name is in every bound device's uevent.
        files.put(directory + "/uevent", "DRIVER=" + parent.driverName());
        files.put(directory + "/remove", FileTree.Text.writeOnly(text -> removeStore(vgpu, text)));
        files.makeDirectory(DRIVERS + parent.driverName());
        files.link(directory + "/driver", DRIVERS + parent.driverName());
        files.link(DRIVERS + parent.driverName() + "/" + uuid, directory);
        files.link(DEVICES + uuid, directory);
        files.link(parent.typePath(vgpu.type()) + "/devices/" + uuid, directory);
        showNodes(vgpu, directory);
        if (parent.driverName().equals("mdpy")) {
            files.put(
                    directory + "/vendor/resolution",
                    vgpu.type().width() + "x" + vgpu.type().height());
        } else if (parent.driverName().equals("mbochs")) {
            files.put(directory + "/vendor/memory", vgpu.type().share().lowMegabytes() + " MB");
        } else {
            files.put(directory + "/intel_vgpu/vgpu_id", Integer.toString(group.number()));
        }
    }

    /** The group of a mediated device exists only where VFIO has groups; {@code vfio-dev} is there since 6.1, its node since 6.6. */
    private void showNodes(Vgpu vgpu, String directory) {
        FileTree files = kernel.files();
        VfioDevice device = vgpu.device();
        VfioGroup group = device.group();
        DeviceNodes nodes = device.profile().nodes();
        if (nodes.hasGroup()) {
            files.link(directory + "/iommu_group", GROUPS + group.number());
            files.link(GROUPS + group.number() + "/devices/" + device.name(), directory);
            putNode(
                    vgpu,
                    group.node(),
                    new FileTree.Device(
                            access -> group.open(), FileTree.Device.VFIO_GROUPS, group.number(), OF_ROOT_ALONE));
            showContainer();
        } else if (vgpus.stream().noneMatch(other -> other.profile().nodes().hasGroup())) {
            hideContainer();
        }
        if (device.profile().isModern()) {
            String own = directory + "/vfio-dev/vfio" + device.index();
            files.link(own + "/device", directory);
            files.link(NODES + "vfio" + device.index(), own);
            if (nodes.hasCdev()) {
                files.put(own + "/dev", FileTree.Device.VFIO_DEVICES + ":" + device.index());
                putNode(
                        vgpu,
                        device.node(),
                        new FileTree.Device(
                                access -> device.openNode(),
                                FileTree.Device.VFIO_DEVICES,
                                device.index(),
                                OF_ROOT_ALONE));
                files.put(
                        "/dev/iommu",
                        new FileTree.Device(
                                access -> new IommuFile(kernel),
                                FileTree.Device.MISC,
                                IOMMU_MINOR,
                                FileTree.Ownership.ofRoot(0660)));
                files.makeDirectory("/sys/class/misc/iommu");
                files.put("/sys/module/iommufd/initstate", "live");
            }
        }
    }

    /** At once by devtmpfs, or as late as it may be where udev makes the nodes. */
    private void putNode(Vgpu vgpu, String path, FileTree.Device node) {
        if (nodeDelayNanos == 0) {
            kernel.files().put(path, node);
            return;
        }
        kernel.events().after(nodeDelayNanos, () -> {
            if (vgpus.contains(vgpu)) {
                kernel.files().put(path, node);
            }
        });
    }

    /** remove_store(): acts on any number but 0, and then blocks. */
    private FileTree.Pending removeStore(Vgpu vgpu, String text) throws KernelError {
        if (!NUMBER.matcher(text.strip()).matches()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (Long.decode(text.strip().toLowerCase(Locale.ROOT)) == 0) {
            return FileTree.Pending.NOTHING;
        }
        return remove(vgpu)::isComplete;
    }

    /** vfio_device_del(): no new descriptor by the node from now on. */
    private void hideNode(VfioDevice device, String directory) {
        if (device.profile().isModern()) {
            kernel.files().remove(directory + "/vfio-dev");
            kernel.files().remove(NODES + "vfio" + device.index());
            kernel.files().remove(device.node());
        }
    }

    /**
     * mdev_device_remove(): the attributes and the links go first, with them {@code driver} (__device_release_driver of
     * drivers/base/dd.c); then the driver's remove waits until nobody has the device open.
     */
    Removal remove(Vgpu vgpu) {
        Optional<Removal> underWay = vgpu.removal();
        if (underWay.isPresent()) {
            return underWay.get();
        }
        FileTree files = kernel.files();
        MdevParent parent = vgpu.parent();
        VfioGroup group = vgpu.device().group();
        String uuid = vgpu.uuid().toString();
        String directory = directory(vgpu);
        files.remove(directory + "/remove");
        files.remove(directory + "/mdev_type");
        files.remove(parent.typePath(vgpu.type()) + "/devices/" + uuid);
        files.remove(directory + "/subsystem");
        files.remove(DEVICES + uuid);
        files.remove(directory + "/driver");
        files.remove(DRIVERS + parent.driverName() + "/" + uuid);
        group.forgetDevice();
        hideNode(vgpu.device(), directory);
        Removal removal = new Removal(kernel, () -> {
            group.setRemoved();
            files.remove(group.node());
            files.remove(GROUPS + group.number());
            files.remove(directory);
            vgpus.remove(vgpu);
            kernel.mediatedDevices().remove(vgpu.uuid());
            vgpu.driver().follow(GuestScript.NOTHING);
            kernel.vblankTimers().remove(vgpu.driver());
        });
        vgpu.setRemoval(removal);
        removal.start(vgpu.device());
        return removal;
    }
}
