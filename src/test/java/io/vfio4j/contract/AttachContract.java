package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.DmaInfo;
import io.vfio4j.vfio.DmaMapping;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.IoAddressSpace;
import io.vfio4j.vfio.IovaRange;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How a device is attached and what it may be given to reach, by every path that the kernel has. The same on every kernel; a
 * subclass says on which.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class AttachContract {
    private static final String DIALECT = "port-display";
    private static final int PAGE = 4096;
    private static final long IOVA = 0x10_0000;

    private TestHost host;
    private SystemCalls calls;
    private long descriptorsBefore;

    abstract TestHost openHost() throws IOException;

    /** Asked before there is a host. */
    abstract Stream<AttachPath> paths();

    private Stream<Arguments> pairsOfPaths() {
        return paths().flatMap(first -> paths().map(second -> Arguments.of(first, second)));
    }

    @BeforeEach
    void open() throws IOException {
        host = openHost();
        calls = host.systemCalls();
        assertEquals(java.util.Set.copyOf(paths().toList()), host.paths());
        descriptorsBefore = host.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
        host.close();
    }

    private VfioDevice attach(TestVgpu vgpu, AttachPath path) throws IOException {
        return attach(vgpu, AttachOptions.DEFAULTS.withPath(path));
    }

    private VfioDevice attach(TestVgpu vgpu, AttachOptions options) throws IOException {
        return VfioDevice.open(calls, HostDevice.of(calls, vgpu.mdev()), options);
    }

    /** The device works: it answers, which before it is bound it would not. */
    private static void assertUsable(VfioDevice device) throws IOException {
        assertTrue(device.info().irqs() > 0);
        assertFalse(device.planeAccess().isEmpty());
    }

    private LinuxException assertRefused(int errno, String operation, Attempt attempt) throws IOException {
        long before = host.openDescriptors();
        LinuxException e = assertThrows(LinuxException.class, attempt::run);
        assertEquals(errno, e.errno(), e.getMessage());
        assertEquals(operation, e.operation(), e.getMessage());
        assertFalse(e.advice().isEmpty(), e.getMessage());
        assertEquals(before, host.openDescriptors(), () -> "open descriptors after " + e.getMessage());
        return e;
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static void assertSays(LinuxException e, String part) {
        assertTrue(e.getMessage().contains(part), () -> "'" + e.getMessage() + "' does not say '" + part + "'");
    }

    @Test
    void theOwnNodeIsTakenWhereThereIsOneElseTheGroup() throws Exception {
        AttachPath expected = paths().anyMatch(AttachPath.CDEV::equals) ? AttachPath.CDEV : AttachPath.GROUP;
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = VfioDevice.open(calls, vgpu.mdev())) {
            assertEquals(Optional.of(expected), device.path());
            assertUsable(device);
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aPathCanBeForced(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path)) {
            assertEquals(Optional.of(path), device.path());
            assertUsable(device);
        }
    }

    @Test
    void aPathThatIsNotThereIsRefusedWithAWordOnTheOther() throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT)) {
            for (AttachPath path : AttachPath.values()) {
                if (host.paths().contains(path)) {
                    continue;
                }
                String operation = path == AttachPath.GROUP ? "look up the group of" : "look up the node of";
                int errno = path == AttachPath.GROUP ? Errno.ENODEV : Errno.ENOENT;
                LinuxException e = assertRefused(errno, operation, () -> attach(vgpu, path));
                assertSays(e, path == AttachPath.GROUP ? "/dev/vfio/devices/vfio" : "Linux 6.6");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pairsOfPaths")
    void whoeverComesSecondIsToldWhoMayHaveTheDevice(AttachPath first, AttachPath second) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, first)) {
            boolean bothBind = first == AttachPath.CDEV && second == AttachPath.CDEV;
            LinuxException e = assertRefused(
                    bothBind ? Errno.EINVAL : Errno.EBUSY,
                    second == AttachPath.CDEV ? "VFIO_DEVICE_BIND_IOMMUFD" : "open",
                    () -> attach(vgpu, second));
            assertSays(e, "fuser");
            assertSays(e, second == AttachPath.CDEV ? "/dev/vfio/devices/vfio" : "/dev/vfio/");
            assertUsable(device);
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aDeviceThatIsTakenIsNotTriedByTheOtherPath(AttachPath first) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, first)) {
            LinuxException e = assertThrows(LinuxException.class, () -> VfioDevice.open(calls, vgpu.mdev()));
            assertTrue(e.errno() == Errno.EBUSY || e.errno() == Errno.EINVAL, e.getMessage());
            assertEquals(0, e.getSuppressed().length);
            assertFalse(e.getMessage().contains("tried first"), e.getMessage());
            assertUsable(device);
        }
    }

    @ParameterizedTest
    @MethodSource("pairsOfPaths")
    void aClosedDeviceIsFreeForEitherPathAtOnce(AttachPath first, AttachPath second) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT)) {
            VfioDevice closed = attach(vgpu, first);
            closed.close();
            closed.close();
            assertThrows(ClosedException.class, closed::info);
            try (VfioDevice device = attach(vgpu, second)) {
                assertUsable(device);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void twoDevicesAreAttachedSideBySide(AttachPath path) throws Exception {
        try (TestVgpu one = host.create(DIALECT);
                TestVgpu other = host.create(DIALECT);
                VfioDevice first = attach(one, path);
                VfioDevice second = attach(other, path)) {
            assertUsable(first);
            assertUsable(second);
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aDriverThatWantsAVmSaysSo(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.createForVm(DIALECT)) {
            String operation = path == AttachPath.CDEV ? "VFIO_DEVICE_BIND_IOMMUFD" : "VFIO_GROUP_GET_DEVICE_FD";
            LinuxException e = assertRefused(Errno.ESRCH, operation, () -> attach(vgpu, path));
            assertSays(e, "KVM VM");
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aDriverThatWantsAVmGetsItsDeviceWithOne(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.createForVm(DIALECT);
                KvmVm vm = KvmVm.createBare(calls)) {
            for (int time = 0; time < 2; time++) {
                try (VfioDevice device =
                        attach(vgpu, AttachOptions.DEFAULTS.withPath(path).withVm(vm))) {
                    assertUsable(device);
                }
            }
            assertRefused(
                    Errno.ESRCH,
                    path == AttachPath.CDEV ? "VFIO_DEVICE_BIND_IOMMUFD" : "VFIO_GROUP_GET_DEVICE_FD",
                    () -> attach(vgpu, path));
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aVmHasOneVgpuAndASecondIsRefused(AttachPath path) throws Exception {
        try (TestVgpu one = host.createForVm(DIALECT);
                TestVgpu other = host.createForVm(DIALECT);
                KvmVm vm = KvmVm.createBare(calls)) {
            AttachOptions options = AttachOptions.DEFAULTS.withPath(path).withVm(vm);
            try (VfioDevice device = attach(one, options)) {
                LinuxException e = assertRefused(
                        Errno.EEXIST,
                        path == AttachPath.CDEV ? "VFIO_DEVICE_BIND_IOMMUFD" : "VFIO_GROUP_GET_DEVICE_FD",
                        () -> attach(other, options));
                assertSays(e, "VM");
                assertUsable(device);
            }
            attach(other, options).close();
        }
    }

    @Test
    void withAVmTheSameDefaultPathIsTaken() throws Exception {
        try (TestVgpu vgpu = host.createForVm(DIALECT);
                KvmVm vm = KvmVm.createBare(calls);
                VfioDevice device = VfioDevice.open(calls, vgpu.mdev(), vm)) {
            assertTrue(paths().anyMatch(device.path().orElseThrow()::equals));
            assertUsable(device);
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aDeviceSaysWhatCanBeMapped(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path)) {
            DmaInfo info = device.dma().orElseThrow().info();
            assertEquals(PAGE, info.alignment());
            assertEquals(PAGE, Long.lowestOneBit(info.pageSizes()));
            // Its driver does what a mediated device is said to do, and that has no IOMMU between it and any address.
            assertEquals(List.of(new IovaRange(0, -1)), info.ranges());
            if (path == AttachPath.GROUP) {
                assertEquals(65535, info.mappingsLeft().orElseThrow());
            } else {
                assertTrue(info.mappingsLeft().isEmpty());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void memoryIsMappedAndUnmapped(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path);
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            IoAddressSpace dma = device.dma().orElseThrow();
            DmaMapping high = dma.map(-(long) PAGE * 2, memory, 2 * PAGE, PAGE, Access.WRITE);
            DmaMapping low = dma.map(IOVA, memory, Access.READ_WRITE);
            assertEquals(List.of(low, high), dma.mappings());
            assertEquals(IOVA, low.iova());
            assertEquals(4 * PAGE, low.length());
            assertEquals(Access.READ_WRITE, low.access());
            assertEquals(PAGE, high.length());
            low.close();
            low.close();
            assertEquals(List.of(high), dma.mappings());
            try (DmaMapping again = dma.map(IOVA, memory, Access.READ)) {
                assertEquals(List.of(again, high), dma.mappings());
            }
            high.close();
            assertEquals(List.of(), dma.mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void whatOverlapsIsRefusedAndTheOtherNamed(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path);
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            IoAddressSpace dma = device.dma().orElseThrow();
            DmaMapping first = dma.map(IOVA, memory, Access.READ_WRITE);
            for (long iova : new long[] {IOVA, IOVA - PAGE, IOVA + 3 * PAGE}) {
                LinuxException e = assertRefused(
                        Errno.EEXIST, mapOperation(path), () -> dma.map(iova, memory, 0, 2 * PAGE, Access.READ));
                assertSays(e, first.toString());
            }
            assertEquals(List.of(first), dma.mappings());
            DmaMapping before = dma.map(IOVA - 2 * PAGE, memory, 0, 2 * PAGE, Access.READ);
            DmaMapping behind = dma.map(IOVA + 4 * PAGE, memory, 0, 2 * PAGE, Access.READ);
            assertEquals(List.of(before, first, behind), dma.mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void whatIsNotAlignedIsRefusedWithTheReason(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path);
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            IoAddressSpace dma = device.dma().orElseThrow();
            assertSays(
                    assertRefused(
                            Errno.EINVAL, mapOperation(path), () -> dma.map(IOVA + 512, memory, 0, PAGE, Access.READ)),
                    "address 0x100200 is no multiple of 4096");
            assertSays(
                    assertRefused(
                            Errno.EINVAL, mapOperation(path), () -> dma.map(IOVA, memory, 0, PAGE + 8, Access.READ)),
                    "length 4104 is no multiple of 4096");
            assertSays(
                    assertRefused(Errno.EINVAL, mapOperation(path), () -> dma.map(IOVA, memory, 16, PAGE, Access.READ)),
                    "offset 16");
            assertEquals(List.of(), dma.mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void whatCannotBeMemoryIsNotEvenAsked(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path);
                NativeMemory memory = calls.allocatePages(2 * PAGE)) {
            IoAddressSpace dma = device.dma().orElseThrow();
            List<Function<IoAddressSpace, Attempt>> wrong = List.of(
                    space -> () -> space.map(IOVA, memory, 0, 0, Access.READ),
                    space -> () -> space.map(IOVA, memory, 0, -PAGE, Access.READ),
                    space -> () -> space.map(IOVA, memory, PAGE, 2 * PAGE, Access.READ),
                    space -> () -> space.map(IOVA, memory, -PAGE, PAGE, Access.READ),
                    space -> () -> space.map(IOVA, memory, Integer.MAX_VALUE, Integer.MAX_VALUE, Access.READ),
                    space -> () -> space.map(-PAGE, memory, 0, 2 * PAGE, Access.READ));
            for (Function<IoAddressSpace, Attempt> each : wrong) {
                assertThrows(IllegalArgumentException.class, each.apply(dma)::run);
            }
            NativeMemory closed = calls.allocatePages(PAGE);
            closed.close();
            assertThrows(ClosedException.class, () -> dma.map(IOVA, closed, Access.READ));
            assertEquals(List.of(), dma.mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void theLastPageIsMappedOnlyWhereItCanBeUnmapped(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            IoAddressSpace dma = device.dma().orElseThrow();
            if (path == AttachPath.GROUP) {
                assertThrows(IllegalArgumentException.class, () -> dma.map(-PAGE, memory, Access.READ));
            } else {
                dma.map(-PAGE, memory, Access.READ).close();
            }
            assertEquals(List.of(), dma.mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void memoryThatItsOwnerHasClosedStaysWhileItIsMapped(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                VfioDevice device = attach(vgpu, path)) {
            NativeMemory memory = calls.allocatePages(PAGE);
            DmaMapping mapping = device.dma().orElseThrow().map(IOVA, memory, Access.READ_WRITE);
            memory.close();
            assertThrows(ClosedException.class, () -> memory.getInt(0));
            mapping.close();
            assertEquals(List.of(), device.dma().orElseThrow().mappings());
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void everythingIsUnmappedWhenTheDeviceIsClosed(AttachPath path) throws Exception {
        try (TestVgpu vgpu = host.create(DIALECT);
                NativeMemory memory = calls.allocatePages(8 * PAGE)) {
            VfioDevice device = attach(vgpu, path);
            IoAddressSpace dma = device.dma().orElseThrow();
            for (int page = 0; page < 8; page++) {
                dma.map(IOVA + 2L * page * PAGE, memory, page * PAGE, PAGE, Access.READ_WRITE);
            }
            DmaMapping one = dma.mappings().get(3);
            device.close();
            assertEquals(List.of(), dma.mappings());
            one.close();
            assertThrows(ClosedException.class, () -> dma.map(IOVA, memory, Access.READ));
            assertThrows(ClosedException.class, dma::info);
            try (VfioDevice again = attach(vgpu, path)) {
                assertEquals(List.of(), again.dma().orElseThrow().mappings());
                again.dma().orElseThrow().map(IOVA, memory, Access.READ_WRITE).close();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void theMappingsOfOneDeviceAreNoneOfAnothers(AttachPath path) throws Exception {
        try (TestVgpu one = host.create(DIALECT);
                TestVgpu other = host.create(DIALECT);
                VfioDevice first = attach(one, path);
                VfioDevice second = attach(other, path);
                NativeMemory memory = calls.allocatePages(PAGE);
                DmaMapping mapping = first.dma().orElseThrow().map(IOVA, memory, Access.READ_WRITE);
                DmaMapping same = second.dma().orElseThrow().map(IOVA, memory, Access.READ_WRITE)) {
            assertEquals(List.of(mapping), first.dma().orElseThrow().mappings());
            assertEquals(List.of(same), second.dma().orElseThrow().mappings());
            assertSame(mapping, first.dma().orElseThrow().mappings().get(0));
        }
    }

    @Test
    void aDeviceFromElsewhereHasNeitherPathNorMappings() throws Exception {
        AttachPath path = paths().findFirst().orElseThrow();
        try (TestVgpu vgpu = host.create(DIALECT);
                PlainDevice plain = PlainDevice.open(calls, vgpu.mdev(), path);
                VfioDevice device = VfioDevice.adopt(calls, plain.device(), "adopted")) {
            assertEquals(Optional.empty(), device.path());
            assertTrue(device.dma().isEmpty());
            assertUsable(device);
        }
    }

    private static String mapOperation(AttachPath path) {
        return path == AttachPath.GROUP ? "VFIO_IOMMU_MAP_DMA" : "IOMMU_IOAS_MAP";
    }
}
