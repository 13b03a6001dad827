package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a device goes away under its user: drivers/base/dd.c, drivers/vfio/vfio_main.c. */
@Timeout(20)
class RemovalTest {
    private EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private SystemCalls calls = host.systemCalls();
    private Vgpu vgpu = host.vgpu();

    @AfterEach
    void close() {
        host.close();
    }

    private void use(VgpuProfile profile) {
        host.close();
        host = EmulatedHost.of(profile);
        calls = host.systemCalls();
        vgpu = host.vgpu();
    }

    @Test
    void a_device_that_nobody_uses_is_gone_at_once() throws IOException {
        calls.writeText(vgpu.sysfsPath() + "/remove", "1\n");
        assertTrue(host.vgpus().isEmpty());
        assertEquals(List.of(), calls.list("/sys/bus/mdev/devices"));
        assertFalse(calls.list("/sys/kernel/iommu_groups").contains("1"));
        assertEquals(List.of("vfio"), calls.list("/dev/vfio"));
        assertErrno(Errno.ENOENT, () -> calls.writeText(vgpu.sysfsPath() + "/remove", "1"));
        assertTrue(vgpu.remove().isComplete());
    }

    @Test
    void remove_wants_a_number_and_zero_means_no() throws IOException {
        assertErrno(Errno.EINVAL, () -> calls.writeText(vgpu.sysfsPath() + "/remove", "yes"));
        assertErrno(Errno.EINVAL, () -> calls.writeText(vgpu.sysfsPath() + "/remove", "-1"));
        calls.writeText(vgpu.sysfsPath() + "/remove", "0");
        assertEquals(1, host.vgpus().size());
    }

    @Test
    void an_open_device_works_on_and_only_its_driver_link_tells() throws IOException {
        Attached attached = Attached.to(host);
        Descriptor counter = calls.eventFd("counter");
        attached.arm(counter);
        Removal removal = vgpu.remove();
        assertSame(removal, vgpu.remove());
        assertFalse(calls.exists(vgpu.sysfsPath() + "/driver"));
        assertFalse(calls.exists(vgpu.sysfsPath()));
        assertTrue(calls.exists("/sys/class/mdev_bus/0000:00:02.0/" + vgpu.uuid()));
        assertTrue(calls.exists(vgpu.groupPath()));
        vgpu.guest().flip();
        host.clock().advance(Duration.ofMillis(16));
        assertEquals(1L << 56, calls.drain(counter));
        assertErrno(
                Errno.ENODEV,
                () -> Attached.getDevice(calls, attached.group(), vgpu.uuid().toString()));
        assertFalse(removal.isComplete());

        attached.device().close();
        assertTrue(removal.isComplete());
        assertFalse(calls.exists(vgpu.groupPath()));
        try (NativeMemory status = calls.allocate(8)) {
            status.putInt(0, 8);
            assertErrno(Errno.ENODEV, () -> calls.ioctl(attached.group(), Vfio.VFIO_GROUP_GET_STATUS, status));
        }
        attached.close();
        assertFalse(host.clock().advanceToNextEvent(), "nothing goes on for a device that is gone");
    }

    @Test
    void a_device_with_a_request_irq_asks_at_once_and_every_ten_seconds() throws IOException {
        use(VgpuProfile.V6.withRequestIrq(true));
        try (Attached attached = Attached.to(host)) {
            Descriptor request = calls.eventFd("request");
            attached.arm(4, request);
            vgpu.remove();
            assertEquals(1, calls.drain(request));
            host.clock().advance(Duration.ofSeconds(10));
            assertEquals(1, calls.drain(request));
        }
        assertTrue(vgpu.remove().isComplete());
    }

    @Test
    void the_remover_waits_in_virtual_time_until_a_step_has_closed_the_device() throws IOException {
        Attached attached = Attached.to(host);
        String driver = vgpu.sysfsPath() + "/driver";
        host.clock().onInstant(() -> {
            if (calls.exists(driver)
                    || calls.nanoTime() < 250_000_000
                    || attached.device().isClosed()) {
                return false;
            }
            attached.close();
            return true;
        });
        calls.writeText(vgpu.sysfsPath() + "/remove", "1");
        assertTrue(host.vgpus().isEmpty());
        assertEquals(256_000_000, calls.nanoTime());
        assertEquals(0, host.openDescriptors());
    }

    @Test
    void the_remover_waits_for_another_thread_when_nothing_is_scheduled() throws Exception {
        Attached attached = Attached.to(host);
        vgpu.guest().pipe(Pipe.A, false);
        vgpu.stepped(true);
        CompletableFuture<Void> remover = CompletableFuture.runAsync(() -> {
            try {
                calls.writeText(vgpu.sysfsPath() + "/remove", "1");
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
        });
        while (vgpu.removal().isEmpty()) {
            Thread.onSpinWait();
        }
        attached.close();
        remover.get(10, TimeUnit.SECONDS);
        assertTrue(host.vgpus().isEmpty());
    }

    @Test
    void a_step_that_removes_the_device_which_it_keeps_open_is_told_so() throws IOException {
        try (Attached attached = Attached.to(host)) {
            host.clock().onInstant(() -> {
                assertThrows(
                        IllegalStateException.class,
                        () -> attached.calls().writeText(vgpu.sysfsPath() + "/remove", "1"));
                return false;
            });
            host.clock().advance(Duration.ZERO);
            assertFalse(vgpu.remove().isComplete());
        }
    }

    @Test
    void a_remover_that_nobody_answers_is_given_up_after_ten_minutes_of_virtual_time() throws IOException {
        try (Attached attached = Attached.to(host)) {
            host.clock().onInstant(() -> false);
            assertThrows(
                    IllegalStateException.class, () -> attached.calls().writeText(vgpu.sysfsPath() + "/remove", "1"));
        }
    }

    @Test
    void a_mapping_keeps_the_device_open() throws IOException {
        use(VgpuProfile.MDPY);
        Attached attached = Attached.to(host);
        Mapping mapping = calls.map(attached.device(), 4096, 4096, Access.READ);
        Removal removal = vgpu.remove();
        attached.close();
        assertFalse(removal.isComplete());
        assertTrue(mapping.getInt(0) >= 0);
        mapping.close();
        assertTrue(removal.isComplete());
    }
}
