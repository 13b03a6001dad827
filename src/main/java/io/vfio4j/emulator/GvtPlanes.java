package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * VFIO_DEVICE_QUERY_GFX_PLANE and VFIO_DEVICE_GET_GFX_DMABUF: intel_vgpu_query_plane and intel_vgpu_get_dmabuf of
 * drivers/gpu/drm/i915/gvt/dmabuf.c.
 */
final class GvtPlanes {
    /** {@code offsetofend(struct vfio_device_gfx_plane_info, dmabuf_id)}. */
    private static final int MINSZ = Vfio.DeviceGfxPlaneInfo.DMABUF_ID + Integer.BYTES;
    /** UINT_MAX. */
    private static final int UNKNOWN_HOTSPOT = -1;
    /** The position registers' magnitudes; the signs beside them are not looked at. */
    private static final int CURSOR_X_MASK = 0x1fff;

    private static final int CURSOR_Y_MASK = 0xfff;

    /** {@code struct intel_vgpu_dmabuf_obj}: lives while it was queried but not fetched, or while a dma-buf is open. */
    private final class Buffer {
        private final int id;
        private final Framebuffer framebuffer;
        private boolean initref = true;
        private int references = 1;

        Buffer(int id, Framebuffer framebuffer) {
            this.id = id;
            this.framebuffer = framebuffer;
        }

        void get() {
            references++;
        }

        void put() {
            if (--references == 0) {
                buffers.remove(this);
            }
        }

        /** A query's reference, of which there is at most one for all users of the device. */
        void setInitref() {
            if (!initref) {
                initref = true;
                get();
            }
        }

        void dropInitref() {
            if (initref) {
                initref = false;
                put();
            }
        }
    }

    private final Kernel kernel;
    private final VgpuProfile profile;
    private final GuestDisplay display;
    private final List<Buffer> buffers = new ArrayList<>();

    GvtPlanes(Kernel kernel, VgpuProfile profile, GuestDisplay display) {
        this.kernel = kernel;
        this.profile = profile;
        this.display = display;
    }

    int query(long address) throws KernelError {
        ByteBuffer info = kernel.memory().struct(address, MINSZ);
        if (Integer.compareUnsigned(info.getInt(Vfio.DeviceGfxPlaneInfo.ARGSZ), MINSZ) < 0) {
            throw new KernelError(Errno.EINVAL);
        }
        int flags = info.getInt(Vfio.DeviceGfxPlaneInfo.FLAGS);
        if (flags != (Vfio.VFIO_GFX_PLANE_TYPE_DMABUF | Vfio.VFIO_GFX_PLANE_TYPE_PROBE)) {
            if (flags != Vfio.VFIO_GFX_PLANE_TYPE_DMABUF) {
                throw new KernelError(Errno.EINVAL);
            }
            // ENODEV inside, which means that the plane is not ready, becomes 0 with the answer left as it was passed.
            plane(info.getInt(Vfio.DeviceGfxPlaneInfo.DRM_PLANE_TYPE)).ifPresent(shown -> describe(shown, info));
        }
        kernel.memory().write(address, info.array());
        return 0;
    }

    private Optional<Framebuffer> plane(int type) throws KernelError {
        return switch (type) {
            case Vfio.DrmPlaneType.PRIMARY -> display.screen();
            case Vfio.DrmPlaneType.CURSOR -> display.cursor();
            default -> throw new KernelError(Errno.EINVAL);
        };
    }

