package io.vfio4j.vfio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedDma;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.HostMemory;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a device reaches, seen from its side; and what a kernel that refuses, or does less than asked, is made of. */
class IoAddressSpaceTest {
    private static final int PAGE = 4096;
    private static final long IOVA = 0x4000_0000L;
    private static final VgpuProfile PROFILE = VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV);

    private EmulatedHost host = EmulatedHost.of(PROFILE);
    private SystemCalls calls = host.systemCalls();

    @AfterEach
    void nothingIsLeft() {
        assertEquals(List.of(), host.openFiles());
        assertEquals(List.of(), host.vgpu().dma().mappings());
        assertEquals(0, host.vgpu().dma().pinnedBytes());
        assertEquals(0, HostMemory.pieces(host));
        host.close();
    }

    private void use(EmulatedHost other) {
        host.close();
        host = other;
        calls = host.systemCalls();
    }

    /** Behind an IOMMU, by a process that is not root and may lock this much. */
    private void useIommu(long lockable) {
        use(EmulatedHost.builder()
                .vgpu(PROFILE.withIommu(true))
                .user(1000)
                .lockedMemoryLimit(lockable)
                .build());
        for (String node :
                List.of("/dev/iommu", host.vgpu().nodePath(), host.vgpu().groupPath())) {
            host.files().own(node, 0600, 1000, 1000);
        }
    }

    private VfioDevice open(AttachPath path) throws IOException {
        return VfioDevice.open(
                calls,
                HostDevice.of(calls, MdevDevice.find(calls, host.vgpu().uuid())),
                AttachOptions.DEFAULTS.withPath(path));
    }

    private static IoAddressSpace dma(VfioDevice device) {
        return device.dma().orElseThrow();
    }

    private LinuxException refused(IoAddressSpace dma, long iova, NativeMemory memory, Access access) {
        return assertThrows(LinuxException.class, () -> dma.map(iova, memory, access));
    }

    private static void assertSays(Exception e, String... parts) {
        for (String part : parts) {
            assertTrue(e.getMessage().contains(part), () -> "'" + e.getMessage() + "' does not say '" + part + "'");
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void theDeviceReadsAndWritesTheMemoryAtItsAddresses(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(3 * PAGE)) {
            EmulatedDma seen = host.vgpu().dma();
            memory.putBytes(2 * PAGE, "of the guest".getBytes(StandardCharsets.UTF_8));
            DmaMapping low = dma(device).map(IOVA, memory, 2 * PAGE, PAGE, Access.READ);
            DmaMapping next = dma(device).map(IOVA + PAGE, memory, 0, PAGE, Access.READ_WRITE);
            assertArrayEquals("of the guest".getBytes(StandardCharsets.UTF_8), seen.read(IOVA, 12));
            seen.write(IOVA + 2 * PAGE - 4, new byte[] {1, 2, 3, 4});
            assertArrayEquals(new byte[] {1, 2, 3, 4}, memory.getBytes(PAGE - 4, 4));
            assertEquals(
                    List.of(
                            new EmulatedDma.Mapping(IOVA, PAGE, true, false),
                            new EmulatedDma.Mapping(IOVA + PAGE, PAGE, true, true)),
                    seen.mappings());
            assertThrows(IllegalStateException.class, () -> seen.write(IOVA, new byte[1]));
            assertThrows(IllegalStateException.class, () -> seen.read(IOVA + 2 * PAGE - 1, 2));
            low.close();
            assertThrows(IllegalStateException.class, () -> seen.read(IOVA, 1));
            next.close();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void memoryThatItsOwnerClosesIsFreedWhenItIsUnmapped(AttachPath path) throws Exception {
        try (VfioDevice device = open(path)) {
            NativeMemory memory = calls.allocatePages(PAGE);
            DmaMapping mapping = dma(device).map(IOVA, memory, Access.READ_WRITE);
            memory.putInt(0, 42);
            memory.close();
            assertEquals(42, host.vgpu().dma().read(IOVA, 1)[0]);
            assertEquals(1, HostMemory.pieces(host));
            mapping.close();
            assertEquals(0, HostMemory.pieces(host));
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void aRegionThatIsMappedIsReachableLikeAnyMemory(AttachPath path) throws Exception {
        use(EmulatedHost.of(VgpuProfile.MDPY.withNodes(DeviceNodes.GROUP_AND_CDEV)));
        try (VfioDevice device = open(path)) {
            int screen = device.plane(PlaneType.PRIMARY, PlaneAccess.REGION)
                    .orElseThrow()
                    .source();
            Mapping pixels = device.map(device.region(screen), 0, PAGE, Access.READ_WRITE);
            DmaMapping mapping = dma(device).map(IOVA, pixels, Access.READ_WRITE);
            host.vgpu().dma().write(IOVA, new byte[] {7});
            assertEquals(7, pixels.getByte(0));
            pixels.close();
            mapping.close();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void theLimitOfLockedMemoryIsNamedWithTheWaysToRaiseIt(AttachPath path) throws Exception {
        useIommu(64 * 1024);
        try (VfioDevice device = open(path);
                NativeMemory half = calls.allocatePages(32 * 1024);
                NativeMemory much = calls.allocatePages(48 * 1024)) {
            DmaMapping first = dma(device).map(IOVA, half, Access.READ_WRITE);
            assertEquals(32 * 1024, host.vgpu().dma().pinnedBytes());
            LinuxException e = refused(dma(device), 2 * IOVA, much, Access.READ);
            assertEquals(Errno.ENOMEM, e.errno());
            assertSays(
                    e,
                    "RLIMIT_MEMLOCK",
                    "is 65536 bytes",
                    "49152 were wanted",
                    "32768 are mapped",
                    path == AttachPath.GROUP ? "of this process" : "of all processes of this user",
                    "ulimit -l",
                    "LimitMEMLOCK=",
                    "/etc/security/limits.conf");
            first.close();
            assertEquals(0, host.vgpu().dma().pinnedBytes());
            dma(device).map(IOVA, much, Access.READ).close();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void whoeverIsRootHasNoLimitAndAnUnlimitedOneIsNotBlamed(AttachPath path) throws Exception {
        use(EmulatedHost.builder()
                .vgpu(PROFILE.withIommu(true))
                .lockedMemoryLimit(0)
                .build());
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            dma(device).map(IOVA, memory, Access.READ).close();
        }
        assertEquals(OptionalLong.empty(), DmaAdvice.lockedLimit("Max locked memory  unlimited  unlimited  bytes\n"));
        assertEquals(OptionalLong.of(8388608), DmaAdvice.lockedLimit("Max locked memory  8388608  unlimited  bytes\n"));
        assertThrows(NumberFormatException.class, () -> DmaAdvice.lockedLimit("Max open files 3 3 files\n"));
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void withoutTheLimitInProcTheErrorStillSaysWhatToDo(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            host.faults().failOn(mapOperation(path), "", Errno.ENOMEM);
            host.faults().failOn("open", "/proc/self/limits", Errno.ENOENT);
            assertSays(refused(dma(device), IOVA, memory, Access.READ), "may be too low", "ulimit -l");
            host.faults().clear();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void anAddressThatTheDeviceDoesNotHaveIsRefusedWithThoseItHas(AttachPath path) throws Exception {
        useIommu(1 << 20);
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(2 * PAGE)) {
            DmaInfo info = dma(device).info();
            assertEquals(
                    List.of(new IovaRange(0, 0xfedf_ffffL), new IovaRange(0xfef0_0000L, 0x7f_ffff_ffffL)),
                    info.ranges());
            assertEquals(PAGE, info.alignment());
            for (long iova : new long[] {0xfee0_0000L, 0xfedf_f000L, 0x7f_ffff_f000L, 0x80_0000_0000L}) {
                LinuxException e = refused(dma(device), iova, memory, Access.READ);
                assertEquals(Errno.EINVAL, e.errno());
                assertSays(e, "lies outside", "0x0 to 0xfedfffff, 0xfef00000 to 0x7fffffffff");
            }
            dma(device).map(0x7f_ffff_e000L, memory, Access.READ).close();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void memoryThatCannotBePinnedIsRefused(AttachPath path) throws Exception {
        useIommu(1 << 20);
        try (VfioDevice device = open(path)) {
            LinuxException e;
            try (NativeMemory memory =
                    calls.wrap(ByteBuffer.allocateDirect(PAGE).asReadOnlyBuffer())) {
                e = refused(dma(device), IOVA, memory, Access.READ_WRITE);
                dma(device).map(IOVA, memory, Access.READ).close();
            }
            assertEquals(Errno.EFAULT, e.errno());
            assertSays(e, "cannot be pinned", "read-only");
        }
    }

    @Test
    void tooManyMappingsOfAContainerAreRefusedWithTheParameterToRaise() throws Exception {
        try (VfioDevice device = open(AttachPath.GROUP);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            IoAddressSpace dma = dma(device);
            int most = (int) dma.info().mappingsLeft().orElseThrow();
            assertEquals(65535, most);
            for (int i = 0; i < most; i++) {
                dma.map(IOVA + (long) i * PAGE, memory, Access.READ);
            }
            assertEquals(OptionalLong.of(0), dma.info().mappingsLeft());
            LinuxException e = refused(dma, 0, memory, Access.READ);
            assertEquals(Errno.ENOSPC, e.errno());
            assertSays(e, "dma_entry_limit", "65535");
            dma.mappings().get(0).close();
            dma.map(0, memory, Access.READ);
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void whatSomebodyElseHasMappedThereIsSaidToBeSo(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            host.faults().fail(mapOperation(path), 1, Errno.EEXIST);
            assertSays(refused(dma(device), IOVA, memory, Access.READ), "not mapped from here");
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void aRefusalThatCannotBeExplainedFurtherIsExplainedInGeneral(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            host.faults().failOn(mapOperation(path), "", Errno.EINVAL);
            host.faults().failOn(infoOperation(path), "", Errno.EIO);
            assertSays(refused(dma(device), IOVA + 1, memory, Access.READ), "multiples of the page size");
            host.faults().clear();
        }
    }

    /** The kernel says that it unmapped less than was mapped, once. */
    private void unmapShort(AttachPath path, int unmapped) {
        boolean group = path == AttachPath.GROUP;
        int member = group ? Vfio.IommuType1DmaUnmap.SIZE_MEMBER : Iommufd.IoasUnmap.LENGTH;
        host.faults().rewrite(group ? Vfio.VFIO_IOMMU_UNMAP_DMA : Iommufd.IOMMU_IOAS_UNMAP, reply -> {
            ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putLong(member, unmapped);
            return reply;
        });
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void aShortUnmapIsReportedAndKeepsTheMemory(AttachPath path) throws Exception {
        try (VfioDevice device = open(path)) {
            NativeMemory memory = calls.allocatePages(2 * PAGE);
            DmaMapping mapping = dma(device).map(IOVA, memory, Access.READ_WRITE);
            memory.close();
            unmapShort(path, PAGE);
            ShortUnmapException e = assertThrows(ShortUnmapException.class, mapping::close);
            assertEquals(PAGE, e.unmapped());
            assertSays(e, "8192 bytes at 0x40000000", "only 4096 bytes");
            assertEquals(List.of(mapping), dma(device).mappings());
            assertEquals(1, HostMemory.pieces(host));
            host.faults().clear();
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void anUnmapThatFailsCanBeTriedAgain(AttachPath path) throws Exception {
        try (VfioDevice device = open(path)) {
            NativeMemory memory = calls.allocatePages(PAGE);
            DmaMapping mapping = dma(device).map(IOVA, memory, Access.READ_WRITE);
            memory.close();
            host.faults().fail(unmapOperation(path), 1, Errno.EBUSY);
            LinuxException e = assertThrows(LinuxException.class, mapping::close);
            assertEquals(Errno.EBUSY, e.errno());
            assertFalse(e.advice().isEmpty());
            assertEquals(1, HostMemory.pieces(host));
            mapping.close();
            assertEquals(0, HostMemory.pieces(host));
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void memoryThatCannotBeUnmappedIsKeptUntilEverythingIsClosed(AttachPath path) throws Exception {
        VfioDevice device = open(path);
        NativeMemory memory = calls.allocatePages(PAGE);
        dma(device).map(IOVA, memory, Access.READ_WRITE);
        memory.close();
        host.faults().failOn(unmapOperation(path), "", Errno.EIO);
        host.clearTrace();
        device.close();
        assertEquals(0, HostMemory.pieces(host));
        assertEquals(List.of(), host.openFiles());
        host.faults().clear();
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void aMappingThatFailsKeepsNoMemory(AttachPath path) throws Exception {
        try (VfioDevice device = open(path)) {
            NativeMemory memory = calls.allocatePages(PAGE);
            host.faults().fail(mapOperation(path), 1, Errno.ENODEV);
            assertSays(refused(dma(device), IOVA, memory, Access.READ), "has the device been closed");
            memory.close();
            assertEquals(0, HostMemory.pieces(host));
        }
    }

    @ParameterizedTest
    @EnumSource(AttachPath.class)
    void mappingAndClosingRaceWithoutALeak(AttachPath path) throws Exception {
        for (int round = 0; round < 50; round++) {
            VfioDevice device = open(path);
            NativeMemory memory = calls.allocatePages(PAGE);
            CyclicBarrier start = new CyclicBarrier(2);
            AtomicReference<Throwable> unexpected = new AtomicReference<>();
            Thread mapper = new Thread(() -> {
                try {
                    start.await();
                    for (int i = 0; i < 20; i++) {
                        DmaMapping mapping = dma(device).map(IOVA + (long) i * PAGE, memory, Access.READ);
                        if (i % 2 == 0) {
                            mapping.close();
                        }
                    }
                } catch (ClosedException closedMeanwhile) {
                    // As it may be.
                } catch (Throwable e) {
                    unexpected.set(e);
                }
            });
            mapper.start();
            start.await();
            device.close();
            mapper.join();
            memory.close();
            assertEquals(null, unexpected.get());
            assertEquals(0, HostMemory.pieces(host));
        }
    }

    @Test
    void rangesThatNeedMoreRoomAreAskedForAgain() throws Exception {
        useIommu(1 << 20);
        try (Descriptor iommufd = calls.open("/dev/iommu", Access.READ_WRITE);
                Descriptor device = calls.open(host.vgpu().nodePath(), Access.READ_WRITE);
                NativeMemory bind = calls.allocate(Vfio.DeviceBindIommufd.MINSZ);
                NativeMemory alloc = calls.allocate(Iommufd.IoasAlloc.SIZE);
                NativeMemory attach = calls.allocate(Vfio.DeviceAttachIommufdPt.MINSZ)) {
            bind.putInt(Vfio.DeviceBindIommufd.ARGSZ, bind.size());
            bind.putInt(Vfio.DeviceBindIommufd.IOMMUFD, iommufd.acquire());
            calls.ioctl(device, Vfio.VFIO_DEVICE_BIND_IOMMUFD, bind);
            iommufd.release();
            alloc.putInt(Iommufd.IoasAlloc.SIZE_MEMBER, alloc.size());
            calls.ioctl(iommufd, Iommufd.IOMMU_IOAS_ALLOC, alloc);
            int ioas = alloc.getInt(Iommufd.IoasAlloc.OUT_IOAS_ID);
            attach.putInt(Vfio.DeviceAttachIommufdPt.ARGSZ, attach.size());
            attach.putInt(Vfio.DeviceAttachIommufdPt.PT_ID, ioas);
            calls.ioctl(device, Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, attach);
            host.clearTrace();
            IoasDma dma = new IoasDma(calls, iommufd, ioas, 1);
            assertEquals(2, dma.info().ranges().size());
            assertEquals(
                    List.of("IOMMU_IOAS_IOVA_RANGES /dev/iommu", "IOMMU_IOAS_IOVA_RANGES /dev/iommu"), host.trace());
        }
    }

    @Test
    void aContainerThatAnswersNonsenseIsMalformed() throws Exception {
        useIommu(1 << 20);
        try (VfioDevice device = open(AttachPath.GROUP)) {
            rewriteInfo(bytes -> bytes.putInt(Vfio.IommuType1Info.CAP_OFFSET, 4000));
            assertThrows(MalformedReplyException.class, () -> dma(device).info());
            rewriteInfo(bytes -> bytes.putLong(Vfio.IommuType1Info.IOVA_PGSIZES, 0));
            assertThrows(MalformedReplyException.class, () -> dma(device).info());
            rewriteInfo(bytes -> bytes.putInt(Vfio.IommuType1Info.FLAGS, 0));
            assertThrows(MalformedReplyException.class, () -> dma(device).info());
            for (int count : new int[] {11, 1 << 20, -1}) {
                rewriteInfo(bytes -> bytes.putInt(rangeCapability(bytes) + 8, count));
                assertSays(
                        assertThrows(
                                MalformedReplyException.class, () -> dma(device).info()),
                        "ranges");
            }
            rewriteInfo(bytes -> bytes.putInt(Vfio.IommuType1Info.FLAGS, Vfio.VFIO_IOMMU_INFO_PGSIZES));
            assertEquals(List.of(new IovaRange(0, -1)), dma(device).info().ranges());
            host.faults().clear();
        }
    }

    /** Where the capability with the ranges is: it is the last of the chain. */
    private static int rangeCapability(ByteBuffer info) {
        int at = info.getInt(Vfio.IommuType1Info.CAP_OFFSET);
        while (info.getInt(at + Vfio.InfoCapHeader.NEXT) != 0) {
            at = info.getInt(at + Vfio.InfoCapHeader.NEXT);
        }
        assertEquals(Vfio.VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, info.getShort(at));
        return at;
    }

    private interface Edit {
        void apply(ByteBuffer reply);
    }

    private void rewriteInfo(Edit edit) {
        rewrite(Vfio.VFIO_IOMMU_GET_INFO, edit);
    }

    private void rewrite(Ioctl request, Edit edit) {
        host.faults().clear();
        host.faults().rewrite(request, reply -> {
            edit.apply(ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN));
            return reply;
        });
    }

    @Test
    void anIommufdThatAnswersNonsenseIsMalformed() throws Exception {
        useIommu(1 << 20);
        try (VfioDevice device = open(AttachPath.CDEV)) {
            for (int count : new int[] {17, 1 << 20, -1}) {
                rewrite(Iommufd.IOMMU_IOAS_IOVA_RANGES, bytes -> bytes.putInt(Iommufd.IoasIovaRanges.NUM_IOVAS, count));
                assertThrows(MalformedReplyException.class, () -> dma(device).info());
            }
            for (long alignment : new long[] {0, 3, -1}) {
                rewrite(
                        Iommufd.IOMMU_IOAS_IOVA_RANGES,
                        bytes -> bytes.putLong(Iommufd.IoasIovaRanges.OUT_IOVA_ALIGNMENT, alignment));
                assertThrows(MalformedReplyException.class, () -> dma(device).info());
            }
            host.faults().clear();
            host.faults().failOn("IOMMU_IOAS_IOVA_RANGES", "", Errno.EMSGSIZE);
            assertThrows(IOException.class, () -> dma(device).info());
            host.faults().clear();
        }
    }

    private static String mapOperation(AttachPath path) {
        return path == AttachPath.GROUP ? "VFIO_IOMMU_MAP_DMA" : "IOMMU_IOAS_MAP";
    }

    private static String unmapOperation(AttachPath path) {
        return path == AttachPath.GROUP ? "VFIO_IOMMU_UNMAP_DMA" : "IOMMU_IOAS_UNMAP";
    }

    private static String infoOperation(AttachPath path) {
        return path == AttachPath.GROUP ? "VFIO_IOMMU_GET_INFO" : "IOMMU_IOAS_IOVA_RANGES";
    }
}
