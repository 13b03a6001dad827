package io.vfio4j.linux.uapi;

import static io.vfio4j.linux.uapi.Ioctl.io;
import static io.vfio4j.linux.uapi.Ioctl.ior;
import static io.vfio4j.linux.uapi.Ioctl.iow;
import static io.vfio4j.linux.uapi.Ioctl.iowr;

/**
 * {@code linux/kvm.h} and {@code asm/kvm.h} of x86: the association of VFIO groups and devices with a VM, interrupts by eventfd,
 * statistics, and what it takes to run a small guest. Laid out as {@link Vfio}.
 */
public final class Kvm {
    private static final char KVMIO = 0xAE;

    public static final int KVM_API_VERSION = 12;
    public static final Ioctl KVM_GET_API_VERSION = io("KVM_GET_API_VERSION", KVMIO, 0x00);
    public static final Ioctl KVM_CREATE_VM = io("KVM_CREATE_VM", KVMIO, 0x01);
    public static final Ioctl KVM_CHECK_EXTENSION = io("KVM_CHECK_EXTENSION", KVMIO, 0x03);
    public static final Ioctl KVM_GET_VCPU_MMAP_SIZE = io("KVM_GET_VCPU_MMAP_SIZE", KVMIO, 0x04);
    public static final Ioctl KVM_GET_SUPPORTED_CPUID = iowr("KVM_GET_SUPPORTED_CPUID", KVMIO, 0x05, Cpuid2.SIZE);
    public static final Ioctl KVM_CREATE_VCPU = io("KVM_CREATE_VCPU", KVMIO, 0x41);
    public static final Ioctl KVM_SET_USER_MEMORY_REGION =
            iow("KVM_SET_USER_MEMORY_REGION", KVMIO, 0x46, UserspaceMemoryRegion.SIZE);
    public static final Ioctl KVM_CREATE_IRQCHIP = io("KVM_CREATE_IRQCHIP", KVMIO, 0x60);
    public static final Ioctl KVM_SET_GSI_ROUTING = iow("KVM_SET_GSI_ROUTING", KVMIO, 0x6a, IrqRouting.SIZE);
    public static final Ioctl KVM_IRQFD = iow("KVM_IRQFD", KVMIO, 0x76, Irqfd.SIZE);
    public static final Ioctl KVM_RUN = io("KVM_RUN", KVMIO, 0x80);
    public static final Ioctl KVM_GET_REGS = ior("KVM_GET_REGS", KVMIO, 0x81, Regs.SIZE);
    public static final Ioctl KVM_SET_REGS = iow("KVM_SET_REGS", KVMIO, 0x82, Regs.SIZE);
    public static final Ioctl KVM_GET_SREGS = ior("KVM_GET_SREGS", KVMIO, 0x83, Sregs.SIZE);
    public static final Ioctl KVM_SET_SREGS = iow("KVM_SET_SREGS", KVMIO, 0x84, Sregs.SIZE);
    public static final Ioctl KVM_SET_MP_STATE = iow("KVM_SET_MP_STATE", KVMIO, 0x99, MpState.SIZE);
    public static final Ioctl KVM_ENABLE_CAP = iow("KVM_ENABLE_CAP", KVMIO, 0xa3, EnableCap.SIZE);
    public static final Ioctl KVM_SIGNAL_MSI = iow("KVM_SIGNAL_MSI", KVMIO, 0xa5, Msi.SIZE);
    public static final Ioctl KVM_GET_STATS_FD = io("KVM_GET_STATS_FD", KVMIO, 0xce);
    public static final Ioctl KVM_CREATE_DEVICE = iowr("KVM_CREATE_DEVICE", KVMIO, 0xe0, CreateDevice.SIZE);
    public static final Ioctl KVM_SET_DEVICE_ATTR = iow("KVM_SET_DEVICE_ATTR", KVMIO, 0xe1, DeviceAttr.SIZE);

    public static final int KVM_CAP_IRQCHIP = 0;
    public static final int KVM_CAP_EXT_CPUID = 7;
    public static final int KVM_CAP_MP_STATE = 14;
    public static final int KVM_CAP_IRQ_ROUTING = 25;
    public static final int KVM_CAP_IRQFD = 32;
    public static final int KVM_CAP_SIGNAL_MSI = 77;
    public static final int KVM_CAP_IRQFD_RESAMPLE = 82;
    public static final int KVM_CAP_CHECK_EXTENSION_VM = 105;
    public static final int KVM_CAP_X86_DISABLE_EXITS = 143;
    public static final int KVM_CAP_BINARY_STATS_FD = 203;
    public static final int KVM_X86_DISABLE_EXITS_PAUSE = 4;

