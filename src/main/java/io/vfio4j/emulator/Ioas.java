package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;

/**
 * An address space of iommufd: drivers/iommu/iommufd/io_pagetable.c. Fresh, it takes any address and any alignment; each device
 * that is attached narrows that. Memory is pinned only for devices that an IOMMU translates for.
 */
final class Ioas implements IommuFile.Thing {
    private final LockedMemory lockedMemory;
    private final IovaMap areas = new IovaMap();
    /** Mediated devices: their drivers read and write by the address space, and pin what they like. */
    private int accesses;
    /** Devices that an IOMMU translates for. */
    private int domains;

    Ioas(LockedMemory lockedMemory) {
        this.lockedMemory = lockedMemory;
    }

    IovaMap areas() {
        return areas;
    }

    boolean isUsed() {
        return accesses + domains > 0;
    }

    long alignment() {
        return isUsed() ? UserSpace.PAGE : 1;
    }

    List<Translation.Range> ranges() {
        return domains > 0 ? Translation.RANGES : Translation.EVERYTHING;
    }

    /** What is mapped already must suit the device, and is mapped for it as well. */
    void attach(boolean translated) throws KernelError {
        for (IovaMap.Area area : areas.all()) {
            if (!isAligned(area.first() | area.length() | area.address(), UserSpace.PAGE)) {
                throw new KernelError(Errno.EADDRINUSE);
            }
            if (translated && !Translation.isAllowed(Translation.RANGES, area.first(), area.last())) {
                throw new KernelError(Errno.EADDRINUSE);
            }
        }
        if (!translated) {
            accesses++;
            return;
        }
        if (domains == 0) {
            pinAll();
        }
        domains++;
    }

    private void pinAll() throws KernelError {
        List<IovaMap.Area> all = areas.all();
        for (int i = 0; i < all.size(); i++) {
            try {
                lockedMemory.pin(LockedMemory.Account.USER, all.get(i));
            } catch (KernelError error) {
                all.subList(0, i).forEach(this::unpin);
                throw error;
            }
        }
    }

    private void unpin(IovaMap.Area area) {
        lockedMemory.unpin(LockedMemory.Account.USER, area);
    }

    void detach(boolean translated) {
        if (!translated) {
            accesses--;
        } else if (--domains == 0) {
            areas.all().forEach(this::unpin);
        }
    }

    private static boolean isAligned(long bits, long alignment) {
        return (bits & (alignment - 1)) == 0;
    }

    /** iopt_map_user_pages(), in the order of its checks. */
    void map(long iova, long address, long length, boolean readable, boolean writable) throws KernelError {
        // Also what is longer than SIZE_MAX - PAGE_SIZE.
        if (length == 0 || Long.compareUnsigned(length, -1L - UserSpace.PAGE) > 0) {
            throw new KernelError(Errno.EINVAL);
        }
        if (Long.compareUnsigned(address + length, address) < 0) {
            throw new KernelError(Errno.EOVERFLOW);
        }
        if (!isAligned(length | iova, alignment())) {
            throw new KernelError(Errno.EINVAL);
        }
        long last = iova + length - 1;
        if (Long.compareUnsigned(last, iova) < 0) {
            throw new KernelError(Errno.EOVERFLOW);
        }
        if (!Translation.isAllowed(ranges(), iova, last)) {
            throw new KernelError(Errno.EINVAL);
        }
        if (areas.lowestIn(iova, last).isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        if (!isAligned(address % UserSpace.PAGE, alignment())) {
            throw new KernelError(Errno.EINVAL);
        }
        IovaMap.Area area = new IovaMap.Area(iova, last, address, readable, writable, lockedMemory.mapper());
        if (domains > 0) {
            lockedMemory.pin(LockedMemory.Account.USER, area);
        }
        areas.add(area);
    }

    /** iopt_unmap_iova(): mappings that lie in the range; one that it cuts ends it, and what was unmapped before stays so. */
    long unmap(long iova, long length) throws KernelError {
        if (length == 0) {
            throw new KernelError(Errno.EINVAL);
        }
        long last = iova + length - 1;
        if (Long.compareUnsigned(last, iova) < 0) {
            throw new KernelError(Errno.EOVERFLOW);
        }
        long unmapped = unmapWithin(iova, last);
        if (unmapped == 0) {
            throw new KernelError(Errno.ENOENT);
        }
        return unmapped;
    }

    private long unmapWithin(long first, long last) throws KernelError {
        long unmapped = 0;
        Optional<IovaMap.Area> next = areas.lowestIn(first, last);
        while (next.isPresent()) {
            IovaMap.Area area = next.get();
            if (Long.compareUnsigned(area.first(), first) < 0 || Long.compareUnsigned(area.last(), last) > 0) {
                throw new KernelError(Errno.ENOENT);
            }
            remove(area);
            unmapped += area.length();
            next = areas.lowestIn(first, last);
        }
        return unmapped;
    }

    private void remove(IovaMap.Area area) {
        areas.remove(area);
        if (domains > 0) {
            unpin(area);
        }
    }

    long unmapAll() {
        long unmapped = 0;
        for (IovaMap.Area area : areas.all()) {
            remove(area);
            unmapped += area.length();
        }
        return unmapped;
    }
}
