package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The 11 regions of a GVT-g vGPU: VFIO_DEVICE_GET_REGION_INFO and intel_vgpu_rw of drivers/gpu/drm/i915/gvt/kvmgt.c. The
 * registers and the aperture are plain memory here, without an effect.
 */
final class GvtRegions {
    static final int COUNT = 11;

    private static final int OPREGION = 9;
    private static final int EDID = 10;
    /** VFIO_PCI_OFFSET_SHIFT. */
    private static final int OFFSET_SHIFT = 40;

    private static final int BAR0_SIZE = 0x100_0000;
    private static final int BAR2_SIZE = 0x1000_0000;
    /** The vGPU's slice of the aperture. */
    private static final int SLICE_OFFSET = 0x400_0000;

    private static final int SLICE_SIZE = 0x400_0000;
    private static final int CONFIG_SIZE = 4096;
    private static final int OPREGION_SIZE = 8192;
    /** VFIO_REGION_TYPE_PCI_VENDOR_TYPE | PCI_VENDOR_ID_INTEL. */
    private static final int INTEL_TYPE = 0x8000_8086;

    private static final int OPREGION_SUBTYPE = 1;
    private static final int CAP_VERSION = 1;
    private static final int READ_WRITE = Vfio.VFIO_REGION_INFO_FLAG_READ | Vfio.VFIO_REGION_INFO_FLAG_WRITE;