    private void describe(Framebuffer shown, ByteBuffer info) {
        boolean cursor = shown.picture() == Picture.CURSOR;
        // validate_hotspot(), which also lets through what is just beyond the cursor.
        boolean hot = Integer.compareUnsigned(display.hotspotX(), shown.width()) <= 0
                && Integer.compareUnsigned(display.hotspotY(), shown.height()) <= 0;
        Layout layout = shown.layout();
        info.putInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT, layout.format().fourcc());
        info.putLong(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT_MOD, layout.tiling().modifier());
        info.putInt(Vfio.DeviceGfxPlaneInfo.WIDTH, shown.width());
        info.putInt(Vfio.DeviceGfxPlaneInfo.HEIGHT, shown.height());
        info.putInt(Vfio.DeviceGfxPlaneInfo.STRIDE, shown.strideBytes());
        info.putInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER, shown.sizeBytes());
        info.putInt(Vfio.DeviceGfxPlaneInfo.X_POS, cursor ? Math.abs(display.cursorX()) & CURSOR_X_MASK : 0);
        info.putInt(Vfio.DeviceGfxPlaneInfo.Y_POS, cursor ? Math.abs(display.cursorY()) & CURSOR_Y_MASK : 0);
        info.putInt(Vfio.DeviceGfxPlaneInfo.X_HOT, !cursor ? 0 : hot ? display.hotspotX() : UNKNOWN_HOTSPOT);
        info.putInt(Vfio.DeviceGfxPlaneInfo.Y_HOT, !cursor ? 0 : hot ? display.hotspotY() : UNKNOWN_HOTSPOT);
        info.putInt(Vfio.DeviceGfxPlaneInfo.DMABUF_ID, remember(shown).id);
    }

    /** pick_dmabuf_by_info(): the same id as long as the framebuffer is the same. */
    private Buffer remember(Framebuffer shown) {
        for (Buffer known : buffers) {
            if (known.framebuffer == shown) {
                known.setInitref();
                return known;
            }
        }
        Buffer buffer = new Buffer(lowestFreeId(), shown);
        buffers.add(buffer);
        return buffer;
    }

    /** {@code idr_alloc(..., 1, 0)}: an id is used again as soon as it is free. */
    private int lowestFreeId() {
        for (int id = 1; ; id++) {
            if (find(id).isEmpty()) {
                return id;
            }
        }
    }

    private Optional<Buffer> find(int id) {
        return buffers.stream().filter(buffer -> buffer.id == id).findFirst();
    }

    int getDmabuf(long address) throws KernelError {
        Buffer buffer = find(kernel.memory().readInt(address)).orElseThrow(() -> new KernelError(Errno.EINVAL));
        kernel.descriptors().reserve();
        buffer.get();
        int number = kernel.descriptors().install(new Exported(buffer), "dma-buf " + buffer.id);
        buffer.dropInitref();
        return number;
    }

    /** How many framebuffers the driver remembers. */
    int objects() {
        return buffers.size();
    }

    /** intel_vgpu_dmabuf_cleanup(): the ids are gone; dma-bufs that are still open go on. */
    void close() {
        List.copyOf(buffers).forEach(Buffer::dropInitref);
        buffers.clear();
    }

    /** A proxy object without pages of its own, but those of the guest. */
    private final class Exported extends DmaBuf {
        private final Buffer buffer;

        Exported(Buffer buffer) {
            super(kernel);
            this.buffer = buffer;
        }

        @Override
        ByteBuffer bytes() {
            return visible(buffer.framebuffer.bytes());
        }

        /** vgpu_create_gem() rounds up to pages. */
        @Override
        long sizeBytes() {
            return buffer.framebuffer.capacityBytes();
        }

        @Override
        boolean isReadOnly() {
            return profile.readOnlyDmabufs();
        }

        /** i915_gem_dmabuf_mmap(): {@code if (!obj->base.filp) return -ENODEV}. */
        @Override
        MappedBytes mapPages(int position, int length) throws KernelError {
            if (!profile.mappableDmabufs()) {
                throw new KernelError(Errno.ENODEV);
            }
            Framebuffer framebuffer = buffer.framebuffer;
            return new MappedBytes(visible(framebuffer.map()).slice(position, length), framebuffer::unmap);
        }

        private ByteBuffer visible(ByteBuffer stored) {
            return stored.slice(0, buffer.framebuffer.capacityBytes());
        }

        @Override
        void lastClosed() {
            buffer.put();
        }
    }
}
