package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.TreeMap;

/**
 * An open /dev/iommu: drivers/iommu/iommufd/main.c and ioas.c. It has address spaces, and an object for each device that is bound
 * to it; a bound device keeps it.
 */
final class IommuFile extends OpenFile {
    /** What an id stands for. */
    sealed interface Thing permits Bound, Ioas, PageTable {}

    /** A device: its driver is the user, so that nobody else can destroy it. */
    record Bound(VfioDevice device) implements Thing {}

    /** What an attached device has where an IOMMU translates for it; it goes with the attachment. */
    record PageTable(Ioas ioas) implements Thing {}

    private final Kernel kernel;
    private final TreeMap<Integer, Thing> things = new TreeMap<>();

    IommuFile(Kernel kernel) {
        this.kernel = kernel;
    }

    @Override
    String name() {
        return "/dev/iommu";
    }

    /** The lowest free id, from 1 on. */
    private int register(Thing thing) {
        int id = 1;
        while (things.containsKey(id)) {
            id++;
        }
        things.put(id, thing);
        return id;
    }

    /** iommufd_device_bind() or iommufd_access_create(). */
    int bind(VfioDevice device) {
        get();
        return register(new Bound(device));
    }

    void unbind(int id) {
        things.remove(id);
        put();
    }

    Ioas ioas(int id) throws KernelError {
        if (things.get(id) instanceof Ioas ioas) {
            return ioas;
        }
        throw new KernelError(Errno.ENOENT);
    }

    /** The page table that the kernel makes for a device; its id is what ATTACH hands out. */
    int addPageTable(Ioas ioas) {
        return register(new PageTable(ioas));
    }

    void removePageTable(int id) {
        things.remove(id);
    }

    @Override
    void release() {
        for (Thing thing : things.values()) {
            if (thing instanceof Ioas ioas) {
                ioas.unmapAll();
            }
        }
        things.clear();
    }

    @Override
    int ioctl(long request, long argument) throws KernelError {
        if (request == Iommufd.IOMMU_DESTROY.number()) {
            return destroy(command(argument, Iommufd.Destroy.SIZE));
        }
        if (request == Iommufd.IOMMU_IOAS_ALLOC.number()) {
            return alloc(argument, command(argument, Iommufd.IoasAlloc.SIZE));
        }
        if (request == Iommufd.IOMMU_IOAS_IOVA_RANGES.number()) {
            return ranges(argument, command(argument, Iommufd.IoasIovaRanges.SIZE));
        }
        if (request == Iommufd.IOMMU_IOAS_MAP.number()) {
            return map(argument, command(argument, Iommufd.IoasMap.SIZE));
        }
        if (request == Iommufd.IOMMU_IOAS_UNMAP.number()) {
            return unmap(argument, command(argument, Iommufd.IoasUnmap.SIZE));
        }
        throw new KernelError(Errno.ENOTTY);
    }

