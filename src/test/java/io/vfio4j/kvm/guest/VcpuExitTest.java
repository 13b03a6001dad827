package io.vfio4j.kvm.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Kvm;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VcpuExitTest {
    private final EmulatedHost host = EmulatedHost.builder().build();
    private final NativeMemory run = host.systemCalls().allocate(VcpuExit.SMALLEST_RUN);

    @AfterEach
    void close() {
        run.close();
        host.close();
    }

    private void exitByIo(int direction, int size, int port, int count) {
        run.putInt(Kvm.Run.EXIT_REASON, Kvm.KVM_EXIT_IO);
        run.putByte(Kvm.Run.IO_DIRECTION, direction);
        run.putByte(Kvm.Run.IO_SIZE, size);
        run.putShort(Kvm.Run.IO_PORT, port);
        run.putInt(Kvm.Run.IO_COUNT, count);
    }

    @Test
    void aByteToAPortIsWhatGuestsLeaveFor() {
        exitByIo(1, 1, 0xffff, 1);
        assertEquals(0xffff, VcpuExit.portWritten(run));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 16, 1, 1 times 1 bytes from port 0x10",
        "1, 2, 16, 1, 1 times 2 bytes to port 0x10",
        "1, 1, 16, -1, 4294967295 times 1 bytes to port 0x10"
    })
    void otherInputAndOutputIsNotExpected(int direction, int size, int port, int count, String text) {
        exitByIo(direction, size, port, count);
        assertTrue(VcpuExit.portWritten(run) < 0);
        assertEquals("KVM_EXIT_IO: " + text, VcpuExit.describe(run));
    }

    @ParameterizedTest
    @CsvSource({
        "3,  KVM_EXIT_HYPERCALL",
        "5,  KVM_EXIT_HLT",
        "6,  'KVM_EXIT_MMIO: memory that is not there, 0xffffffffffffffff'",
        "8,  KVM_EXIT_SHUTDOWN",
        "9,  'KVM_EXIT_FAIL_ENTRY: hardware reason 0xffffffffffffffff'",
        "10, KVM_EXIT_INTR",
        "17, 'KVM_EXIT_INTERNAL_ERROR: 4294967295'",
        "-1, exit reason 4294967295"
    })
    void everyExitHasAName(int reason, String text) {
        run.putLong(Kvm.Run.MMIO_PHYS_ADDR, -1);
        run.putInt(Kvm.Run.EXIT_REASON, reason);
        assertTrue(VcpuExit.portWritten(run) < 0);
        assertEquals(text, VcpuExit.describe(run));
    }

    @Test
    void noContentLeadsAnywhere() {
        SplittableRandom random = new SplittableRandom(42);
        byte[] noise = new byte[VcpuExit.SMALLEST_RUN];
        for (int i = 0; i < 10_000; i++) {
            random.nextBytes(noise);
            noise[Kvm.Run.EXIT_REASON] = (byte) random.nextInt(20);
            noise[Kvm.Run.EXIT_REASON + 1] = 0;
            noise[Kvm.Run.EXIT_REASON + 2] = 0;
            noise[Kvm.Run.EXIT_REASON + 3] = 0;
            run.putBytes(0, noise);
            assertTrue(VcpuExit.portWritten(run) <= 0xffff);
            assertTrue(VcpuExit.describe(run).length() < 100, "seed 42, round " + i);
        }
    }
}