    private final UserSpace memory;
    private final EdidRegion edid;
    private final ByteBuffer config = ByteBuffer.allocate(CONFIG_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer opRegion = ByteBuffer.allocate(OPREGION_SIZE).order(ByteOrder.LITTLE_ENDIAN);

    GvtRegions(UserSpace memory, EdidRegion edid) {
        this.memory = memory;
        this.edid = edid;
        // Vendor, device (HD Graphics 530), and the class of a VGA controller.
        config.putInt(0, 0x1912_8086).putInt(8, 0x0300_0006);
        opRegion.put(0, "IntelGraphicsMem".getBytes(StandardCharsets.US_ASCII));
    }

    int getInfo(long address) throws KernelError {
        ByteBuffer info = memory.struct(address, Vfio.RegionInfo.SIZE);
        int argsz = info.getInt(Vfio.RegionInfo.ARGSZ);
        int index = info.getInt(Vfio.RegionInfo.INDEX);
        if (Integer.compareUnsigned(argsz, Vfio.RegionInfo.SIZE) < 0 || Integer.compareUnsigned(index, COUNT) >= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        byte[] capabilities = capabilities(index);
        int flags = flags(index);
        if (capabilities.length > 0) {
            flags |= Vfio.VFIO_REGION_INFO_FLAG_CAPS;
            int needed = Vfio.RegionInfo.CAP_START + capabilities.length;
            if (Integer.compareUnsigned(argsz, needed) < 0) {
                info.putInt(Vfio.RegionInfo.ARGSZ, needed);
                info.putInt(Vfio.RegionInfo.CAP_OFFSET, 0);
            } else {
                memory.write(address + Vfio.RegionInfo.CAP_START, capabilities);
                info.putInt(Vfio.RegionInfo.CAP_OFFSET, Vfio.RegionInfo.CAP_START);
            }
        }
        info.putInt(Vfio.RegionInfo.FLAGS, flags);
        info.putLong(Vfio.RegionInfo.SIZE_MEMBER, size(index));
        info.putLong(Vfio.RegionInfo.OFFSET, (long) index << OFFSET_SHIFT);
        memory.write(address, info.array());
        return 0;
    }

    private static int flags(int index) {
        return switch (index) {
            case Vfio.VFIO_PCI_BAR0_REGION_INDEX, Vfio.VFIO_PCI_CONFIG_REGION_INDEX, EDID -> READ_WRITE;
            case Vfio.VFIO_PCI_BAR2_REGION_INDEX -> READ_WRITE | Vfio.VFIO_REGION_INFO_FLAG_MMAP;
            case OPREGION -> Vfio.VFIO_REGION_INFO_FLAG_READ;
            default -> 0;
        };
    }

    private static long size(int index) {
        return switch (index) {
            case Vfio.VFIO_PCI_BAR0_REGION_INDEX -> BAR0_SIZE;
            case Vfio.VFIO_PCI_BAR2_REGION_INDEX -> BAR2_SIZE;
            case Vfio.VFIO_PCI_CONFIG_REGION_INDEX -> CONFIG_SIZE;
            case OPREGION -> OPREGION_SIZE;
            case EDID -> EdidRegion.BLOB_SIZE;
            default -> 0;
        };
    }

    private static byte[] capabilities(int index) {
        return switch (index) {
            case Vfio.VFIO_PCI_BAR2_REGION_INDEX -> {
                ByteBuffer sparse = capability(
                        Vfio.VFIO_REGION_INFO_CAP_SPARSE_MMAP,
                        Vfio.RegionInfoCapSparseMmap.SIZE + Vfio.RegionSparseMmapArea.SIZE);
                sparse.putInt(Vfio.RegionInfoCapSparseMmap.NR_AREAS, 1);
                sparse.putLong(Vfio.RegionInfoCapSparseMmap.AREAS, SLICE_OFFSET);
                sparse.putLong(Vfio.RegionInfoCapSparseMmap.AREAS + Vfio.RegionSparseMmapArea.SIZE_MEMBER, SLICE_SIZE);
                yield sparse.array();
            }
            case OPREGION -> type(INTEL_TYPE, OPREGION_SUBTYPE);
            case EDID -> type(Vfio.VFIO_REGION_TYPE_GFX, Vfio.VFIO_REGION_SUBTYPE_GFX_EDID);
            default -> new byte[0];
        };
    }

    private static byte[] type(int type, int subtype) {
        ByteBuffer capability = capability(Vfio.VFIO_REGION_INFO_CAP_TYPE, Vfio.RegionInfoCapType.SIZE);
        capability.putInt(Vfio.RegionInfoCapType.TYPE, type);
        capability.putInt(Vfio.RegionInfoCapType.SUBTYPE, subtype);
        return capability.array();
    }

    private static ByteBuffer capability(int id, int size) {
        ByteBuffer capability = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        capability.putShort(Vfio.InfoCapHeader.ID, (short) id);
        capability.putShort(Vfio.InfoCapHeader.VERSION, (short) CAP_VERSION);
        return capability;
    }

    /** intel_vgpu_read(): in aligned pieces of 4, 2 and 1 bytes; whatever goes wrong is EFAULT. */
    int read(long address, int length, long position) throws KernelError {
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            byte[] bytes = new byte[piece];
            try {
                access(position + done, bytes, false);
            } catch (KernelError error) {
                throw new KernelError(Errno.EFAULT);
            }
            memory.write(address + done, bytes);
            done += piece;
        }
        return length;
    }

    /** intel_vgpu_write(), likewise. */
    int write(long address, int length, long position) throws KernelError {
        for (int done = 0; done < length; ) {
            int piece = piece(position + done, length - done);
            byte[] bytes = memory.read(address + done, piece);
            try {
                access(position + done, bytes, true);
            } catch (KernelError error) {
                throw new KernelError(Errno.EFAULT);
            }
            done += piece;
        }
        return length;
    }

    private static int piece(long position, int left) {
        for (int piece = 4; piece > 1; piece /= 2) {
            if (left >= piece && position % piece == 0) {
                return piece;
            }
        }
        return 1;
    }

    private void access(long position, byte[] bytes, boolean write) throws KernelError {
        long index = position >>> OFFSET_SHIFT;
        long offset = position & (1L << OFFSET_SHIFT) - 1;
        if (index == Vfio.VFIO_PCI_CONFIG_REGION_INDEX) {
            copy(config, offset, bytes, write);
        } else if (index == Vfio.VFIO_PCI_BAR0_REGION_INDEX && offset + bytes.length <= BAR0_SIZE
                || index == Vfio.VFIO_PCI_BAR2_REGION_INDEX && offset + bytes.length <= BAR2_SIZE) {
            // Registers and aperture read as zero.
            return;
        } else if (index == OPREGION && !write) {
            copy(opRegion, offset, bytes, false);
        } else if (index == EDID) {
            edid.access(offset, bytes, write);
        } else {
            throw new KernelError(Errno.EINVAL);
        }
    }

    private static void copy(ByteBuffer region, long offset, byte[] bytes, boolean write) throws KernelError {
        if (offset + bytes.length > region.capacity()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (write) {
            region.put((int) offset, bytes);
        } else {
            region.get((int) offset, bytes);
        }
    }

    /** intel_vgpu_mmap(): the aperture, inside the vGPU's slice. */
    OpenFile.MappedBytes map(long position, int length) throws KernelError {
        long index = position >>> OFFSET_SHIFT;
        long offset = position & (1L << OFFSET_SHIFT) - 1;
        if (index != Vfio.VFIO_PCI_BAR2_REGION_INDEX
                || offset < SLICE_OFFSET
                || offset + length > SLICE_OFFSET + SLICE_SIZE) {
            throw new KernelError(Errno.EINVAL);
        }
        return new OpenFile.MappedBytes(ByteBuffer.allocate(length), () -> {});
    }
}
