package io.vfio4j.linux.uapi;

import static io.vfio4j.linux.uapi.Ioctl.io;

/**
 * {@code linux/vfio.h}: requests, flags, indexes, and the layout of the structures. In a nested class {@code STRUCT} names the
 * C type, {@code SIZE} is its sizeof, and every other number is the offset of the member with that name. A test compiles all
 * of it against the header.
 */
public final class Vfio {
    private static final char TYPE = ';';
    private static final int BASE = 100;

    public static final int VFIO_API_VERSION = 0;
    public static final int VFIO_TYPE1_IOMMU = 1;
    public static final int VFIO_TYPE1v2_IOMMU = 3;

    public static final Ioctl VFIO_GET_API_VERSION = io("VFIO_GET_API_VERSION", TYPE, BASE);
    public static final Ioctl VFIO_CHECK_EXTENSION = io("VFIO_CHECK_EXTENSION", TYPE, BASE + 1);
    public static final Ioctl VFIO_SET_IOMMU = io("VFIO_SET_IOMMU", TYPE, BASE + 2);
    public static final Ioctl VFIO_GROUP_GET_STATUS = io("VFIO_GROUP_GET_STATUS", TYPE, BASE + 3);
    public static final Ioctl VFIO_GROUP_SET_CONTAINER = io("VFIO_GROUP_SET_CONTAINER", TYPE, BASE + 4);
    public static final Ioctl VFIO_GROUP_UNSET_CONTAINER = io("VFIO_GROUP_UNSET_CONTAINER", TYPE, BASE + 5);
    public static final Ioctl VFIO_GROUP_GET_DEVICE_FD = io("VFIO_GROUP_GET_DEVICE_FD", TYPE, BASE + 6);
    public static final Ioctl VFIO_DEVICE_GET_INFO = io("VFIO_DEVICE_GET_INFO", TYPE, BASE + 7);
    public static final Ioctl VFIO_DEVICE_GET_REGION_INFO = io("VFIO_DEVICE_GET_REGION_INFO", TYPE, BASE + 8);
    public static final Ioctl VFIO_DEVICE_GET_IRQ_INFO = io("VFIO_DEVICE_GET_IRQ_INFO", TYPE, BASE + 9);
    public static final Ioctl VFIO_DEVICE_SET_IRQS = io("VFIO_DEVICE_SET_IRQS", TYPE, BASE + 10);
    public static final Ioctl VFIO_DEVICE_RESET = io("VFIO_DEVICE_RESET", TYPE, BASE + 11);
    public static final Ioctl VFIO_IOMMU_GET_INFO = io("VFIO_IOMMU_GET_INFO", TYPE, BASE + 12);
    public static final Ioctl VFIO_IOMMU_MAP_DMA = io("VFIO_IOMMU_MAP_DMA", TYPE, BASE + 13);
    public static final Ioctl VFIO_IOMMU_UNMAP_DMA = io("VFIO_IOMMU_UNMAP_DMA", TYPE, BASE + 14);
    public static final Ioctl VFIO_DEVICE_QUERY_GFX_PLANE = io("VFIO_DEVICE_QUERY_GFX_PLANE", TYPE, BASE + 14);
    public static final Ioctl VFIO_DEVICE_GET_GFX_DMABUF = io("VFIO_DEVICE_GET_GFX_DMABUF", TYPE, BASE + 15);
    public static final Ioctl VFIO_DEVICE_BIND_IOMMUFD = io("VFIO_DEVICE_BIND_IOMMUFD", TYPE, BASE + 18);
    public static final Ioctl VFIO_DEVICE_ATTACH_IOMMUFD_PT = io("VFIO_DEVICE_ATTACH_IOMMUFD_PT", TYPE, BASE + 19);
    public static final Ioctl VFIO_DEVICE_DETACH_IOMMUFD_PT = io("VFIO_DEVICE_DETACH_IOMMUFD_PT", TYPE, BASE + 20);

    public static final int VFIO_GROUP_FLAGS_VIABLE = 1;
    public static final int VFIO_GROUP_FLAGS_CONTAINER_SET = 2;

    public static final int VFIO_DEVICE_FLAGS_RESET = 1;
    public static final int VFIO_DEVICE_FLAGS_PCI = 2;
    public static final int VFIO_DEVICE_FLAGS_CAPS = 0x80;

    public static final int VFIO_REGION_INFO_FLAG_READ = 1;
    public static final int VFIO_REGION_INFO_FLAG_WRITE = 2;
    public static final int VFIO_REGION_INFO_FLAG_MMAP = 4;
    public static final int VFIO_REGION_INFO_FLAG_CAPS = 8;
    public static final int VFIO_REGION_INFO_CAP_SPARSE_MMAP = 1;
    public static final int VFIO_REGION_INFO_CAP_TYPE = 2;
    public static final int VFIO_REGION_TYPE_GFX = 1;
    public static final int VFIO_REGION_SUBTYPE_GFX_EDID = 1;

    public static final int VFIO_DEVICE_GFX_LINK_STATE_UP = 1;
    public static final int VFIO_DEVICE_GFX_LINK_STATE_DOWN = 2;

