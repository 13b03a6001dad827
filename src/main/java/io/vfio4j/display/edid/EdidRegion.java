package io.vfio4j.display.edid;

import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.Capability;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The registers of {@code struct vfio_region_gfx_edid}, and the EDID behind them. Registers are accessed one by one, as their drivers
 * want it. Where the EDID is, and how long, say the registers: with GVT-g it is beyond the region's own size.
 */
final class EdidRegion {
    private static final String OPERATION = "EDID region";
    /** Far more than any driver has; what is above is a malformed answer. */
    private static final long MOST_OFFSET = 16L << 20;

    private static final int MOST_ROOM = 64 * 1024;

    private final VfioDevice device;
    private final RegionInfo region;

    private EdidRegion(VfioDevice device, RegionInfo region) {
        this.device = device;
        this.region = region;
    }

    /** By its type, whatever its index. */
    static Optional<EdidRegion> find(VfioDevice device) throws IOException {
        return device.regions().stream()
                .filter(region -> region.capabilities().stream().anyMatch(EdidRegion::isEdidType))
                .findFirst()
                .map(region -> new EdidRegion(device, region));
    }

    private static boolean isEdidType(Capability capability) {
        return capability.id() == Vfio.VFIO_REGION_INFO_CAP_TYPE
                && capability.bytes().size() >= Vfio.RegionInfoCapType.SIZE
                && capability.bytes().getInt(Vfio.RegionInfoCapType.TYPE) == Vfio.VFIO_REGION_TYPE_GFX
                && capability.bytes().getInt(Vfio.RegionInfoCapType.SUBTYPE) == Vfio.VFIO_REGION_SUBTYPE_GFX_EDID;
    }

    String deviceName() {
        return device.name();
    }

    int register(int offset) throws IOException {
        return ByteBuffer.wrap(read(offset, Integer.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }

    void setRegister(int offset, int value) throws IOException {
        write(
                offset,
                ByteBuffer.allocate(Integer.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    /** How long an EDID the device takes. */
    int mostBytes() throws IOException {
        int most = register(Vfio.RegionGfxEdid.EDID_MAX_SIZE);
        if (most < Edid.BLOCK_BYTES || most > MOST_ROOM) {
            throw malformed("edid_max_size", most, Edid.BLOCK_BYTES + " to " + MOST_ROOM);
        }
        return most;
    }

    byte[] blob() throws IOException {
        int size = register(Vfio.RegionGfxEdid.EDID_SIZE);
        int most = mostBytes();
        if (size < 0 || size > most) {
            throw malformed("edid_size", size, "0 to edid_max_size, which is " + most);
        }
        return size == 0 ? new byte[0] : read(blobOffset(), size);
    }

    /** The size first: with GVT-g it bounds what may be written. */
    void setBlob(byte[] blob) throws IOException {
        setRegister(Vfio.RegionGfxEdid.EDID_SIZE, blob.length);
        if (blob.length > 0) {
            write(blobOffset(), blob);
        }
    }

    private long blobOffset() throws IOException {
        int offset = register(Vfio.RegionGfxEdid.EDID_OFFSET);
        if (offset < Vfio.RegionGfxEdid.SIZE || offset > MOST_OFFSET) {
            throw malformed("edid_offset", offset, Vfio.RegionGfxEdid.SIZE + " to " + MOST_OFFSET);
        }
        return offset;
    }

    private byte[] read(long position, int length) throws IOException {
        try (NativeMemory memory = device.systemCalls().allocate(length)) {
            int read = device.read(region, position, memory, length);
            byte[] bytes = memory.getBytes(0, length);
            if (read != length) {
                throw new MalformedReplyException(
                        OPERATION, device.name(), "read " + read + " of " + length + " bytes at " + position, bytes);
            }
            return bytes;
        }
    }

    private void write(long position, byte[] bytes) throws IOException {
        try (NativeMemory memory = device.systemCalls().allocate(bytes.length)) {
            memory.putBytes(0, bytes);
            int written = device.write(region, position, memory, bytes.length);
            if (written != bytes.length) {
                throw new MalformedReplyException(
                        OPERATION,
                        device.name(),
                        "wrote " + written + " of " + bytes.length + " bytes at " + position,
                        bytes);
            }
        }
    }

    private MalformedReplyException malformed(String register, int value, String sensible) {
        return new MalformedReplyException(
                OPERATION,
                device.name(),
                register + " is " + Integer.toUnsignedString(value) + ", not " + sensible,
                new byte[0]);
    }
}
