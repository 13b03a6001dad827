package io.vfio4j.linux.uapi;

import static io.vfio4j.linux.uapi.Ioctl.io;
import static io.vfio4j.linux.uapi.Ioctl.iow;
import static io.vfio4j.linux.uapi.Ioctl.iowr;

/**
 * {@code linux/kvm.h} and {@code asm/kvm.h} of x86: the association of VFIO groups and devices with a VM, interrupts by eventfd,
 * statistics. Laid out as {@link Vfio}.
 */
public final class Kvm {
    private static final char KVMIO = 0xAE;

    public static final int KVM_API_VERSION = 12;
    public static final Ioctl KVM_GET_API_VERSION = io("KVM_GET_API_VERSION", KVMIO, 0x00);
    public static final Ioctl KVM_CREATE_VM = io("KVM_CREATE_VM", KVMIO, 0x01);
    public static final Ioctl KVM_CHECK_EXTENSION = io("KVM_CHECK_EXTENSION", KVMIO, 0x03);
    public static final Ioctl KVM_CREATE_VCPU = io("KVM_CREATE_VCPU", KVMIO, 0x41);
    public static final Ioctl KVM_CREATE_IRQCHIP = io("KVM_CREATE_IRQCHIP", KVMIO, 0x60);
    public static final Ioctl KVM_SET_GSI_ROUTING = iow("KVM_SET_GSI_ROUTING", KVMIO, 0x6a, IrqRouting.SIZE);
    public static final Ioctl KVM_IRQFD = iow("KVM_IRQFD", KVMIO, 0x76, Irqfd.SIZE);
    public static final Ioctl KVM_RUN = io("KVM_RUN", KVMIO, 0x80);
    public static final Ioctl KVM_GET_STATS_FD = io("KVM_GET_STATS_FD", KVMIO, 0xce);
    public static final Ioctl KVM_CREATE_DEVICE = iowr("KVM_CREATE_DEVICE", KVMIO, 0xe0, CreateDevice.SIZE);
    public static final Ioctl KVM_SET_DEVICE_ATTR = iow("KVM_SET_DEVICE_ATTR", KVMIO, 0xe1, DeviceAttr.SIZE);

    public static final int KVM_CAP_IRQCHIP = 0;
    public static final int KVM_CAP_IRQ_ROUTING = 25;
    public static final int KVM_CAP_IRQFD = 32;
    public static final int KVM_CAP_IRQFD_RESAMPLE = 82;
    public static final int KVM_CAP_CHECK_EXTENSION_VM = 105;
    public static final int KVM_CAP_BINARY_STATS_FD = 203;

    public static final int KVM_DEV_TYPE_VFIO = 4;
    public static final int KVM_DEV_VFIO_GROUP = 1;
    public static final int KVM_DEV_VFIO_GROUP_ADD = 1;
    public static final int KVM_DEV_VFIO_GROUP_DEL = 2;
    /** Linux 6.6 renamed the attribute, whose file may be a device's since then, and kept the old names and numbers. */
    public static final int KVM_DEV_VFIO_FILE = 1;

    public static final int KVM_DEV_VFIO_FILE_ADD = 1;
    public static final int KVM_DEV_VFIO_FILE_DEL = 2;

    public static final int KVM_IRQFD_FLAG_DEASSIGN = 1;
    public static final int KVM_IRQFD_FLAG_RESAMPLE = 2;

    public static final int KVM_IRQ_ROUTING_IRQCHIP = 1;
    public static final int KVM_IRQ_ROUTING_MSI = 2;
    public static final int KVM_IRQ_ROUTING_HV_SINT = 4;
    public static final int KVM_MSI_VALID_DEVID = 1;
    public static final int KVM_IRQCHIP_PIC_MASTER = 0;
    public static final int KVM_IRQCHIP_PIC_SLAVE = 1;
    public static final int KVM_IRQCHIP_IOAPIC = 2;
    public static final int KVM_IOAPIC_NUM_PINS = 24;

