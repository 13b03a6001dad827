package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * The EDID region: registers at its start, the EDID itself at half a page, beyond the region's own size
 * (intel_vgpu_reg_rw_edid of drivers/gpu/drm/i915/gvt/kvmgt.c). Link up and link down are hotplugs to the guest: at the one it takes
 * the mode that the monitor prefers, as far as it is within max_xres and max_yres; at the other it leaves all as it is, as a text
 * console does.
 */
final class EdidRegion {
    static final int BLOB_SIZE = 128;
    static final int BLOB_OFFSET = UserSpace.PAGE / 2;

    private static final int LINK_UP = 1;
    private static final int LINK_DOWN = 2;

    private final Consumer<MonitorMode> hotplug;
    private final ByteBuffer registers =
            ByteBuffer.allocate(Vfio.RegionGfxEdid.SIZE).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] blob = new byte[BLOB_SIZE];

    EdidRegion(VgpuProfile profile, Consumer<MonitorMode> hotplug) {
        this.hotplug = hotplug;
        byte[] edid = EdidBlock.of(profile.width(), profile.height(), profile.refreshRate());
        System.arraycopy(edid, 0, blob, 0, edid.length);
        registers.putInt(Vfio.RegionGfxEdid.EDID_OFFSET, BLOB_OFFSET);
        registers.putInt(Vfio.RegionGfxEdid.EDID_MAX_SIZE, BLOB_SIZE);
        registers.putInt(Vfio.RegionGfxEdid.EDID_SIZE, BLOB_SIZE);
        registers.putInt(Vfio.RegionGfxEdid.MAX_XRES, profile.width());
        registers.putInt(Vfio.RegionGfxEdid.MAX_YRES, profile.height());
        registers.putInt(Vfio.RegionGfxEdid.LINK_STATE, LINK_UP);
    }

    void access(long offset, byte[] bytes, boolean write) throws KernelError {
        if (offset < BLOB_OFFSET) {
            accessRegister((int) offset, bytes, write);
        } else {
            accessBlob(offset - BLOB_OFFSET, bytes, write);
        }
    }

    /** handle_edid_regs(): whole registers only. */
    private void accessRegister(int offset, byte[] bytes, boolean write) throws KernelError {
        if (bytes.length != Integer.BYTES || offset + bytes.length > registers.capacity()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (!write) {
            registers.get(offset, bytes);
            return;
        }
        int value = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        switch (offset) {
            case Vfio.RegionGfxEdid.LINK_STATE -> setLink(value);
            case Vfio.RegionGfxEdid.EDID_SIZE -> {
                if (Integer.compareUnsigned(value, BLOB_SIZE) > 0) {
                    throw new KernelError(Errno.EINVAL);
                }
                registers.putInt(offset, value);
            }
            default -> throw new KernelError(Errno.EPERM);
        }
    }

    private void setLink(int state) throws KernelError {
        if (state == LINK_UP) {
            if (!EdidBlock.isValid(blob)) {
                throw new KernelError(Errno.EINVAL);
            }
            registers.putInt(Vfio.RegionGfxEdid.LINK_STATE, state);
            hotplug.accept(EdidBlock.preferred(blob, this::isWithin));
        } else if (state == LINK_DOWN) {
            registers.putInt(Vfio.RegionGfxEdid.LINK_STATE, state);
        } else {
            throw new KernelError(Errno.EINVAL);
        }
    }

    boolean isUp() {
        return registers.getInt(Vfio.RegionGfxEdid.LINK_STATE) == LINK_UP;
    }

    private boolean isWithin(MonitorMode mode) {
        return mode.width() <= registers.getInt(Vfio.RegionGfxEdid.MAX_XRES)
                && mode.height() <= registers.getInt(Vfio.RegionGfxEdid.MAX_YRES);
    }

    /** handle_edid_blob(): within edid_size. */
    private void accessBlob(long offset, byte[] bytes, boolean write) throws KernelError {
        if (offset + bytes.length > registers.getInt(Vfio.RegionGfxEdid.EDID_SIZE)) {
            throw new KernelError(Errno.EINVAL);
        }
        if (write) {
            System.arraycopy(bytes, 0, blob, (int) offset, bytes.length);
        } else {
            System.arraycopy(blob, (int) offset, bytes, 0, bytes.length);
        }
    }
}
