package io.vfio4j.contract;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;

/** An iommufd and an open device node, and the plain system calls on them, as any program makes them. */
public final class NodeAttached implements AutoCloseable {
    private final SystemCalls calls;
    private final Descriptor iommu;
    private final Descriptor node;

    public NodeAttached(SystemCalls calls, String node) throws LinuxException {
        this.calls = calls;
        this.iommu = calls.open("/dev/iommu", Access.READ_WRITE);
        this.node = calls.open(node, Access.READ_WRITE);
    }

    public Descriptor iommu() {
        return iommu;
    }

    public Descriptor node() {
        return node;
    }

    /** Makes a structure of 32-bit words, calls, and returns the words as they are then. */
    public int[] call(Descriptor to, Ioctl request, int... words) throws LinuxException {
        try (NativeMemory memory = calls.allocate(4 * words.length)) {
            for (int i = 0; i < words.length; i++) {
                memory.putInt(4 * i, words[i]);
            }
            calls.ioctl(to, request, memory);
            int[] after = new int[words.length];
            for (int i = 0; i < words.length; i++) {
                after[i] = memory.getInt(4 * i);
            }
            return after;
        }
    }

    /** Returns the id that the device got. */
    public int bind() throws LinuxException {
        return bind(iommu);
    }

    public int bind(Descriptor to) throws LinuxException {
        int number = to.acquire();
        try {
            return call(node, Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, number, 0)[3];
        } finally {
            to.release();
        }
    }

    public int allocate() throws LinuxException {
        return call(iommu, Iommufd.IOMMU_IOAS_ALLOC, 12, 0, 0)[2];
    }

    /** Returns the id that the kernel gave back. */
    public int attach(int ioas) throws LinuxException {
        return call(node, Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 12, 0, ioas)[2];
    }

    public void detach() throws LinuxException {
        call(node, Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, 8, 0);
    }

    public void destroy(int id) throws LinuxException {
        call(iommu, Iommufd.IOMMU_DESTROY, 8, id);
    }

    public void map(int ioas, int flags, NativeMemory memory, long offset, long length, long iova)
            throws LinuxException {
        long address = memory.acquire() + offset;
        memory.release();
        map(ioas, flags, address, length, iova);
    }

    public void map(int ioas, int flags, long address, long length, long iova) throws LinuxException {
        call(
                iommu,
                Iommufd.IOMMU_IOAS_MAP,
                40,
                flags,
                ioas,
                0,
                (int) address,
                (int) (address >>> 32),
                (int) length,
                (int) (length >>> 32),
                (int) iova,
                (int) (iova >>> 32));
    }

    /** Returns how much was unmapped. */
    public long unmap(int ioas, long iova, long length) throws LinuxException {
        int[] words =
                call(iommu, Iommufd.IOMMU_IOAS_UNMAP, 24, ioas, (int) iova, (int) (iova >>> 32), (int) length, (int)
                        (length >>> 32));
        return Integer.toUnsignedLong(words[4]) | (long) words[5] << 32;
    }

    @Override
    public void close() {
        node.close();
        iommu.close();
    }
}
