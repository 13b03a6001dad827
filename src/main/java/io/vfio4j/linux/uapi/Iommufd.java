package io.vfio4j.linux.uapi;

import static io.vfio4j.linux.uapi.Ioctl.io;

/**
 * {@code linux/iommufd.h}: address spaces of devices that were opened by their own node. Laid out as {@link Vfio}, with which it
 * shares the number space; {@code size} in place of {@code argsz} comes first in each structure.
 */
public final class Iommufd {
    private static final char TYPE = ';';

    public static final Ioctl IOMMU_DESTROY = io("IOMMU_DESTROY", TYPE, 0x80);
    public static final Ioctl IOMMU_IOAS_ALLOC = io("IOMMU_IOAS_ALLOC", TYPE, 0x81);
    public static final Ioctl IOMMU_IOAS_IOVA_RANGES = io("IOMMU_IOAS_IOVA_RANGES", TYPE, 0x84);
    public static final Ioctl IOMMU_IOAS_MAP = io("IOMMU_IOAS_MAP", TYPE, 0x85);
    public static final Ioctl IOMMU_IOAS_UNMAP = io("IOMMU_IOAS_UNMAP", TYPE, 0x86);

    public static final int IOMMU_IOAS_MAP_FIXED_IOVA = 1;
    public static final int IOMMU_IOAS_MAP_WRITEABLE = 2;
    public static final int IOMMU_IOAS_MAP_READABLE = 4;

    private Iommufd() {}

    public static final class Destroy {
        public static final String STRUCT = "struct iommu_destroy";
        public static final int SIZE = 8;
        public static final int SIZE_MEMBER = 0;
        public static final int ID = 4;

        private Destroy() {}
    }

    public static final class IoasAlloc {
        public static final String STRUCT = "struct iommu_ioas_alloc";
        public static final int SIZE = 12;
        public static final int SIZE_MEMBER = 0;
        public static final int FLAGS = 4;
        public static final int OUT_IOAS_ID = 8;

        private IoasAlloc() {}
    }

    public static final class IoasIovaRanges {
        public static final String STRUCT = "struct iommu_ioas_iova_ranges";
        public static final int SIZE = 32;
        public static final int SIZE_MEMBER = 0;
        public static final int IOAS_ID = 4;
        public static final int NUM_IOVAS = 8;
        public static final int __RESERVED = 12;
        public static final int ALLOWED_IOVAS = 16;
        public static final int OUT_IOVA_ALIGNMENT = 24;

        private IoasIovaRanges() {}
    }

    public static final class IovaRange {
        public static final String STRUCT = "struct iommu_iova_range";
        public static final int SIZE = 16;
        public static final int START = 0;
        public static final int LAST = 8;

        private IovaRange() {}
    }

    public static final class IoasMap {
        public static final String STRUCT = "struct iommu_ioas_map";
        public static final int SIZE = 40;
        public static final int SIZE_MEMBER = 0;
        public static final int FLAGS = 4;
        public static final int IOAS_ID = 8;
        public static final int __RESERVED = 12;
        public static final int USER_VA = 16;
        public static final int LENGTH = 24;
        public static final int IOVA = 32;

        private IoasMap() {}
    }

    public static final class IoasUnmap {
        public static final String STRUCT = "struct iommu_ioas_unmap";
        public static final int SIZE = 24;
        public static final int SIZE_MEMBER = 0;
        public static final int IOAS_ID = 4;
        public static final int IOVA = 8;
        public static final int LENGTH = 16;

        private IoasUnmap() {}
    }
}
