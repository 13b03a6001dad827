package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * drivers/vfio/vfio_iommu_type1.c. For a mediated device nothing is pinned, nor even looked at, when it is mapped: its driver
 * asks for pages when it wants them.
 */
final class Type1 {
    private static final long PAGE_MASK = -UserSpace.PAGE;
    private static final int INFO_MINSZ = Vfio.IommuType1Info.CAP_OFFSET;
    /** {@code dma_entry_limit}. */
    private static final int MOST_MAPPINGS = 65535;
    /** {@code DIRTY_BITMAP_SIZE_MAX}: 2^31 bits. */
    private static final long LARGEST_DIRTY_BITMAP = 1L << 28;

    private final Kernel kernel;
    private final boolean secondVersion;
    private final boolean alignedCapabilities;
    private final IovaMap areas = new IovaMap();
    private int available = MOST_MAPPINGS;
    /** Groups whose devices an IOMMU translates for. */
    private int translatedGroups;

    Type1(Kernel kernel, long type, boolean alignedCapabilities) {
        this.kernel = kernel;
        this.secondVersion = type == Vfio.VFIO_TYPE1v2_IOMMU;
        this.alignedCapabilities = alignedCapabilities;
    }

    IovaMap areas() {
        return areas;
    }

    /** vfio_iommu_type1_attach_group(): what is mapped already is mapped for the new one too. */
    void attach(boolean translated) throws KernelError {
        if (!translated) {
            return;
        }
        if (translatedGroups == 0) {
            for (IovaMap.Area area : areas.all()) {
                if (!Translation.isAllowed(Translation.RANGES, area.first(), area.last())) {
                    throw new KernelError(Errno.EINVAL);
                }
            }
            pinAll();
        }
        translatedGroups++;
    }

    private void pinAll() throws KernelError {
        List<IovaMap.Area> all = areas.all();
        for (int i = 0; i < all.size(); i++) {
            try {
                kernel.lockedMemory().pin(LockedMemory.Account.PROCESS, all.get(i));
            } catch (KernelError error) {
                all.subList(0, i).forEach(this::unpin);
                throw error;
            }
        }
    }

    private void unpin(IovaMap.Area area) {
        kernel.lockedMemory().unpin(LockedMemory.Account.PROCESS, area);
    }

    void detach(boolean translated) {
        if (translated && --translatedGroups == 0) {
            areas.all().forEach(this::unpin);
        }
    }

    /** The container has lost its last group. */
    void release() {
        areas.all().forEach(this::remove);
    }

    private void remove(IovaMap.Area area) {
        areas.remove(area);
        available++;
        if (translatedGroups > 0) {
            unpin(area);
        }
    }

    private long pageSizes() {
        return translatedGroups > 0 ? Translation.PAGE_SIZES : PAGE_MASK;
    }

    private long offsetInPage(long bits) {
        return bits & (Long.lowestOneBit(pageSizes()) - 1);
    }

    int ioctl(long request, long argument) throws KernelError {
        if (request == Vfio.VFIO_IOMMU_GET_INFO.number()) {
            return getInfo(argument);
        }
        if (request == Vfio.VFIO_IOMMU_MAP_DMA.number()) {
            return map(argument);
        }
        if (request == Vfio.VFIO_IOMMU_UNMAP_DMA.number()) {
            return unmap(argument);
        }
        throw new KernelError(Errno.ENOTTY);
    }

