package io.vfio4j.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NativeMemoryTest {
    private final List<String> freed = new ArrayList<>();
    private final NativeMemory memory = memory("memory");
    private final NativeMemory target = memory("target");

    private NativeMemory memory(String name) {
        return new NativeMemory(ByteBuffer.allocate(16), 0x1000, () -> freed.add(name));
    }

    @Test
    void is_freed_once() {
        memory.close();
        memory.close();
        assertEquals(List.of("memory"), freed);
    }

    @Test
    void is_freed_when_its_last_loan_ends() {
        memory.acquire();
        memory.close();
        assertEquals(List.of(), freed);
        memory.release();
        assertEquals(List.of("memory"), freed);
    }

    @Test
    void keeps_what_it_points_to_until_it_is_closed() {
        memory.putAddress(0, target);
        target.close();
        assertEquals(List.of(), freed);
        memory.close();
        assertEquals(List.of("memory", "target"), freed);
    }

    @Test
    void keeps_what_it_points_to_as_long_as_a_system_call_is_in_it() {
        memory.putAddress(0, target);
        memory.acquire();
        memory.close();
        target.close();
        assertEquals(List.of(), freed);
        memory.release();
        assertEquals(List.of("memory", "target"), freed);
    }

    @Test
    void keeps_nothing_when_the_pointer_could_not_be_written() {
        assertThrows(IndexOutOfBoundsException.class, () -> memory.putAddress(9, target));
        target.close();
        assertEquals(List.of("target"), freed);
        memory.close();
        NativeMemory other = memory("other");
        assertThrows(ClosedException.class, () -> memory.putAddress(0, other));
        other.close();
        assertEquals(List.of("target", "memory", "other"), freed);
    }
}
