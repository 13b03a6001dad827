package io.vfio4j.linux.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.vfio4j.linux.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Memory outside the heap, and the addresses of what is there. */
final class Allocations {
    private Allocations() {}

    static NativeMemory allocate(int bytes) {
        requireRoom(bytes);
        Memory memory = new Memory(bytes);
        memory.clear(); // malloc does not
        return new NativeMemory(memory.getByteBuffer(0, bytes), Pointer.nativeValue(memory), memory::close);
    }

    /** Whole pages, so that a device that gets them by DMA gets nothing that belongs to somebody else. */
    static NativeMemory allocatePages(int bytes) {
        requireRoom(bytes);
        long page = Calls.pageSize();
        long whole = (bytes + page - 1) / page * page;
        Memory memory = new Memory(whole + page - 1);
        memory.clear();
        long address = Pointer.nativeValue(memory);
        long offset = (address + page - 1) / page * page - address;
        return new NativeMemory(memory.getByteBuffer(offset, bytes), address + offset, memory::close);
    }

    static NativeMemory wrap(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("not a direct buffer: " + direct);
        }
        requireRoom(direct.capacity());
        ByteBuffer whole = direct.duplicate().clear();
        // The view holds the buffer, and the buffer its memory.
        return new NativeMemory(whole, address(whole), () -> {});
    }

    /** Text as C has it: in UTF-8, with a zero byte behind. */
    static NativeMemory string(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("text with a zero byte: " + text.replace("\0", "\\0"));
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeMemory string = allocate(bytes.length + 1);
        string.putBytes(0, bytes);
        return string;
    }

    /** Where a direct buffer's byte 0 is; valid as long as the buffer is reachable. */
    static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    /** What is mapped there; valid until it is unmapped. */
    static ByteBuffer view(long address, int bytes) {
        return new Pointer(address).getByteBuffer(0, bytes);
    }

    private static void requireRoom(int bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("memory of " + bytes + " bytes");
        }
    }
}