    /** copy_struct_from_user(): what is longer than known has to be zero there. All members are required here. */
    private ByteBuffer command(long address, int size) throws KernelError {
        int given = kernel.memory().readInt(address);
        if (Integer.compareUnsigned(given, size) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        ByteBuffer whole = kernel.memory()
                .struct(address, Math.max(0, Math.min(given, kernel.memory().available(address))));
        if (whole.capacity() != given) {
            throw new KernelError(Errno.EFAULT);
        }
        for (int i = size; i < given; i++) {
            if (whole.get(i) != 0) {
                throw new KernelError(Errno.E2BIG);
            }
        }
        byte[] known = new byte[size];
        whole.get(0, known);
        return ByteBuffer.wrap(known).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void respond(long address, ByteBuffer command) throws KernelError {
        kernel.memory().write(address, command.array());
    }

    private int destroy(ByteBuffer command) throws KernelError {
        int id = command.getInt(Iommufd.Destroy.ID);
        Thing thing = things.get(id);
        if (thing == null) {
            throw new KernelError(Errno.ENOENT);
        }
        if (!(thing instanceof Ioas ioas) || ioas.isUsed()) {
            throw new KernelError(Errno.EBUSY);
        }
        things.remove(id);
        ioas.unmapAll();
        return 0;
    }

    private int alloc(long address, ByteBuffer command) throws KernelError {
        if (command.getInt(Iommufd.IoasAlloc.FLAGS) != 0) {
            throw new KernelError(Errno.EOPNOTSUPP);
        }
        int id = register(new Ioas(kernel.lockedMemory()));
        command.putInt(Iommufd.IoasAlloc.OUT_IOAS_ID, id);
        try {
            respond(address, command);
        } catch (KernelError error) {
            things.remove(id);
            throw error;
        }
        return 0;
    }

    private int ranges(long address, ByteBuffer command) throws KernelError {
        if (command.getInt(Iommufd.IoasIovaRanges.__RESERVED) != 0) {
            throw new KernelError(Errno.EOPNOTSUPP);
        }
        Ioas ioas = ioas(command.getInt(Iommufd.IoasIovaRanges.IOAS_ID));
        List<Translation.Range> ranges = ioas.ranges();
        int room = command.getInt(Iommufd.IoasIovaRanges.NUM_IOVAS);
        long array = command.getLong(Iommufd.IoasIovaRanges.ALLOWED_IOVAS);
        for (int i = 0; i < ranges.size() && Integer.compareUnsigned(i, room) < 0; i++) {
            ByteBuffer range = ByteBuffer.allocate(Iommufd.IovaRange.SIZE).order(ByteOrder.LITTLE_ENDIAN);
            range.putLong(Iommufd.IovaRange.START, ranges.get(i).first());
            range.putLong(Iommufd.IovaRange.LAST, ranges.get(i).last());
            kernel.memory().write(array + (long) i * Iommufd.IovaRange.SIZE, range.array());
        }
        command.putInt(Iommufd.IoasIovaRanges.NUM_IOVAS, ranges.size());
        command.putLong(Iommufd.IoasIovaRanges.OUT_IOVA_ALIGNMENT, ioas.alignment());
        respond(address, command);
        if (Integer.compareUnsigned(ranges.size(), room) > 0) {
            throw new KernelError(Errno.EMSGSIZE);
        }
        return 0;
    }

    private int map(long address, ByteBuffer command) throws KernelError {
        int flags = command.getInt(Iommufd.IoasMap.FLAGS);
        boolean readable = (flags & Iommufd.IOMMU_IOAS_MAP_READABLE) != 0;
        boolean writable = (flags & Iommufd.IOMMU_IOAS_MAP_WRITEABLE) != 0;
        boolean fixed = (flags & Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA) != 0;
        int known =
                Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA | Iommufd.IOMMU_IOAS_MAP_WRITEABLE | Iommufd.IOMMU_IOAS_MAP_READABLE;
        if ((flags & ~known) != 0 || command.getInt(Iommufd.IoasMap.__RESERVED) != 0) {
            throw new KernelError(Errno.EOPNOTSUPP);
        }
        long iova = command.getLong(Iommufd.IoasMap.IOVA);
        long length = command.getLong(Iommufd.IoasMap.LENGTH);
        if (iova == -1 || length == -1) {
            throw new KernelError(Errno.EOVERFLOW);
        }
        if (!readable && !writable) {
            throw new KernelError(Errno.EINVAL);
        }
        Ioas ioas = ioas(command.getInt(Iommufd.IoasMap.IOAS_ID));
        if (!fixed) {
            // Choosing an address is the one thing that is not emulated of it.
            throw new KernelError(Errno.EOPNOTSUPP);
        }
        ioas.map(iova, command.getLong(Iommufd.IoasMap.USER_VA), length, readable, writable);
        respond(address, command);
        return 0;
    }

    private int unmap(long address, ByteBuffer command) throws KernelError {
        Ioas ioas = ioas(command.getInt(Iommufd.IoasUnmap.IOAS_ID));
        long iova = command.getLong(Iommufd.IoasUnmap.IOVA);
        long length = command.getLong(Iommufd.IoasUnmap.LENGTH);
        long unmapped;
        if (iova == 0 && length == -1) {
            unmapped = ioas.unmapAll();
        } else if (iova == -1 || length == -1) {
            throw new KernelError(Errno.EOVERFLOW);
        } else {
            unmapped = ioas.unmap(iova, length);
        }
        command.putLong(Iommufd.IoasUnmap.LENGTH, unmapped);
        respond(address, command);
        return 0;
    }
}
