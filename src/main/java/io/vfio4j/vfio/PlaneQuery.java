package io.vfio4j.vfio;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Vfio;
import java.util.Arrays;
import java.util.Optional;

/**
 * VFIO_DEVICE_QUERY_GFX_PLANE for who asks often: as {@link VfioDevice#plane}, but an answer that was given lately is returned as the
 * same object again, so that nothing is allocated while a guest flips between its buffers.
 *
 * <p>One thread at a time.
 */
public final class PlaneQuery implements AutoCloseable {
    /** More than the buffers that a guest flips between. */
    private static final int REMEMBERED = 8;

    private final VfioDevice device;
    private final PlaneType type;
    private final PlaneAccess access;
    private final NativeMemory info;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private final Optional<Plane>[] lately = new Optional[REMEMBERED];

    private int next;

    PlaneQuery(VfioDevice device, PlaneType type, PlaneAccess access) {
        this.device = device;
        this.type = type;
        this.access = access;
        this.info = device.systemCalls().allocate(Vfio.DeviceGfxPlaneInfo.SIZE);
        Arrays.fill(lately, Optional.empty());
    }

    /**
     * Asks. May be slow: the driver reads the guest's registers.
     *
     * @return empty when nothing is scanned out, which is a state and no error
     * @throws LinuxException what the driver says
     * @throws io.vfio4j.linux.ClosedException when this or the device is closed
     */
    public Optional<Plane> ask() throws LinuxException {
        device.queryPlane(type, access, info);
        if (VfioDevice.showsNothing(info)) {
            return Optional.empty();
        }
        for (Optional<Plane> known : lately) {
            if (known.isPresent() && isAnswered(known.get())) {
                return known;
            }
        }
        Optional<Plane> plane = Optional.of(VfioDevice.planeIn(info));
        lately[next] = plane;
        next = (next + 1) % REMEMBERED;
        return plane;
    }

    private boolean isAnswered(Plane plane) {
        return info.getInt(Vfio.DeviceGfxPlaneInfo.DMABUF_ID) == plane.source()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT) == plane.format()
                && info.getLong(Vfio.DeviceGfxPlaneInfo.DRM_FORMAT_MOD) == plane.modifier()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.WIDTH) == plane.width()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.HEIGHT) == plane.height()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.STRIDE) == plane.strideBytes()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.SIZE_MEMBER) == plane.sizeBytes()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.X_POS) == plane.x()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.Y_POS) == plane.y()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.X_HOT) == plane.hotX()
                && info.getInt(Vfio.DeviceGfxPlaneInfo.Y_HOT) == plane.hotY();
    }

    /** Frees its memory. Further calls do nothing. */
    @Override
    public void close() {
        info.close();
    }
}
