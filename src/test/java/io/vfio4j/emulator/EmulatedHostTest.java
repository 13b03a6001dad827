package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

class EmulatedHostTest {
    @Test
    @Timeout(20)
    void real_time_passes_by_itself() throws IOException {
        try (EmulatedHost host =
                        EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build();
                Attached attached = Attached.to(host);
                Poller poller = host.systemCalls().openPoller()) {
            assertTrue(host.systemCalls().virtualTime().isEmpty());
            assertFalse(host.clock().isVirtual());
            assertThrows(IllegalStateException.class, () -> host.clock().advance(Duration.ZERO));
            Descriptor counter = host.systemCalls().eventFd("display irq");
            attached.arm(counter);
            poller.add(counter, 1);
            host.vgpu().guest().run(Scenario.FLIP);
            long sum = 0;
            while (sum < 5) {
                long[] value = new long[1];
                poller.poll(new long[1], value, true);
                sum += value[0] >>> 56;
            }
            assertTrue(host.systemCalls().nanoTime() >= 5 * 16_000_000L);
            poller.remove(counter);
            counter.close();
        }
    }

    @Test
    @Timeout(20)
    void a_timer_wakes_a_waiting_poll_in_real_time() throws IOException {
        try (EmulatedHost host = EmulatedHost.builder().realTime().build();
                Poller poller = host.systemCalls().openPoller()) {
            Descriptor timer = host.systemCalls().timerFd("timer");
            poller.add(timer, 3);
            host.systemCalls().arm(timer, 2_000_000);
            long[] token = new long[1];
            assertEquals(1, poller.poll(token, new long[1], true));
            assertEquals(3, token[0]);
        }
    }

    @Test
    @Timeout(20)
    void a_remover_waits_in_real_time() throws Exception {
        try (EmulatedHost host =
                EmulatedHost.builder().vgpu(VgpuProfile.V5).realTime().build()) {
            Attached attached = Attached.to(host);
            Thread closer = new Thread(() -> {
                while (host.vgpu().removal().isEmpty()) {
                    Thread.onSpinWait();
                }
                attached.close();
            });
            closer.start();
            host.systemCalls().writeText(host.vgpu().sysfsPath() + "/remove", "1");
            assertTrue(host.vgpus().isEmpty());
            closer.join();
        }
    }

    @Test
    void vgpus_are_numbered() {
        try (EmulatedHost host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V5)
                .vgpu(VgpuProfile.MDPY)
                .virtualTime()
                .build()) {
            assertEquals(
                    List.of("v5-1", "mdpy-2"),
                    host.vgpus().stream().map(Vgpu::name).toList());
            assertEquals(
                    "00000000-0000-4000-8000-000000000002",
                    host.vgpus().get(1).uuid().toString());
            assertTrue(host.vgpu().toString().startsWith("v5-1 "));
            assertEquals("emulated host in virtual time", host.toString());
        }
    }

    @Test
    void profiles_have_names_and_withers() {
        for (EmulatedDialect dialect : EmulatedDialect.values()) {
            assertEquals(dialect, dialect.profile().dialect());
        }
        assertEquals(
                List.of("v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display", "none", "mdpy", "mbochs"),
                VgpuProfile.names());
        assertEquals(VgpuProfile.MAINLINE, VgpuProfile.named("Mainline"));
        IllegalArgumentException unknown = assertThrows(IllegalArgumentException.class, () -> VgpuProfile.named("v7"));
        assertTrue(unknown.getMessage().contains("v6, pageflip"), unknown.getMessage());
        UUID uuid = UUID.randomUUID();
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6.withUuid(uuid).withBuffers(1))) {
            assertEquals(uuid, host.vgpu().uuid());
        }
        assertThrows(IllegalArgumentException.class, () -> VgpuProfile.V4.withEventValues(1, 2));
        assertRefused("a screen of 70x50; width and height are 64 to 16384", () -> VgpuProfile.V6.withSize(70, 50));
        assertRefused("0 buffers; a guest has 1 to 8", () -> VgpuProfile.V6.withBuffers(0));
        assertRefused("a refresh rate of 0 Hz; it is 1 to 1000", () -> VgpuProfile.V6.withRefreshRate(0));
        assertRefused("mdpy has its screen in no dma-buf", () -> VgpuProfile.MDPY.withMappableDmabufs(true));
        assertRefused("mdpy has its screen in no dma-buf", () -> VgpuProfile.MDPY.withReadOnlyDmabufs(true));
        assertEquals("mdpy", VgpuProfile.MDPY.withMappableDmabufs(false).name(), "as it is anyway");
    }

    @Test
    void memory_has_addresses_that_are_never_used_twice() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            NativeMemory first = host.systemCalls().allocate(100);
            long address = first.acquire();
            first.release();
            first.close();
            NativeMemory second = host.systemCalls().allocatePages(100);
            assertNotEquals(address, second.acquire());
            second.release();
            ByteBuffer direct = ByteBuffer.allocateDirect(64);
            NativeMemory wrapped = host.systemCalls().wrap(direct);
            wrapped.putInt(0, 77);
            assertEquals(77, direct.get(0));
            assertThrows(
                    IllegalArgumentException.class, () -> host.systemCalls().wrap(ByteBuffer.allocate(64)));
        }
    }

    @Test
    void what_is_open_can_be_closed_after_the_host() throws IOException {
        EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
        Attached attached = Attached.to(host);
        host.close();
        host.close();
        attached.close();
        assertEquals(0, host.openDescriptors());
    }

    private static void assertRefused(String message, Executable asked) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, asked).getMessage());
    }
}
