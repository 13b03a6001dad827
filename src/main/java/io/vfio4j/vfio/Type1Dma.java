package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** {@code VFIO_IOMMU_MAP_DMA} and its kin, on a container. */
final class Type1Dma implements DmaBackend {
    /** Room for the three capabilities with ten ranges, so that one call is mostly enough. */
    private static final int INFO_ROOM = 256;
    /** The structure's end; compilers pad it to eight bytes. */
    private static final int INFO_END = Vfio.IommuType1Info.CAP_OFFSET + Integer.BYTES;

    private final SystemCalls calls;
    private final Descriptor container;

    Type1Dma(SystemCalls calls, Descriptor container) {
        this.calls = calls;
        this.container = container;
    }

    @Override
    public void map(long iova, NativeBytes memory, int offset, int length, Access access) throws LinuxException {
        if (iova + length == 0) {
            // vfio_iommu_type1.c counts with iova + size, finds it never again, and so would not unmap it.
            throw new IllegalArgumentException(length + " bytes at 0x" + Long.toHexString(iova)
                    + " end with the last address, where a container's mappings cannot be unmapped");
        }
        int flags = switch (access) {
            case READ -> Vfio.VFIO_DMA_MAP_FLAG_READ;
            case WRITE -> Vfio.VFIO_DMA_MAP_FLAG_WRITE;
            case READ_WRITE -> Vfio.VFIO_DMA_MAP_FLAG_READ | Vfio.VFIO_DMA_MAP_FLAG_WRITE;
        };
        try (NativeMemory map = calls.allocate(Vfio.IommuType1DmaMap.SIZE)) {
            map.putInt(Vfio.IommuType1DmaMap.ARGSZ, map.size());
            map.putInt(Vfio.IommuType1DmaMap.FLAGS, flags);
            map.putAddress(Vfio.IommuType1DmaMap.VADDR, memory, offset);
            map.putLong(Vfio.IommuType1DmaMap.IOVA, iova);
            map.putLong(Vfio.IommuType1DmaMap.SIZE_MEMBER, length);
            calls.ioctl(container, Vfio.VFIO_IOMMU_MAP_DMA, map);
        }
    }

    @Override
    public long unmap(long iova, long length) throws LinuxException {
        try (NativeMemory unmap = calls.allocate(Vfio.IommuType1DmaUnmap.SIZE)) {
            unmap.putInt(Vfio.IommuType1DmaUnmap.ARGSZ, unmap.size());
            unmap.putLong(Vfio.IommuType1DmaUnmap.IOVA, iova);
            unmap.putLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER, length);
            calls.ioctl(container, Vfio.VFIO_IOMMU_UNMAP_DMA, unmap);
            return unmap.getLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER);
        }
    }

    @Override
    public DmaInfo info() throws IOException {
        String operation = Vfio.VFIO_IOMMU_GET_INFO.name();
        String target = container.description();
        byte[] reply = GrowingReply.ask(
                calls, container, Vfio.VFIO_IOMMU_GET_INFO, INFO_ROOM, Vfio.VFIO_IOMMU_INFO_CAPS, question -> {});
        Bytes bytes = Bytes.of(reply);
        int flags = bytes.getInt(Vfio.IommuType1Info.FLAGS);
        long pageSizes = bytes.getLong(Vfio.IommuType1Info.IOVA_PGSIZES);
        if ((flags & Vfio.VFIO_IOMMU_INFO_PGSIZES) == 0 || pageSizes == 0) {
            throw new MalformedReplyException(operation, target, "it tells no size of a page", reply);
        }
        int first = (flags & Vfio.VFIO_IOMMU_INFO_CAPS) != 0 ? bytes.getInt(Vfio.IommuType1Info.CAP_OFFSET) : 0;
        // Where there are only mediated devices, any address will do, and the kernel lists no ranges.
        List<IovaRange> ranges = List.of(new IovaRange(0, -1));
        OptionalLong left = OptionalLong.empty();
        for (Capability capability : Capability.chain(reply, first, INFO_END, operation, target)) {
            Bytes inside = capability.bytes();
            if (capability.id() == Vfio.VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
                ranges = ranges(inside, reply);
            } else if (capability.id() == Vfio.VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL
                    && inside.size() >= Vfio.IommuType1InfoDmaAvail.SIZE) {
                left = OptionalLong.of(Integer.toUnsignedLong(inside.getInt(Vfio.IommuType1InfoDmaAvail.AVAIL)));
            }
        }
        return new DmaInfo(Long.lowestOneBit(pageSizes), pageSizes, ranges, left);
    }

    private List<IovaRange> ranges(Bytes capability, byte[] reply) throws MalformedReplyException {
        int room = (capability.size() - Vfio.IommuType1InfoCapIovaRange.SIZE) / Vfio.IovaRange.SIZE;
        int count = room < 0 ? -1 : capability.getInt(Vfio.IommuType1InfoCapIovaRange.NR_IOVAS);
        if (count < 0 || count > room) {
            throw new MalformedReplyException(
                    Vfio.VFIO_IOMMU_GET_INFO.name(),
                    container.description(),
                    "it announces " + Integer.toUnsignedString(count) + " ranges and has room for " + Math.max(0, room),
                    reply);
        }
        List<IovaRange> ranges = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int at = Vfio.IommuType1InfoCapIovaRange.IOVA_RANGES + i * Vfio.IovaRange.SIZE;
            ranges.add(new IovaRange(
                    capability.getLong(at + Vfio.IovaRange.START), capability.getLong(at + Vfio.IovaRange.END)));
        }
        return List.copyOf(ranges);
    }

    @Override
    public String lockedMemoryOf() {
        return "of this process";
    }
}
