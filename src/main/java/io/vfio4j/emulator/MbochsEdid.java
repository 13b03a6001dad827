package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Vfio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The EDID region of mbochs: handle_edid_regs and handle_edid_blob of samples/vfio-mdev/mbochs.c, which check nothing and refuse
 * nothing; what is out of bounds has no effect.
 */
final class MbochsEdid {
    private static final int BLOB_OFFSET = UserSpace.PAGE / 2;
    private static final int LINK_UP = 1;

    private final ByteBuffer registers =
            ByteBuffer.allocate(Vfio.RegionGfxEdid.SIZE).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] blob = new byte[0x400];
    private final int mostWidth;
    private final int mostHeight;
    private final Runnable connected;

    /** Zeros for no limit. */
    MbochsEdid(int mostWidth, int mostHeight, Runnable connected) {
        this.mostWidth = mostWidth;
        this.mostHeight = mostHeight;
        this.connected = connected;
        registers.putInt(Vfio.RegionGfxEdid.EDID_OFFSET, BLOB_OFFSET);
        registers.putInt(Vfio.RegionGfxEdid.EDID_MAX_SIZE, blob.length);
        registers.putInt(Vfio.RegionGfxEdid.MAX_XRES, mostWidth);
        registers.putInt(Vfio.RegionGfxEdid.MAX_YRES, mostHeight);
    }

    void access(int offset, byte[] bytes, boolean write) {
        if (offset >= BLOB_OFFSET) {
            int at = offset - BLOB_OFFSET;
            if (at + bytes.length <= blob.length) {
                System.arraycopy(
                        write ? bytes : blob, write ? 0 : at, write ? blob : bytes, write ? at : 0, bytes.length);
            }
        } else if (bytes.length == Integer.BYTES && offset + bytes.length <= registers.capacity()) {
            accessRegister(offset, bytes, write);
        }
    }

    private void accessRegister(int offset, byte[] bytes, boolean write) {
        if (!write) {
            registers.get(offset, bytes);
        } else if (offset == Vfio.RegionGfxEdid.LINK_STATE || offset == Vfio.RegionGfxEdid.EDID_SIZE) {
            registers.put(offset, bytes);
            if (offset == Vfio.RegionGfxEdid.LINK_STATE && isUp()) {
                connected.run();
            }
        }
    }

    boolean isUp() {
        return registers.getInt(Vfio.RegionGfxEdid.LINK_STATE) == LINK_UP;
    }

    private int size() {
        return registers.getInt(Vfio.RegionGfxEdid.EDID_SIZE);
    }

    /** What the guest finds in its registers: the EDID, while the link is up. */
    void show(int offset, byte[] bytes) {
        if (isUp() && Integer.compareUnsigned(offset, size()) < 0 && offset + bytes.length <= blob.length) {
            System.arraycopy(blob, offset, bytes, 0, bytes.length);
        }
    }

    /** The mode that a guest takes; empty without a monitor that it understands. */
    Optional<MonitorMode> preferred(Predicate<MonitorMode> possible) {
        byte[] seen = new byte[blob.length];
        for (int i = 0; i < seen.length; i++) {
            byte[] one = new byte[1];
            show(i, one);
            seen[i] = one[0];
        }
        return EdidBlock.isValid(Arrays.copyOf(seen, EdidBlock.SIZE))
                ? Optional.of(EdidBlock.preferred(seen, mode -> isWithin(mode) && possible.test(mode)))
                : Optional.empty();
    }

    private boolean isWithin(MonitorMode mode) {
        return (mostWidth == 0 || mode.width() <= mostWidth) && (mostHeight == 0 || mode.height() <= mostHeight);
    }
}
