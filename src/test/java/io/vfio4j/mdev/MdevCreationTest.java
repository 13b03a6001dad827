package io.vfio4j.mdev;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class MdevCreationTest {
    private static final UUID WANTED = UUID.fromString("12345678-90ab-cdef-1234-567890abcdef");
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static EmulatedHost gpu(Duration nodeDelay) {
        return EmulatedHost.builder()
                .parent(VgpuProfile.MAINLINE)
                .aperture(256)
                .nodesAppearAfter(nodeDelay)
                .build();
    }

    private static MdevType type(EmulatedHost host, String name) throws LinuxException {
        return MdevParent.find(host.systemCalls(), "0000:00:02.0").type(host.systemCalls(), name);
    }

    @Test
    void aDeviceHasTheUuidItIsGivenOrARandomOne() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            MdevType type = type(host, "i915-GVTg_V5_8");
            MdevDevice given = type.create(host.systemCalls(), WANTED);
            assertEquals(WANTED, given.uuid());
            assertEquals("i915-GVTg_V5_8", given.type());
            assertEquals("0000:00:02.0", given.parent());
            MdevDevice random = type.create(host.systemCalls());
            assertEquals(4, random.uuid().version());
            assertNotEquals(given.uuid(), random.uuid());
            assertEquals(2, MdevDevice.list(host.systemCalls()).size());
        }
    }

    @Test
    void aUuidThatIsTakenIsSaidToBeSo() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            MdevType type = type(host, "i915-GVTg_V5_8");
            type.create(host.systemCalls(), WANTED);
            LinuxException refusal = assertThrows(LinuxException.class, () -> type.create(host.systemCalls(), WANTED));
            assertEquals(Errno.EEXIST, refusal.errno());
            assertTrue(refusal.advice().contains("of the type i915-GVTg_V5_8 on 0000:00:02.0"), refusal.getMessage());
        }
    }

    @Test
    void whenNoInstanceIsLeftTheTypesAreNamedThatHaveSome() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            SystemCalls calls = host.systemCalls();
            type(host, "i915-GVTg_V5_8").create(calls);
            assertEquals(0, type(host, "i915-GVTg_V5_4").availableInstances().orElseThrow());
            LinuxException refusal = assertThrows(
                    LinuxException.class, () -> type(host, "i915-GVTg_V5_4").create(calls));
            assertEquals(Errno.ENOSPC, refusal.errno());
            assertEquals(
                    "0000:00:02.0 has no room for another i915-GVTg_V5_4; it has for i915-GVTg_V5_8 (1).",
                    refusal.advice());
            type(host, "i915-GVTg_V5_8").create(calls);
            LinuxException full = assertThrows(
                    LinuxException.class, () -> type(host, "i915-GVTg_V5_8").create(calls));
            assertTrue(full.advice().contains("remove a device of it first"), full.getMessage());
        }
    }

    @Test
    void theLimitOfTheMdevCoreIsExplainedToo() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().parent(VgpuProfile.MDPY).build()) {
            MdevType type = MdevParent.find(host.systemCalls(), "mdpy").type(host.systemCalls(), "mdpy-vga");
            for (int i = 0; i < 4; i++) {
                type.create(host.systemCalls());
            }
            LinuxException refusal = assertThrows(LinuxException.class, () -> type.create(host.systemCalls()));
            assertEquals(Errno.EUSERS, refusal.errno());
            assertTrue(refusal.advice().contains("mdpy has no room for another mdpy-vga"), refusal.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "EACCES, open, Only root may create",
        "EPERM, write, Only root may create",
        "EROFS, open, mounted read-only",
        "ENOENT, open, The type is gone",
        "ENODEV, write, is being unloaded",
        "EINVAL, write, dmesg",
        "ENOMEM, write, dmesg",
        "EIO, write, dmesg"
    })
    void whateverTheKernelRefusesIsExplained(String errno, String operation, String advice) throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            MdevType type = type(host, "i915-GVTg_V5_8");
            host.faults()
                    .failOn(operation, "/create", Errno.class.getField(errno).getInt(null));
            LinuxException refusal = assertThrows(LinuxException.class, () -> type.create(host.systemCalls(), WANTED));
            assertEquals(errno, refusal.errnoName());
            assertTrue(refusal.advice().contains(advice), refusal.getMessage());
            assertEquals(List.of(), MdevDevice.list(host.systemCalls()));
        }
    }

    /** The samples of kernels before 5.19 refused with ENOMEM what they had no instance for. */
    @Test
    void anErrorWhereNothingIsAvailableIsExplainedByThat() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            type(host, "i915-GVTg_V5_4").create(host.systemCalls());
            host.faults().failOn("write", "/create", Errno.ENOMEM);
            LinuxException refusal = assertThrows(
                    LinuxException.class, () -> type(host, "i915-GVTg_V5_4").create(host.systemCalls()));
            assertTrue(refusal.advice().contains("has no room for another"), refusal.getMessage());
        }
    }

    @Test
    void theNodeIsWaitedForOnTheHostsClock() throws Exception {
        try (EmulatedHost host = gpu(Duration.ofMillis(730))) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            assertEquals(List.of(host.vgpu().groupPath()), device.nodes(host.systemCalls()));
            assertEquals(List.of(host.vgpu().groupPath()), device.awaitNodes(host.systemCalls(), PATIENCE));
            long passed = host.clock().nanoTime();
            assertTrue(passed >= 730_000_000 && passed <= 830_000_000, passed + " ns");
            assertEquals(0, host.openDescriptors(), host.openFiles().toString());
        }
    }

    @Test
    void aNodeThatIsThereIsNotWaitedFor() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            device.awaitNodes(host.systemCalls(), Duration.ZERO);
            assertEquals(0, host.clock().nanoTime());
        }
    }

    @Test
    void aNodeThatDoesNotAppearInTimeIsNamed() throws Exception {
        try (EmulatedHost host = gpu(Duration.ofSeconds(60))) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            LinuxException late =
                    assertThrows(LinuxException.class, () -> device.awaitNodes(host.systemCalls(), PATIENCE));
            assertEquals(Errno.ETIMEDOUT, late.errno());
            assertTrue(late.advice().contains("but not " + host.vgpu().groupPath()), late.getMessage());
            assertEquals(PATIENCE.toNanos(), host.clock().nanoTime());
            assertEquals(0, host.openDescriptors());
        }
    }

    @Test
    void aDeviceWithoutAVfioDriverNeverGetsANode() throws Exception {
        try (EmulatedHost host = gpu(Duration.ZERO)) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            host.faults().failOn("readlink", "/iommu_group", Errno.ENOENT);
            LinuxException late =
                    assertThrows(LinuxException.class, () -> device.awaitNodes(host.systemCalls(), PATIENCE));
            assertTrue(late.advice().contains("neither a VFIO group nor a node"), late.getMessage());
        }
    }

    @Test
    void aDeviceThatIsRemovedMeanwhileIsNotWaitedFor() throws Exception {
        try (EmulatedHost host = gpu(Duration.ofSeconds(60))) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            host.vgpu().remove();
            LinuxException gone =
                    assertThrows(LinuxException.class, () -> device.awaitNodes(host.systemCalls(), PATIENCE));
            assertEquals(Errno.ENODEV, gone.errno());
            assertEquals(0, host.clock().nanoTime());
        }
    }

    @Test
    void theThreadOfALoopMustNotWait() throws Exception {
        try (EmulatedHost host = gpu(Duration.ofSeconds(1));
                EventLoop loop = EventLoop.stepped(host.systemCalls())) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            List<Throwable> refusals = new ArrayList<>();
            loop.run(() -> {
                refusals.add(assertThrows(
                        IllegalStateException.class, () -> device.awaitNodes(host.systemCalls(), PATIENCE)));
                refusals.add(assertThrows(
                        IllegalStateException.class,
                        () -> MdevDevice.remove(host.systemCalls(), device.uuid(), PATIENCE)));
            });
            assertEquals(2, refusals.size());
            assertEquals(1, MdevDevice.list(host.systemCalls()).size());
        }
    }

    @Test
    void anInterruptEndsTheWaitInRealTimeToo() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder()
                .parent(VgpuProfile.MAINLINE)
                .nodesAppearAfter(Duration.ofDays(1))
                .realTime()
                .build()) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            AtomicReference<Throwable> end = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            Thread waiter = new Thread(() -> {
                started.countDown();
                end.set(assertThrows(
                        InterruptedException.class,
                        () -> device.awaitNodes(host.systemCalls(), Duration.ofDays(100_000_000))));
            });
            waiter.start();
            started.await();
            waiter.interrupt();
            waiter.join();
            assertEquals(InterruptedException.class, end.get().getClass());
            assertEquals(0, host.openDescriptors());
        }
    }

    @Test
    void anInterruptEndsTheWaitInVirtualTime() throws Exception {
        try (EmulatedHost host = gpu(Duration.ofDays(1))) {
            MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
            Thread.currentThread().interrupt();
            assertThrows(InterruptedException.class, () -> device.awaitNodes(host.systemCalls(), Duration.ofDays(2)));
            assertEquals(0, host.openDescriptors());
        }
    }

    @Test
    void aHostThatIsSwitchedOffEndsTheWait() throws Exception {
        EmulatedHost host = gpu(Duration.ofSeconds(60));
        MdevDevice device = type(host, "i915-GVTg_V5_8").create(host.systemCalls());
        host.clock().onInstant(() -> {
            if (host.clock().nanoTime() > 1_000_000_000) {
                host.close();
            }
            return false;
        });
        assertThrows(IllegalStateException.class, () -> device.awaitNodes(host.systemCalls(), PATIENCE));
    }
}
