package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * The devices that are no vGPUs, and what sysfs and /dev show of them: on the PCI bus those of vfio-pci, on the mdev bus mtty's. Used
 * under the kernel's lock.
 */
final class PeripheralBus {
    private static final String PCI = "/sys/bus/pci";
    private static final String PCI_ROOT = "/sys/devices/pci0000:00";
    private static final String VFIO_PCI = PCI + "/drivers/vfio-pci";
    private static final String MDEV = "/sys/bus/mdev";
    private static final String MTTY_PARENT = "/sys/devices/virtual/mtty/mtty";
    private static final String MTTY_TYPE = MTTY_PARENT + "/mdev_supported_types/mtty-2";
    private static final String MTTY_DRIVER = MDEV + "/drivers/mtty";
    private static final String GROUPS = "/sys/kernel/iommu_groups/";
    /** Slots 0 to 3 are the host's own, 2 its graphics. */
    private static final int FIRST_SLOT = 4;

    private static final int LAST_SLOT = 31;
    /** {@code MAX_MTTYS} of samples/vfio-mdev/mtty.c, two ports each. */
    private static final int MOST_MTTY = 24 / 2;
    /** They have no nodes of their own, which alone are numbered. */
    private static final int NO_INDEX = -1;

    private final Kernel kernel;
    private final List<Peripheral> peripherals = new ArrayList<>();
    private int slots;
    private int uuids;

    PeripheralBus(Kernel kernel) {
        this.kernel = kernel;
    }

    List<Peripheral> peripherals() {
        return List.copyOf(peripherals);
    }

    Peripheral create(PeripheralKind kind) {
        return switch (kind) {
            case EDU -> createPci(kind, new EduFunction());
            case E1000E -> createPci(kind, new NetworkFunction());
            case MTTY, MTTY_6_1 -> createAny(kind);
        };
    }

    private Peripheral create(PeripheralKind kind, String name, PeripheralDriver driver) {
        // A group that is viable and free, and a driver that does not ask for a VM.
        VgpuProfile ordinary = VgpuProfile.MAINLINE.withIommu(!kind.isMediated());
        VfioGroup group = new VfioGroup(kernel, kernel.newGroup(), ordinary);
        VfioDevice device = new VfioDevice(kernel, name, NO_INDEX, group, ordinary, driver);
        group.setDevice(device);
        Peripheral peripheral = new Peripheral(kernel, this, kind, name, driver, device);
        peripherals.add(peripheral);
        FileTree files = kernel.files();
        String directory = directory(peripheral);
        files.link(directory + "/iommu_group", GROUPS + group.number());
        files.link(directory + "/driver", driverDirectory(peripheral));
        files.link(driverDirectory(peripheral) + "/" + name, directory);
        files.link(link(peripheral), directory);
        files.link(GROUPS + group.number() + "/devices/" + name, directory);
        files.put(
                group.node(),
                new FileTree.Device(
                        access -> group.open(),
                        FileTree.Device.VFIO_GROUPS,
                        group.number(),
                        FileTree.Ownership.ofRoot(0600)));
        return peripheral;
    }

    private Peripheral createPci(PeripheralKind kind, PciFunction function) {
        if (FIRST_SLOT + slots > LAST_SLOT) {
            throw new IllegalStateException("the emulated PCI bus has no slot left");
        }
        String address = String.format(Locale.ROOT, "0000:00:%02x.0", FIRST_SLOT + slots++);
        FileTree files = kernel.files();
        String directory = PCI_ROOT + "/" + address;
        files.put(directory + "/vendor", String.format(Locale.ROOT, "0x%04x", function.vendor()));
        files.put(directory + "/device", String.format(Locale.ROOT, "0x%04x", function.device()));
        files.put(directory + "/class", String.format(Locale.ROOT, "0x%06x", function.classCode()));
        files.put(directory + "/uevent", "DRIVER=vfio-pci");
        files.link(directory + "/subsystem", PCI);
        files.put(VFIO_PCI + "/unbind", FileTree.Text.writeOnly(this::unbind));
        return create(kind, address, new VfioPciDriver(kernel, function));
    }

    private Peripheral createAny(PeripheralKind kind) {
        UUID uuid;
        do {
            uuid = new UUID(0x4001L, 0x8000_0000_0000_0000L | ++uuids);
        } while (kernel.mediatedDevices().contains(uuid));
        try {
            return createMediated(kind, uuid);
        } catch (KernelError error) {
            throw new IllegalStateException("cannot make an mtty: " + Errno.meaning(error.errno()), error);
        }
    }