    public static final int KVM_STATS_TYPE_MASK = 0xf;
    public static final int KVM_STATS_TYPE_CUMULATIVE = 0;
    public static final int KVM_STATS_TYPE_INSTANT = 1;
    public static final int KVM_STATS_TYPE_PEAK = 2;
    public static final int KVM_STATS_TYPE_LINEAR_HIST = 3;
    public static final int KVM_STATS_TYPE_LOG_HIST = 4;
    public static final int KVM_STATS_UNIT_MASK = 0xf0;
    public static final int KVM_STATS_UNIT_NONE = 0;
    public static final int KVM_STATS_UNIT_BYTES = 0x10;
    public static final int KVM_STATS_UNIT_SECONDS = 0x20;
    public static final int KVM_STATS_UNIT_CYCLES = 0x30;
    public static final int KVM_STATS_UNIT_BOOLEAN = 0x40;
    public static final int KVM_STATS_BASE_MASK = 0xf00;
    public static final int KVM_STATS_BASE_POW10 = 0;
    public static final int KVM_STATS_BASE_POW2 = 0x100;

    private Kvm() {}

    public static final class CreateDevice {
        public static final String STRUCT = "struct kvm_create_device";
        public static final int SIZE = 12;
        public static final int TYPE = 0;
        public static final int FD = 4;
        public static final int FLAGS = 8;

        private CreateDevice() {}
    }

    public static final class DeviceAttr {
        public static final String STRUCT = "struct kvm_device_attr";
        public static final int SIZE = 24;
        public static final int FLAGS = 0;
        public static final int GROUP = 4;
        public static final int ATTR = 8;
        public static final int ADDR = 16;

        private DeviceAttr() {}
    }

    public static final class Irqfd {
        public static final String STRUCT = "struct kvm_irqfd";
        public static final int SIZE = 32;
        public static final int FD = 0;
        public static final int GSI = 4;
        public static final int FLAGS = 8;
        public static final int RESAMPLEFD = 12;

        private Irqfd() {}
    }

    /** The entries follow, each an {@link IrqRoutingEntry}. */
    public static final class IrqRouting {
        public static final String STRUCT = "struct kvm_irq_routing";
        public static final int SIZE = 8;
        public static final int NR = 0;
        public static final int FLAGS = 4;
        public static final int ENTRIES = 8;

        private IrqRouting() {}
    }

    public static final class IrqRoutingEntry {
        public static final String STRUCT = "struct kvm_irq_routing_entry";
        public static final int SIZE = 48;
        public static final int GSI = 0;
        public static final int TYPE = 4;
        public static final int FLAGS = 8;
        public static final int IRQCHIP_IRQCHIP = 16;
        public static final int IRQCHIP_PIN = 20;
        public static final int MSI_ADDRESS_LO = 16;
        public static final int MSI_ADDRESS_HI = 20;
        public static final int MSI_DATA = 24;

        private IrqRoutingEntry() {}
    }

    /** What the descriptor of KVM_GET_STATS_FD begins with. */
    public static final class StatsHeader {
        public static final String STRUCT = "struct kvm_stats_header";
        public static final int SIZE = 24;
        public static final int FLAGS = 0;
        public static final int NAME_SIZE = 4;
        public static final int NUM_DESC = 8;
        public static final int ID_OFFSET = 12;
        public static final int DESC_OFFSET = 16;
        public static final int DATA_OFFSET = 20;

        private StatsHeader() {}
    }

    /** The name follows, as long as the header says. */
    public static final class StatsDesc {
        public static final String STRUCT = "struct kvm_stats_desc";
        public static final int SIZE = 16;
        public static final int FLAGS = 0;
        public static final int EXPONENT = 4;
        public static final int SIZE_MEMBER = 6;
        public static final int OFFSET = 8;
        public static final int BUCKET_SIZE = 12;
        public static final int NAME = 16;

        private StatsDesc() {}
    }
}