    public static final int KVM_EXIT_UNKNOWN = 0;
    public static final int KVM_EXIT_IO = 2;
    public static final int KVM_EXIT_HYPERCALL = 3;
    public static final int KVM_EXIT_HLT = 5;
    public static final int KVM_EXIT_MMIO = 6;
    public static final int KVM_EXIT_SHUTDOWN = 8;
    public static final int KVM_EXIT_FAIL_ENTRY = 9;
    public static final int KVM_EXIT_INTR = 10;
    public static final int KVM_EXIT_INTERNAL_ERROR = 17;
    public static final int KVM_EXIT_IO_OUT = 1;
    public static final int KVM_MP_STATE_RUNNABLE = 0;

    /** {@code asm/kvm_para.h}: the leaf of CPUID that tells what KVM offers its guests, and a bit of its EAX. */
    public static final int KVM_CPUID_FEATURES = 0x4000_0001;

    public static final int KVM_FEATURE_PV_SCHED_YIELD = 13;
    /** {@code linux/kvm_para.h}. */
    public static final int KVM_HC_SCHED_YIELD = 11;

    public static final int KVM_ENOSYS = 1000;

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

    /** The entries follow, each a {@link CpuidEntry2}. */
    public static final class Cpuid2 {
        public static final String STRUCT = "struct kvm_cpuid2";
        public static final int SIZE = 8;
        public static final int NENT = 0;
        public static final int ENTRIES = 8;

        private Cpuid2() {}
    }

    public static final class CpuidEntry2 {
        public static final String STRUCT = "struct kvm_cpuid_entry2";
        public static final int SIZE = 40;
        public static final int FUNCTION = 0;
        public static final int EAX = 12;

        private CpuidEntry2() {}
    }

    public static final class UserspaceMemoryRegion {
        public static final String STRUCT = "struct kvm_userspace_memory_region";
        public static final int SIZE = 32;
        public static final int SLOT = 0;
        public static final int GUEST_PHYS_ADDR = 8;
        public static final int MEMORY_SIZE = 16;
        public static final int USERSPACE_ADDR = 24;

        private UserspaceMemoryRegion() {}
    }

    public static final class Regs {
        public static final String STRUCT = "struct kvm_regs";
        public static final int SIZE = 144;
        public static final int RAX = 0;
        public static final int RBX = 8;
        public static final int RSP = 48;
        public static final int RIP = 128;
        public static final int RFLAGS = 136;

        private Regs() {}
    }

    public static final class Sregs {
        public static final String STRUCT = "struct kvm_sregs";
        public static final int SIZE = 312;
        public static final int CS = 0;
        public static final int DS = 24;

        private Sregs() {}
    }

    public static final class Segment {
        public static final String STRUCT = "struct kvm_segment";
        public static final int SIZE = 24;
        public static final int BASE = 0;
        public static final int LIMIT = 8;
        public static final int SELECTOR = 12;
        public static final int G = 20;

        private Segment() {}
    }

    public static final class MpState {
        public static final String STRUCT = "struct kvm_mp_state";
        public static final int SIZE = 4;
        public static final int MP_STATE = 0;

        private MpState() {}
    }

    public static final class EnableCap {
        public static final String STRUCT = "struct kvm_enable_cap";
        public static final int SIZE = 104;
        public static final int CAP = 0;
        public static final int ARGS = 8;

        private EnableCap() {}
    }

    public static final class Msi {
        public static final String STRUCT = "struct kvm_msi";
        public static final int SIZE = 32;
        public static final int ADDRESS_LO = 0;
        public static final int ADDRESS_HI = 4;
        public static final int DATA = 8;

        private Msi() {}
    }

    /** What a vCPU's descriptor maps, as long as KVM_GET_VCPU_MMAP_SIZE says. */
    public static final class Run {
        public static final String STRUCT = "struct kvm_run";
        public static final int EXIT_REASON = 8;
        public static final int IO_DIRECTION = 32;
        public static final int IO_SIZE = 33;
        public static final int IO_PORT = 34;
        public static final int IO_COUNT = 36;
        public static final int MMIO_PHYS_ADDR = 32;
        public static final int INTERNAL_SUBERROR = 32;
        public static final int FAIL_ENTRY_HARDWARE_ENTRY_FAILURE_REASON = 32;

        private Run() {}
    }
}
