package io.vfio4j.display.pixels;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Planes in regions of the device: mapped, or where that is not offered, read. */
final class RegionPlanes extends Planes {
    private static final int CHUNK = 1 << 20;
    private static final String NOT_OFFERED = "the region does not offer mmap";

    private volatile @Nullable String mappingRefusal;

    private static final class Region extends PixelBuffer {
        private final RegionInfo info;

        Region(int index, PlaneType type, RegionInfo info) {
            super(index, type);
            this.info = info;
        }

        @Override
        long realSize() {
            return info.size() < 0 ? Long.MAX_VALUE : info.size();
        }

        @Override
        void release() {}
    }

    RegionPlanes(VfioDevice device, ScreenOptions options) {
        super(device, PlaneAccess.REGION, options);
    }

    @Override
    boolean offers(CapturePath path) {
        return path == CapturePath.REGION_MAPPED || path == CapturePath.REGION_READ;
    }

    @Override
    void noticed(PlaneType type, Plane plane) {
        // A query of a region leaves nothing behind.
    }

    /** The index may lie beyond num_regions: that of mdpy is 16. */
    @Override
    PixelBuffer bufferOf(PlaneType type, Plane plane) throws IOException {
        PixelBuffer known = find(plane.source());
        if (known != null && known.realSize() >= Integer.toUnsignedLong(plane.sizeBytes())) {
            seen(known, type);
            return known;
        }
        RegionInfo info;
        try {
            info = device.region(plane.source());
        } catch (LinuxException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            throw new UnusablePlaneException(device.name(), plane, "the driver does not know its region");
        }
        if (known != null) {
            discard(known);
        }
        Region region = new Region(plane.source(), type, info);
        buffers.add(region);
        seen(region, type);
        return region;
    }

    @Override
    CapturePath read(PixelBuffer buffer, Plane plane, Layout layout, Frame into) throws IOException {
        Region region = (Region) buffer;
        if (allows(CapturePath.REGION_MAPPED)) {
            Mapping mapping = mapping(region, layout);
            if (mapping != null) {
                into.filling().read(mapping, layout, into);
                return CapturePath.REGION_MAPPED;
            }
        }
        if (allows(CapturePath.REGION_READ) && region.info.readable()) {
            readThrough(region.info, plane, layout, into);
            return CapturePath.REGION_READ;
        }
        throw unreadable(region);
    }

    @Override
    boolean lend(PixelBuffer buffer, Layout layout, PixelBorrower borrower) throws LinuxException {
        Mapping mapping = allows(CapturePath.REGION_MAPPED) ? mapping((Region) buffer, layout) : null;
        if (mapping == null) {
            return false;
        }
        mapping.read(
                bytes -> borrower.borrow(layout.view(bytes), layout.width(), layout.height(), layout.strideBytes()));
        return true;
    }

    @Override
    boolean isSame(PixelBuffer buffer, Layout layout, Frame last, int part, int parts) throws LinuxException {
        Mapping mapping = allows(CapturePath.REGION_MAPPED) ? mapping((Region) buffer, layout) : null;
        return mapping != null && last.filling().isSame(mapping, layout, last, part, parts);
    }

    private @Nullable Mapping mapping(Region region, Layout layout) throws LinuxException {
        if (!region.info.mappable() || mappingRefusal != null) {
            return null;
        }
        lock.lock();
        try {
            Mapping mapped = region.mapping;
            if (mapped != null && mapped.size() >= layout.bytes()) {
                return mapped;
            }
            mapped = device.map(region.info, 0, layout.bytes(), Access.READ);
            region.remap(mapped);
            return mapped;
        } catch (LinuxException e) {
            if (!FINAL_REFUSALS.contains(e.errno())) {
                // Not read instead, this once: what a driver that can be mapped answers to reading is hardly ever asked
                // for, and mdpy's is wrong.
                throw e;
            }
            mappingRefusal = e.getMessage();
            System.getLogger(Screen.class.getName())
                    .log(
                            System.Logger.Level.INFO,
                            "{0}: its region is read, because it cannot be mapped: {1}",
                            device,
                            e);
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void readThrough(RegionInfo region, Plane plane, Layout layout, Frame into) throws IOException {
        boolean direct = layout.isPlain() && layout.strideBytes() == layout.lineBytes();
        ByteBuffer target = direct
                ? into.resize(layout.width(), layout.height())
                : into.filling().scratch(layout.bytes());
        try (NativeMemory chunk = calls.allocate(Math.min(CHUNK, layout.bytes()))) {
            int done = 0;
            while (done < layout.bytes()) {
                int at = done;
                int got = device.read(region, at, chunk, Math.min(chunk.size(), layout.bytes() - at));
                if (got == 0) {
                    throw new UnusablePlaneException(device.name(), plane, "its region ends after " + at + " bytes");
                }
                chunk.lend(bytes -> target.put(at, bytes, 0, got));
                done += got;
            }
        }
        if (!direct) {
            into.filling().read(target, layout, into);
        }
    }

    private UnreadablePixelsException unreadable(Region region) {
        Map<CapturePath, String> reasons = new EnumMap<>(CapturePath.class);
        String refused = mappingRefusal;
        reasons.put(CapturePath.REGION_MAPPED, refused == null ? NOT_OFFERED : refused);
        reasons.put(CapturePath.REGION_READ, "the region does not offer reading");
        exclude(reasons, CapturePath.REGION_MAPPED);
        exclude(reasons, CapturePath.REGION_READ);
        return new UnreadablePixelsException(device.name(), reasons);
    }

    Optional<String> mappingRefusal() {
        return Optional.ofNullable(mappingRefusal);
    }
}