    private Peripheral createMediated(PeripheralKind kind, UUID uuid) throws KernelError {
        if (kernel.mediatedDevices().contains(uuid)) {
            throw new KernelError(Errno.EEXIST);
        }
        if (freeMtty() == 0) {
            throw new KernelError(Errno.ENOSPC);
        }
        kernel.mediatedDevices().add(uuid);
        FileTree files = kernel.files();
        String directory = MTTY_PARENT + "/" + uuid;
        if (!files.exists(MTTY_TYPE)) {
            showMtty(kind);
        }
        files.put(directory + "/uevent", "DRIVER=mtty");
        files.link(directory + "/subsystem", MDEV);
        files.link(directory + "/mdev_type", MTTY_TYPE);
        files.link(MTTY_TYPE + "/devices/" + uuid, directory);
        Peripheral peripheral = create(kind, uuid.toString(), new MttyDriver(kernel, kind == PeripheralKind.MTTY_6_1));
        files.put(directory + "/remove", FileTree.Text.writeOnly(text -> removeStore(peripheral, text)));
        return peripheral;
    }

    /** The parent stays when its devices are gone, and makes more of the kind that was there first. Its type has no description. */
    private void showMtty(PeripheralKind kind) {
        FileTree files = kernel.files();
        files.link("/sys/class/mdev_bus/mtty", MTTY_PARENT);
        files.put(MTTY_TYPE + "/name", "Dual port serial");
        files.put(MTTY_TYPE + "/device_api", "vfio-pci");
        files.put(MTTY_TYPE + "/available_instances", FileTree.Text.readOnly(() -> freeMtty() + "\n"));
        files.put(MTTY_TYPE + "/create", FileTree.Text.writeOnly(text -> {
            createMediated(kind, MdevBus.parseUuid(text));
            return FileTree.Pending.NOTHING;
        }));
        files.makeDirectory(MTTY_TYPE + "/devices");
    }

    private long freeMtty() {
        return MOST_MTTY
                - peripherals.stream()
                        .filter(peripheral -> peripheral.kind().isMediated())
                        .count();
    }

    String link(Peripheral peripheral) {
        return (peripheral.kind().isMediated() ? MDEV : PCI) + "/devices/" + peripheral.name();
    }

    private static String directory(Peripheral peripheral) {
        return (peripheral.kind().isMediated() ? MTTY_PARENT : PCI_ROOT) + "/" + peripheral.name();
    }

    private static String driverDirectory(Peripheral peripheral) {
        return peripheral.kind().isMediated() ? MTTY_DRIVER : VFIO_PCI;
    }

    /** unbind_store() of drivers/base/bus.c: blocks until the driver has let go. */
    private FileTree.Pending unbind(String text) throws KernelError {
        Peripheral found = peripherals.stream()
                .filter(peripheral -> !peripheral.kind().isMediated()
                        && peripheral.removal().isEmpty()
                        && peripheral.name().equals(text.strip()))
                .findFirst()
                .orElseThrow(() -> new KernelError(Errno.ENODEV));
        return remove(found)::isComplete;
    }

    private FileTree.Pending removeStore(Peripheral peripheral, String text) throws KernelError {
        if (!text.strip().equals("1")) {
            throw new KernelError(Errno.EINVAL);
        }
        return remove(peripheral)::isComplete;
    }

    /** As MdevBus does it: the driver core takes the link away before the driver's remove waits. A PCI device itself stays. */
    Removal remove(Peripheral peripheral) {
        if (peripheral.removal().isPresent()) {
            return peripheral.removal().get();
        }
        FileTree files = kernel.files();
        VfioGroup group = peripheral.device().group();
        String directory = directory(peripheral);
        boolean mediated = peripheral.kind().isMediated();
        if (mediated) {
            files.remove(directory + "/remove");
            files.remove(link(peripheral));
            files.remove(MTTY_TYPE + "/devices/" + peripheral.name());
        }
        files.remove(directory + "/driver");
        files.remove(driverDirectory(peripheral) + "/" + peripheral.name());
        group.forgetDevice();
        Removal removal = new Removal(kernel, () -> {
            group.setRemoved();
            files.remove(group.node());
            if (mediated) {
                files.remove(GROUPS + group.number());
                files.remove(directory);
                kernel.mediatedDevices().remove(UUID.fromString(peripheral.name()));
            }
            peripherals.remove(peripheral);
        });
        peripheral.setRemoval(removal);
        removal.start(peripheral.device());
        return removal;
    }
}