    public static final int VFIO_IRQ_INFO_EVENTFD = 1;
    public static final int VFIO_IRQ_INFO_MASKABLE = 2;
    public static final int VFIO_IRQ_INFO_AUTOMASKED = 4;
    public static final int VFIO_IRQ_INFO_NORESIZE = 8;

    public static final int VFIO_IRQ_SET_DATA_NONE = 1;
    public static final int VFIO_IRQ_SET_DATA_BOOL = 2;
    public static final int VFIO_IRQ_SET_DATA_EVENTFD = 4;
    public static final int VFIO_IRQ_SET_ACTION_MASK = 8;
    public static final int VFIO_IRQ_SET_ACTION_UNMASK = 0x10;
    public static final int VFIO_IRQ_SET_ACTION_TRIGGER = 0x20;

    public static final int VFIO_PCI_BAR0_REGION_INDEX = 0;
    public static final int VFIO_PCI_BAR1_REGION_INDEX = 1;
    public static final int VFIO_PCI_BAR2_REGION_INDEX = 2;
    public static final int VFIO_PCI_BAR5_REGION_INDEX = 5;
    public static final int VFIO_PCI_ROM_REGION_INDEX = 6;
    public static final int VFIO_PCI_CONFIG_REGION_INDEX = 7;
    public static final int VFIO_PCI_VGA_REGION_INDEX = 8;
    public static final int VFIO_PCI_NUM_REGIONS = 9;

    public static final int VFIO_PCI_INTX_IRQ_INDEX = 0;
    public static final int VFIO_PCI_MSI_IRQ_INDEX = 1;
    public static final int VFIO_PCI_MSIX_IRQ_INDEX = 2;
    public static final int VFIO_PCI_ERR_IRQ_INDEX = 3;
    public static final int VFIO_PCI_REQ_IRQ_INDEX = 4;
    public static final int VFIO_PCI_NUM_IRQS = 5;

    public static final int VFIO_IOMMU_INFO_PGSIZES = 1;
    public static final int VFIO_IOMMU_INFO_CAPS = 2;
    public static final int VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE = 1;
    public static final int VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION = 2;
    public static final int VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL = 3;
    public static final int VFIO_DMA_MAP_FLAG_READ = 1;
    public static final int VFIO_DMA_MAP_FLAG_WRITE = 2;

    public static final int VFIO_GFX_PLANE_TYPE_PROBE = 1;
    public static final int VFIO_GFX_PLANE_TYPE_DMABUF = 2;
    public static final int VFIO_GFX_PLANE_TYPE_REGION = 4;

    private Vfio() {}

    public static final class InfoCapHeader {
        public static final String STRUCT = "struct vfio_info_cap_header";
        public static final int SIZE = 8;
        public static final int ID = 0;
        public static final int VERSION = 2;
        public static final int NEXT = 4;

        private InfoCapHeader() {}
    }

    public static final class GroupStatus {
        public static final String STRUCT = "struct vfio_group_status";
        public static final int SIZE = 8;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;

        private GroupStatus() {}
    }

    /** No {@code SIZE}: newer headers add four bytes of padding. */
    public static final class DeviceInfo {
        public static final String STRUCT = "struct vfio_device_info";
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int NUM_REGIONS = 8;
        public static final int NUM_IRQS = 12;
        public static final int CAP_OFFSET = 16;

        private DeviceInfo() {}
    }

    public static final class RegionInfo {
        public static final String STRUCT = "struct vfio_region_info";
        /** The member {@code size}; the structure's own size is {@link #CAP_START}, where the first capability may be. */
        public static final int SIZE_MEMBER = 16;

        public static final int SIZE = 32;
        public static final int CAP_START = SIZE;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int INDEX = 8;
        public static final int CAP_OFFSET = 12;
        public static final int OFFSET = 24;

        private RegionInfo() {}
    }

    public static final class RegionInfoCapSparseMmap {
        public static final String STRUCT = "struct vfio_region_info_cap_sparse_mmap";
        public static final int SIZE = 16;
        public static final int HEADER = 0;
        public static final int NR_AREAS = 8;
        public static final int AREAS = 16;

        private RegionInfoCapSparseMmap() {}
    }

    public static final class RegionSparseMmapArea {
        public static final String STRUCT = "struct vfio_region_sparse_mmap_area";
        public static final int SIZE = 16;
        public static final int OFFSET = 0;
        public static final int SIZE_MEMBER = 8;

        private RegionSparseMmapArea() {}
    }

    public static final class RegionInfoCapType {
        public static final String STRUCT = "struct vfio_region_info_cap_type";
        public static final int SIZE = 16;
        public static final int HEADER = 0;
        public static final int TYPE = 8;
        public static final int SUBTYPE = 12;

        private RegionInfoCapType() {}
    }

    /** As mainline has it; the display irq's longer forms are in {@link DisplayIrq}. */
    public static final class IrqInfo {
        public static final String STRUCT = "struct vfio_irq_info";
        public static final int SIZE = 16;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int INDEX = 8;
        public static final int COUNT = 12;

        private IrqInfo() {}
    }