    private int getInfo(long address) throws KernelError {
        int argsz = kernel.memory().struct(address, INFO_MINSZ).getInt(Vfio.IommuType1Info.ARGSZ);
        if (Integer.compareUnsigned(argsz, INFO_MINSZ) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        byte[] capabilities = capabilities();
        ByteBuffer info = littleEndian(Vfio.IommuType1Info.SIZE);
        info.putInt(Vfio.IommuType1Info.FLAGS, Vfio.VFIO_IOMMU_INFO_PGSIZES | Vfio.VFIO_IOMMU_INFO_CAPS);
        info.putLong(Vfio.IommuType1Info.IOVA_PGSIZES, pageSizes());
        int whole = Vfio.IommuType1Info.SIZE + capabilities.length;
        if (Integer.compareUnsigned(argsz, whole) < 0) {
            info.putInt(Vfio.IommuType1Info.ARGSZ, whole);
        } else {
            info.putInt(Vfio.IommuType1Info.ARGSZ, argsz);
            info.putInt(Vfio.IommuType1Info.CAP_OFFSET, Vfio.IommuType1Info.SIZE);
            kernel.memory().write(address + Vfio.IommuType1Info.SIZE, capabilities);
        }
        kernel.memory()
                .write(
                        address,
                        info.array(),
                        Integer.compareUnsigned(argsz, info.capacity()) < 0 ? argsz : info.capacity());
        return 0;
    }

    /** In the order of the driver; aligned to 8 bytes since 6.6. Where only mediated devices are, there are no ranges. */
    private byte[] capabilities() {
        List<Translation.Range> ranges = translatedGroups > 0 ? Translation.RANGES : List.of();
        int migration = 0;
        int left = migration + Vfio.IommuType1InfoCapMigration.SIZE;
        int range = left + aligned(Vfio.IommuType1InfoDmaAvail.SIZE);
        int end = range
                + (ranges.isEmpty() ? 0 : Vfio.IommuType1InfoCapIovaRange.SIZE + ranges.size() * Vfio.IovaRange.SIZE);
        ByteBuffer bytes = littleEndian(end);
        header(bytes, migration, Vfio.VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, left);
        bytes.putLong(migration + Vfio.IommuType1InfoCapMigration.PGSIZE_BITMAP, Long.lowestOneBit(pageSizes()));
        bytes.putLong(migration + Vfio.IommuType1InfoCapMigration.MAX_DIRTY_BITMAP_SIZE, LARGEST_DIRTY_BITMAP);
        header(bytes, left, Vfio.VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, ranges.isEmpty() ? -1 : range);
        bytes.putInt(left + Vfio.IommuType1InfoDmaAvail.AVAIL, available);
        if (!ranges.isEmpty()) {
            header(bytes, range, Vfio.VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, -1);
            bytes.putInt(range + Vfio.IommuType1InfoCapIovaRange.NR_IOVAS, ranges.size());
            int at = range + Vfio.IommuType1InfoCapIovaRange.IOVA_RANGES;
            for (Translation.Range each : ranges) {
                bytes.putLong(at + Vfio.IovaRange.START, each.first());
                bytes.putLong(at + Vfio.IovaRange.END, each.last());
                at += Vfio.IovaRange.SIZE;
            }
        }
        return bytes.array();
    }

    private int aligned(int size) {
        return alignedCapabilities ? (size + 7) & -8 : size;
    }

    /** {@code next} counts from the start of the whole reply; negative for the last one. */
    private static void header(ByteBuffer bytes, int at, int id, int next) {
        bytes.putShort(at + Vfio.InfoCapHeader.ID, (short) id);
        bytes.putShort(at + Vfio.InfoCapHeader.VERSION, (short) 1);
        bytes.putInt(at + Vfio.InfoCapHeader.NEXT, next < 0 ? 0 : Vfio.IommuType1Info.SIZE + next);
    }

    private static ByteBuffer littleEndian(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int map(long address) throws KernelError {
        ByteBuffer map = kernel.memory().struct(address, Vfio.IommuType1DmaMap.SIZE);
        int flags = map.getInt(Vfio.IommuType1DmaMap.FLAGS);
        int known = Vfio.VFIO_DMA_MAP_FLAG_READ | Vfio.VFIO_DMA_MAP_FLAG_WRITE;
        if (Integer.compareUnsigned(map.getInt(Vfio.IommuType1DmaMap.ARGSZ), Vfio.IommuType1DmaMap.SIZE) < 0
                || (flags & ~known) != 0
                || flags == 0) {
            throw new KernelError(Errno.EINVAL);
        }
        long user = map.getLong(Vfio.IommuType1DmaMap.VADDR);
        long iova = map.getLong(Vfio.IommuType1DmaMap.IOVA);
        long size = map.getLong(Vfio.IommuType1DmaMap.SIZE_MEMBER);
        if (size == 0 || offsetInPage(size | iova | user) != 0 || wraps(iova, size) || wraps(user, size)) {
            throw new KernelError(Errno.EINVAL);
        }
        long last = iova + size - 1;
        if (areas.lowestIn(iova, last).isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        if (available == 0) {
            throw new KernelError(Errno.ENOSPC);
        }
        if (translatedGroups > 0 && !Translation.isAllowed(Translation.RANGES, iova, last)) {
            throw new KernelError(Errno.EINVAL);
        }
        IovaMap.Area area = new IovaMap.Area(
                iova,
                last,
                user,
                (flags & Vfio.VFIO_DMA_MAP_FLAG_READ) != 0,
                (flags & Vfio.VFIO_DMA_MAP_FLAG_WRITE) != 0,
                kernel.lockedMemory().mapper());
        if (translatedGroups > 0) {
            kernel.lockedMemory().pin(LockedMemory.Account.PROCESS, area);
        }
        areas.add(area);
        available--;
        return 0;
    }

    private static boolean wraps(long start, long size) {
        return Long.compareUnsigned(start + size - 1, start) < 0;
    }

    private int unmap(long address) throws KernelError {
        ByteBuffer unmap = kernel.memory().struct(address, Vfio.IommuType1DmaUnmap.SIZE);
        if (Integer.compareUnsigned(unmap.getInt(Vfio.IommuType1DmaUnmap.ARGSZ), Vfio.IommuType1DmaUnmap.SIZE) < 0
                || unmap.getInt(Vfio.IommuType1DmaUnmap.FLAGS) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        long iova = unmap.getLong(Vfio.IommuType1DmaUnmap.IOVA);
        long size = unmap.getLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER);
        if (offsetInPage(iova) != 0 || size == 0 || offsetInPage(size) != 0 || wraps(iova, size)) {
            throw new KernelError(Errno.EINVAL);
        }
        long last = iova + size - 1;
        boolean cut = areas.at(iova).filter(area -> area.first() != iova).isPresent()
                || areas.at(last).filter(area -> area.last() != last).isPresent();
        if (secondVersion && cut) {
            throw new KernelError(Errno.EINVAL);
        }
        long unmapped = 0;
        for (Optional<IovaMap.Area> next = findDma(iova, last); next.isPresent(); next = findDma(iova, last)) {
            IovaMap.Area area = next.get();
            // The first version unmaps a mapping when its start is in the range, and else says success and nothing.
            if (!secondVersion && Long.compareUnsigned(iova, area.first()) > 0) {
                break;
            }
            remove(area);
            unmapped += area.length();
        }
        unmap.putLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER, unmapped);
        kernel.memory().write(address, unmap.array());
        return 0;
    }

    /** vfio_find_dma_first_node() never finds a mapping that ends with the address space: iova + size is 0 there. */
    private Optional<IovaMap.Area> findDma(long first, long last) {
        return areas.lowestIn(first, last).filter(area -> area.last() != -1);
    }
}
