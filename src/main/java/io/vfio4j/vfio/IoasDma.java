package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** {@code IOMMU_IOAS_MAP} and its kin, on an address space of an iommufd. */
final class IoasDma implements DmaBackend {
    private static final int FIRST_ROOM = 16;
    private static final int MOST_RANGES = 4096;
    private static final int ROUNDS = 4;

    private final SystemCalls calls;
    private final Descriptor iommufd;
    private final int ioas;
    private final int firstRoom;

    IoasDma(SystemCalls calls, Descriptor iommufd, int ioas) {
        this(calls, iommufd, ioas, FIRST_ROOM);
    }

    /** With room for that many ranges in the first answer. */
    IoasDma(SystemCalls calls, Descriptor iommufd, int ioas, int firstRoom) {
        this.calls = calls;
        this.iommufd = iommufd;
        this.ioas = ioas;
        this.firstRoom = firstRoom;
    }

    @Override
    public void map(long iova, NativeBytes memory, int offset, int length, Access access) throws LinuxException {
        int flags = switch (access) {
            case READ -> Iommufd.IOMMU_IOAS_MAP_READABLE;
            case WRITE -> Iommufd.IOMMU_IOAS_MAP_WRITEABLE;
            case READ_WRITE -> Iommufd.IOMMU_IOAS_MAP_READABLE | Iommufd.IOMMU_IOAS_MAP_WRITEABLE;
        };
        try (NativeMemory map = calls.allocate(Iommufd.IoasMap.SIZE)) {
            map.putInt(Iommufd.IoasMap.SIZE_MEMBER, map.size());
            map.putInt(Iommufd.IoasMap.FLAGS, Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA | flags);
            map.putInt(Iommufd.IoasMap.IOAS_ID, ioas);
            map.putAddress(Iommufd.IoasMap.USER_VA, memory, offset);
            map.putLong(Iommufd.IoasMap.LENGTH, length);
            map.putLong(Iommufd.IoasMap.IOVA, iova);
            calls.ioctl(iommufd, Iommufd.IOMMU_IOAS_MAP, map);
        }
    }

    @Override
    public long unmap(long iova, long length) throws LinuxException {
        try (NativeMemory unmap = calls.allocate(Iommufd.IoasUnmap.SIZE)) {
            unmap.putInt(Iommufd.IoasUnmap.SIZE_MEMBER, unmap.size());
            unmap.putInt(Iommufd.IoasUnmap.IOAS_ID, ioas);
            unmap.putLong(Iommufd.IoasUnmap.IOVA, iova);
            unmap.putLong(Iommufd.IoasUnmap.LENGTH, length);
            calls.ioctl(iommufd, Iommufd.IOMMU_IOAS_UNMAP, unmap);
            return unmap.getLong(Iommufd.IoasUnmap.LENGTH);
        }
    }

    /** Where there is not enough room, the kernel says EMSGSIZE, and how much there ought to be. */
    @Override
    public DmaInfo info() throws IOException {
        int room = firstRoom;
        for (int round = 0; round < ROUNDS; round++) {
            try (NativeMemory query = calls.allocate(Iommufd.IoasIovaRanges.SIZE);
                    NativeMemory array = calls.allocate(room * Iommufd.IovaRange.SIZE)) {
                query.putInt(Iommufd.IoasIovaRanges.SIZE_MEMBER, query.size());
                query.putInt(Iommufd.IoasIovaRanges.IOAS_ID, ioas);
                query.putInt(Iommufd.IoasIovaRanges.NUM_IOVAS, room);
                query.putAddress(Iommufd.IoasIovaRanges.ALLOWED_IOVAS, array);
                boolean fits = ask(query);
                int count = query.getInt(Iommufd.IoasIovaRanges.NUM_IOVAS);
                boolean believable = count >= 0 && count <= MOST_RANGES && (count <= room) == fits;
                if (!believable) {
                    throw malformed("it has " + Integer.toUnsignedString(count) + " ranges for " + room, query);
                }
                if (fits) {
                    return info(query, array, count);
                }
                room = count;
            }
        }
        throw new IOException(Iommufd.IOMMU_IOAS_IOVA_RANGES + " " + iommufd.description()
                + ": the ranges grew in each of " + ROUNDS + " calls");
    }

    private boolean ask(NativeMemory query) throws LinuxException {
        try {
            calls.ioctl(iommufd, Iommufd.IOMMU_IOAS_IOVA_RANGES, query);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.EMSGSIZE) {
                return false;
            }
            throw e;
        }
    }

    private DmaInfo info(NativeMemory query, NativeMemory array, int count) throws MalformedReplyException {
        long alignment = query.getLong(Iommufd.IoasIovaRanges.OUT_IOVA_ALIGNMENT);
        if (Long.bitCount(alignment) != 1) {
            throw malformed("an alignment of " + Long.toUnsignedString(alignment), query);
        }
        List<IovaRange> ranges = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int at = i * Iommufd.IovaRange.SIZE;
            ranges.add(new IovaRange(
                    array.getLong(at + Iommufd.IovaRange.START), array.getLong(at + Iommufd.IovaRange.LAST)));
        }
        return new DmaInfo(alignment, alignment, List.copyOf(ranges), OptionalLong.empty());
    }

    private MalformedReplyException malformed(String problem, NativeMemory query) {
        return new MalformedReplyException(
                Iommufd.IOMMU_IOAS_IOVA_RANGES.name(), iommufd.description(), problem, query.getBytes(0, query.size()));
    }

    @Override
    public String lockedMemoryOf() {
        return "of all processes of this user together";
    }
}