    public static final class IrqSet {
        public static final String STRUCT = "struct vfio_irq_set";
        public static final int SIZE = 20;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int INDEX = 8;
        public static final int START = 12;
        public static final int COUNT = 16;
        public static final int DATA = 20;

        private IrqSet() {}
    }

    public static final class DeviceGfxPlaneInfo {
        public static final String STRUCT = "struct vfio_device_gfx_plane_info";
        public static final int SIZE = 64;
        public static final int SIZE_MEMBER = 36;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int DRM_PLANE_TYPE = 8;
        public static final int DRM_FORMAT = 12;
        public static final int DRM_FORMAT_MOD = 16;
        public static final int WIDTH = 24;
        public static final int HEIGHT = 28;
        public static final int STRIDE = 32;
        public static final int X_POS = 40;
        public static final int Y_POS = 44;
        public static final int X_HOT = 48;
        public static final int Y_HOT = 52;
        public static final int REGION_INDEX = 56;
        public static final int DMABUF_ID = 56;

        private DeviceGfxPlaneInfo() {}
    }

    /** {@code enum drm_plane_type} of the kernel's {@code drm/drm_plane.h}, which is in no user header. */
    public static final class DrmPlaneType {
        public static final int OVERLAY = 0;
        public static final int PRIMARY = 1;
        public static final int CURSOR = 2;

        private DrmPlaneType() {}
    }

    public static final class RegionGfxEdid {
        public static final String STRUCT = "struct vfio_region_gfx_edid";
        public static final int SIZE = 24;
        public static final int EDID_OFFSET = 0;
        public static final int EDID_MAX_SIZE = 4;
        public static final int EDID_SIZE = 8;
        public static final int MAX_XRES = 12;
        public static final int MAX_YRES = 16;
        public static final int LINK_STATE = 20;

        private RegionGfxEdid() {}
    }

    public static final class IommuType1Info {
        public static final String STRUCT = "struct vfio_iommu_type1_info";
        public static final int SIZE = 24;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int IOVA_PGSIZES = 8;
        public static final int CAP_OFFSET = 16;

        private IommuType1Info() {}
    }

    public static final class IommuType1InfoCapIovaRange {
        public static final String STRUCT = "struct vfio_iommu_type1_info_cap_iova_range";
        public static final int SIZE = 16;
        public static final int HEADER = 0;
        public static final int NR_IOVAS = 8;
        public static final int IOVA_RANGES = 16;

        private IommuType1InfoCapIovaRange() {}
    }

    /** {@code end} is the last one inside. */
    public static final class IovaRange {
        public static final String STRUCT = "struct vfio_iova_range";
        public static final int SIZE = 16;
        public static final int START = 0;
        public static final int END = 8;

        private IovaRange() {}
    }

    public static final class IommuType1InfoCapMigration {
        public static final String STRUCT = "struct vfio_iommu_type1_info_cap_migration";
        public static final int SIZE = 32;
        public static final int HEADER = 0;
        public static final int FLAGS = 8;
        public static final int PGSIZE_BITMAP = 16;
        public static final int MAX_DIRTY_BITMAP_SIZE = 24;

        private IommuType1InfoCapMigration() {}
    }

    public static final class IommuType1InfoDmaAvail {
        public static final String STRUCT = "struct vfio_iommu_type1_info_dma_avail";
        public static final int SIZE = 12;
        public static final int HEADER = 0;
        public static final int AVAIL = 8;

        private IommuType1InfoDmaAvail() {}
    }

    public static final class IommuType1DmaMap {
        public static final String STRUCT = "struct vfio_iommu_type1_dma_map";
        public static final int SIZE = 32;
        public static final int SIZE_MEMBER = 24;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int VADDR = 8;
        public static final int IOVA = 16;

        private IommuType1DmaMap() {}
    }

    public static final class IommuType1DmaUnmap {
        public static final String STRUCT = "struct vfio_iommu_type1_dma_unmap";
        public static final int SIZE = 24;
        public static final int SIZE_MEMBER = 16;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int IOVA = 8;

        private IommuType1DmaUnmap() {}
    }

    /** {@code MINSZ} is what the first kernels with it know; newer headers add members. */
    public static final class DeviceBindIommufd {
        public static final String STRUCT = "struct vfio_device_bind_iommufd";
        public static final int MINSZ = 16;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int IOMMUFD = 8;
        public static final int OUT_DEVID = 12;

        private DeviceBindIommufd() {}
    }

    /** {@code MINSZ} as in {@link DeviceBindIommufd}. */
    public static final class DeviceAttachIommufdPt {
        public static final String STRUCT = "struct vfio_device_attach_iommufd_pt";
        public static final int MINSZ = 12;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;
        public static final int PT_ID = 8;

        private DeviceAttachIommufdPt() {}
    }

    /** {@code MINSZ} as in {@link DeviceBindIommufd}. */
    public static final class DeviceDetachIommufdPt {
        public static final String STRUCT = "struct vfio_device_detach_iommufd_pt";
        public static final int MINSZ = 8;
        public static final int ARGSZ = 0;
        public static final int FLAGS = 4;

        private DeviceDetachIommufdPt() {}
    }
}
