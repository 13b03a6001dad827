package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The address space of the one emulated process. Memory gets addresses that are never used twice, with a hole behind every
 * piece, so a pointer that is stale or leads one byte too far is EFAULT, always.
 */
final class UserSpace {
    static final int PAGE = 4096;

    private final ConcurrentSkipListMap<Long, ByteBuffer> areas = new ConcurrentSkipListMap<>();
    private final AtomicLong next = new AtomicLong(0x7f00_0000_0000L);

    /** Makes bytes addressable until {@link #remove}. */
    long add(ByteBuffer bytes) {
        long pages = (bytes.capacity() + PAGE - 1) / PAGE + 1L;
        long address = next.getAndAdd(pages * PAGE);
        areas.put(address, bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear());
        return address;
    }

    void remove(long address) {
        areas.remove(address);
    }

    /** copy_from_user(). */
    byte[] read(long address, int length) throws KernelError {
        byte[] copy = new byte[length];
        if (length > 0) {
            Map.Entry<Long, ByteBuffer> area = area(address, length);
            area.getValue().get((int) (address - area.getKey()), copy);
        }
        return copy;
    }

    /** copy_from_user() of a structure, to be read by offsets. */
    ByteBuffer struct(long address, int length) throws KernelError {
        return ByteBuffer.wrap(read(address, length)).order(ByteOrder.LITTLE_ENDIAN);
    }

    int readInt(long address) throws KernelError {
        return struct(address, Integer.BYTES).getInt(0);
    }

    /** strndup_user(): EFAULT when the memory ends before the string does, EINVAL when it is longer than allowed. */
    String readString(long address, int limit) throws KernelError {
        Map.Entry<Long, ByteBuffer> area = area(address, 1);
        ByteBuffer bytes = area.getValue();
        int start = (int) (address - area.getKey());
        for (int end = start; end < bytes.capacity(); end++) {
            if (end - start >= limit) {
                throw new KernelError(Errno.EINVAL);
            }
            if (bytes.get(end) == 0) {
                byte[] text = new byte[end - start];
                bytes.get(start, text);
                return new String(text, StandardCharsets.UTF_8);
            }
        }
        throw new KernelError(Errno.EFAULT);
    }

    /** copy_to_user(). */
    void write(long address, byte[] bytes) throws KernelError {
        write(address, bytes, bytes.length);
    }

    /** copy_to_user() of the first bytes of a structure. */
    void write(long address, byte[] bytes, int length) throws KernelError {
        if (length > 0) {
            Map.Entry<Long, ByteBuffer> area = area(address, length);
            area.getValue().put((int) (address - area.getKey()), bytes, 0, length);
        }
    }

    void writeInt(long address, int value) throws KernelError {
        Map.Entry<Long, ByteBuffer> area = area(address, Integer.BYTES);
        area.getValue().putInt((int) (address - area.getKey()), value);
    }

    /** How many bytes there are from an address on; 0 where there is no memory. */
    int available(long address) {
        Map.Entry<Long, ByteBuffer> area = areas.floorEntry(address);
        return area == null
                ? 0
                : (int) Math.max(0, area.getKey() + area.getValue().capacity() - address);
    }

    /** Whether pages can be pinned: memory is there in full, in one piece, and may be written if that is asked for. */
    boolean isAccessible(long address, long length, boolean writing) {
        Map.Entry<Long, ByteBuffer> area = areas.floorEntry(address);
        if (area == null) {
            return false;
        }
        long end = area.getKey() + (area.getValue().capacity() + PAGE - 1L) / PAGE * PAGE;
        return length <= end - address && !(writing && area.getValue().isReadOnly());
    }

    /** How many pieces of memory there are, mapped devices among them. */
    int pieces() {
        return areas.size();
    }

    private Map.Entry<Long, ByteBuffer> area(long address, int length) throws KernelError {
        if (length > available(address)) {
            throw new KernelError(Errno.EFAULT);
        }
        return areas.floorEntry(address);
    }
}
