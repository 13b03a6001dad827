package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
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
    private static final Pattern NUMBER = Pattern.compile("\\+?(0[xX]\\p{XDigit}+|\\d+)");
    private static final String DEVICES = "/sys/bus/mdev/devices/";
    private static final String DRIVERS = "/sys/bus/mdev/drivers/";
    private static final String GROUPS = "/sys/kernel/iommu_groups/";

    private final Kernel kernel;
    private final int instanceLimit;
    private final Map<String, MdevParent> parents = new LinkedHashMap<>();
    private final List<Vgpu> vgpus = new ArrayList<>();
    private int devicesMade;

    MdevBus(Kernel kernel, int instanceLimit) {
        this.kernel = kernel;
        this.instanceLimit = instanceLimit;
        FileTree files = kernel.files();
        files.makeDirectory("/sys/bus/mdev/devices");
        files.makeDirectory("/sys/bus/mdev/drivers");
        files.makeDirectory("/sys/class/mdev_bus");
        files.makeDirectory("/sys/kernel/iommu_groups");
        files.put("/dev/vfio/vfio", new FileTree.Device(access -> new VfioContainer()));
        files.put("/dev/kvm", new FileTree.Device(access -> new KvmVm.Node(kernel)));
    }

    List<Vgpu> vgpus() {
        return List.copyOf(vgpus);
    }

    /** Makes the device known that vGPUs of this profile are parts of. */
    MdevParent parent(VgpuProfile profile) {
        MdevParent wanted = MdevParent.of(profile);
        MdevParent known = parents.putIfAbsent(wanted.name(), wanted);
        if (known != null) {
            return known;
        }
        FileTree files = kernel.files();
        files.link("/sys/class/mdev_bus/" + wanted.name(), wanted.path());
        if (wanted.path().contains("/pci")) {
            files.put(wanted.path() + "/vendor", "0x8086");
            files.put(wanted.path() + "/device", "0x1912");
            files.put(wanted.path() + "/class", "0x030000");
            files.link("/sys/bus/pci/devices/" + wanted.name(), wanted.path());
        }
        for (MdevType type : wanted.types()) {
            String path = wanted.typePath(type);
            files.put(path + "/name", type.name());
            files.put(path + "/description", type.description());
            files.put(path + "/device_api", "vfio-pci");
            files.put(path + "/available_instances", FileTree.Text.readOnly(() -> instancesLeft(wanted) + "\n"));
            files.put(path + "/create", FileTree.Text.writeOnly(text -> create(wanted, type, text)));
            files.makeDirectory(path + "/devices");
        }
        return wanted;
    }

    private long instancesLeft(MdevParent parent) {
        return instanceLimit
                - vgpus.stream().filter(vgpu -> vgpu.parent() == parent).count();
    }

    /** create_store(): a UUID, perhaps with a newline. */
    private FileTree.Pending create(MdevParent parent, MdevType type, String text) throws KernelError {
        String name = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        if (!UUID_TEXT.matcher(name).matches()) {
            throw new KernelError(Errno.EINVAL);
        }
        create(
                parent,
                type,
                parent.template().withSize(type.width(), type.height()).withUuid(UUID.fromString(name)));
        return FileTree.Pending.NOTHING;
    }

    Vgpu create(VgpuProfile profile) throws KernelError {
        MdevParent parent = parent(profile);
        return create(parent, parent.typeOf(profile), profile);
    }

    private Vgpu create(MdevParent parent, MdevType type, VgpuProfile profile) throws KernelError {
        UUID uuid = profile.uuid().orElseGet(this::nextUuid);
        if (vgpus.stream().anyMatch(vgpu -> vgpu.uuid().equals(uuid))) {
            throw new KernelError(Errno.EEXIST);
        }
        if (instancesLeft(parent) <= 0) {
            throw new KernelError(Errno.ENOSPC);
        }
        devicesMade++;
        VgpuDriver driver = profile.dialect() == EmulatedDialect.MDPY
                ? new MdpyDriver(kernel, profile)
                : new GvtDriver(kernel, profile);
        VfioGroup group = new VfioGroup(kernel, kernel.newGroup(), profile);
        VfioDevice device = new VfioDevice(kernel, uuid.toString(), group, profile, driver);
        group.setDevice(device);
        Vgpu vgpu = new Vgpu(kernel, this, parent, type, uuid, devicesMade, driver, device);
        vgpus.add(vgpu);
        kernel.vblankTimers().add(driver);
        show(vgpu);
        return vgpu;
    }

    private UUID nextUuid() {
        for (long number = devicesMade + 1L; ; number++) {
            UUID candidate = new UUID(0x4000L, 0x8000_0000_0000_0000L | number);
            if (vgpus.stream().noneMatch(vgpu -> vgpu.uuid().equals(candidate))) {
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
        files.link(directory + "/iommu_group", GROUPS + group.number());
        // drivers/base/core.c dev_uevent(): the driver's name is in every bound device's uevent.
        files.put(directory + "/uevent", "DRIVER=" + parent.driverName());
        files.put(directory + "/remove", FileTree.Text.writeOnly(text -> removeStore(vgpu, text)));
        files.makeDirectory(DRIVERS + parent.driverName());
        files.link(directory + "/driver", DRIVERS + parent.driverName());
        files.link(DRIVERS + parent.driverName() + "/" + uuid, directory);
        files.link(DEVICES + uuid, directory);
        files.link(parent.typePath(vgpu.type()) + "/devices/" + uuid, directory);
        files.link(GROUPS + group.number() + "/devices/" + uuid, directory);
        files.put(group.node(), new FileTree.Device(access -> group.open()));
        if (parent.driverName().equals("mdpy")) {
            files.put(
                    directory + "/vendor/resolution",
                    vgpu.type().width() + "x" + vgpu.type().height());
        } else {
            files.put(directory + "/intel_vgpu/vgpu_id", Integer.toString(group.number()));
        }
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
        Removal removal = new Removal(kernel, () -> {
            group.setRemoved();
            files.remove(group.node());
            files.remove(GROUPS + group.number());
            files.remove(directory);
            vgpus.remove(vgpu);
            vgpu.driver().follow(GuestScript.NOTHING);
            kernel.vblankTimers().remove(vgpu.driver());
        });
        vgpu.setRemoval(removal);
        removal.start(vgpu.device());
        return removal;
    }
}
