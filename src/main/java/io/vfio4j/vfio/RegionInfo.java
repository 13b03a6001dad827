package io.vfio4j.vfio;

import io.vfio4j.linux.uapi.Vfio;
import java.util.List;

/**
 * What VFIO_DEVICE_GET_REGION_INFO says.
 *
 * @param index the region's index
 * @param flags {@code VFIO_REGION_INFO_FLAG_…}
 * @param size its size in bytes, unsigned; 0 for a region that is not there
 * @param offset where it starts in the device's descriptor
 * @param capabilities decoded where vfio4j knows them
 * @param raw the reply
 */
public record RegionInfo(int index, int flags, long size, long offset, List<Capability> capabilities, Bytes raw) {

    /**
     * Whether it can be read.
     *
     * @return whether {@code VFIO_REGION_INFO_FLAG_READ} is set
     */
    public boolean readable() {
        return (flags & Vfio.VFIO_REGION_INFO_FLAG_READ) != 0;
    }

    /**
     * Whether it can be written.
     *
     * @return whether {@code VFIO_REGION_INFO_FLAG_WRITE} is set
     */
    public boolean writable() {
        return (flags & Vfio.VFIO_REGION_INFO_FLAG_WRITE) != 0;
    }

    /**
     * Whether it, or the areas of its sparse capability, can be mapped.
     *
     * @return whether {@code VFIO_REGION_INFO_FLAG_MMAP} is set
     */
    public boolean mappable() {
        return (flags & Vfio.VFIO_REGION_INFO_FLAG_MMAP) != 0;
    }
}
