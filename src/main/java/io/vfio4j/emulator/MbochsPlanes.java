package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.DrmFourcc;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * VFIO_DEVICE_QUERY_GFX_PLANE and VFIO_DEVICE_GET_GFX_DMABUF of samples/vfio-mdev/mbochs.c, with its faults: the first query of a new
 * mode fails, framebuffers are never forgotten while the device is open, a second descriptor has no reference of its own, and neither has
 * one that is fetched after the last was closed.
 */
final class MbochsPlanes {
    private static final int MINSZ = Vfio.DeviceGfxPlaneInfo.REGION_INDEX + Integer.BYTES;

    /** {@code struct mbochs_dmabuf}. */
    private static final class Buffer {
        private final int id;
        private final DispiRegisters.Mode mode;
        private final ByteBuffer pages;
        private Optional<Exported> exported = Optional.empty();
        private boolean pagesGivenBack;

        Buffer(int id, DispiRegisters.Mode mode, ByteBuffer pages) {
            this.id = id;
            this.mode = mode;
            this.pages = pages;
        }
    }

    private final Kernel kernel;
    private final boolean readOnly;
    private final VideoMemory memory;
    private final DispiRegisters registers;
    private final List<Buffer> buffers = new ArrayList<>();
    private int nextId = 1;
    private int forbidden;

    MbochsPlanes(Kernel kernel, VgpuProfile profile, VideoMemory memory, DispiRegisters registers) {
        this.kernel = kernel;
        this.readOnly = profile.readOnlyDmabufs();
        this.memory = memory;
        this.registers = registers;
    }

    int query(long address) throws KernelError {
        ByteBuffer info = kernel.memory().struct(address, MINSZ);
        if (Integer.compareUnsigned(info.getInt(Vfio.DeviceGfxPlaneInfo.ARGSZ), MINSZ) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        int flags = info.getInt(Vfio.DeviceGfxPlaneInfo.FLAGS);
        if (flags == (Vfio.VFIO_GFX_PLANE_TYPE_PROBE | Vfio.VFIO_GFX_PLANE_TYPE_DMABUF)) {
            return 0;
        }
        if (flags != Vfio.VFIO_GFX_PLANE_TYPE_DMABUF) {
            throw new KernelError(Errno.EINVAL);
        }
        boolean primary = info.getInt(Vfio.DeviceGfxPlaneInfo.DRM_PLANE_TYPE) == Vfio.DrmPlaneType.PRIMARY;
        Optional<DispiRegisters.Mode> mode = primary ? registers.mode() : Optional.empty();
        for (int member = Vfio.DeviceGfxPlaneInfo.DRM_FORMAT; member < MINSZ; member += Integer.BYTES) {
            info.putInt(member, 0);
        }
        if (mode.isPresent()) {
            describe(find(mode.get()), info);
        }
        kernel.memory().write(address, info.array());
        return 0;
    }

    private static void describe(Buffer buffer, ByteBuffer info) {
        info.putInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT, DrmFourcc.DRM_FORMAT_XRGB8888);
        info.putInt(Vfio.DeviceGfxPlaneInfo.WIDTH, buffer.mode.width());
        info.putInt(Vfio.DeviceGfxPlaneInfo.HEIGHT, buffer.mode.height());
        info.putInt(Vfio.DeviceGfxPlaneInfo.STRIDE, buffer.mode.strideBytes());
        info.putInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER, (int) buffer.mode.size());
        info.putInt(Vfio.DeviceGfxPlaneInfo.DMABUF_ID, buffer.id);
    }

    /** mbochs_dmabuf_alloc() makes one that is not there, but the caller does not take its result. */
    private Buffer find(DispiRegisters.Mode mode) throws KernelError {
        for (Buffer known : buffers) {
            if (known.mode.equals(mode)) {
                return known;
            }
        }
        int firstPage = (int) (mode.offset() / UserSpace.PAGE * UserSpace.PAGE);
        buffers.add(new Buffer(nextId++, mode, memory.bytes().slice(firstPage, (int) mode.size())));
        throw new KernelError(Errno.ENOMEM);
    }

    int getDmabuf(long address) throws KernelError {
        int id = kernel.memory().readInt(address);
        Buffer buffer = buffers.stream()
                .filter(known -> known.id == id)
                .findFirst()
                .orElseThrow(() -> new KernelError(Errno.ENOENT));
        if (buffer.exported.isEmpty()) {
            if (buffer.mode.offset() % UserSpace.PAGE != 0) {
                throw new KernelError(Errno.EINVAL);
            }
            buffer.exported = Optional.of(new Exported(buffer));
        }
        Exported exported = buffer.exported.get();
        int number = kernel.descriptors().install(exported, "dma-buf " + id);
        if (exported.handedOut || buffer.pagesGivenBack) {
            forbidden++;
        }
        exported.handedOut = true;
        return number;
    }

    /** How many framebuffers the driver remembers. */
    int objects() {
        return buffers.size();
    }

    /** Descriptors without references of their own: to the object, or to its pages, which are dropped whenever the last one is closed. */
    int forbidden() {
        return forbidden;
    }

    /** mbochs_close_device(): what is open goes on. */
    void close() {
        buffers.clear();
    }

    private final class Exported extends DmaBuf {
        private final Buffer buffer;
        private boolean handedOut;

        Exported(Buffer buffer) {
            super(kernel);
            this.buffer = buffer;
        }

        @Override
        ByteBuffer bytes() {
            memory.bytes();
            return buffer.pages;
        }

        @Override
        long sizeBytes() {
            return buffer.mode.size();
        }

        @Override
        boolean isReadOnly() {
            return readOnly;
        }

        @Override
        MappedBytes mapPages(int position, int length) {
            memory.map();
            return new MappedBytes(buffer.pages.slice(position, length), memory::unmap);
        }

        @Override
        void lastClosed() {
            buffer.exported = Optional.empty();
            buffer.pagesGivenBack = true;
        }
    }
}
