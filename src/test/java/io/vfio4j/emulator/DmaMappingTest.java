package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.contract.NodeAttached;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** DMA mappings as the two kernels of it have them: vfio_iommu_type1.c and iommufd/io_pagetable.c. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DmaMappingTest {
    private static final int PAGE = 4096;
    private static final int FIXED = Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA;
    private static final int READ = Iommufd.IOMMU_IOAS_MAP_READABLE;
    private static final int WRITE = Iommufd.IOMMU_IOAS_MAP_WRITEABLE;
    private static final VgpuProfile BOTH = VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV);

    private EmulatedHost host = EmulatedHost.of(BOTH);
    private SystemCalls calls = host.systemCalls();

    private void use(EmulatedHost other) {
        host.close();
        host = other;
        calls = host.systemCalls();
    }

    @AfterEach
    void nothing_is_left() {
        assertEquals(List.of(), host.openFiles());
        assertEquals(0, HostMemory.pieces(host));
        host.close();
    }

    private void map1(Descriptor container, int argsz, int flags, long address, long iova, long size)
            throws LinuxException {
        try (NativeMemory map = calls.allocate(Vfio.IommuType1DmaMap.SIZE)) {
            map.putInt(Vfio.IommuType1DmaMap.ARGSZ, argsz);
            map.putInt(Vfio.IommuType1DmaMap.FLAGS, flags);
            map.putLong(Vfio.IommuType1DmaMap.VADDR, address);
            map.putLong(Vfio.IommuType1DmaMap.IOVA, iova);
            map.putLong(Vfio.IommuType1DmaMap.SIZE_MEMBER, size);
            calls.ioctl(container, Vfio.VFIO_IOMMU_MAP_DMA, map);
        }
    }

    private long unmap1(Descriptor container, int argsz, int flags, long iova, long size) throws LinuxException {
        try (NativeMemory unmap = calls.allocate(Vfio.IommuType1DmaUnmap.SIZE)) {
            unmap.putInt(Vfio.IommuType1DmaUnmap.ARGSZ, argsz);
            unmap.putInt(Vfio.IommuType1DmaUnmap.FLAGS, flags);
            unmap.putLong(Vfio.IommuType1DmaUnmap.IOVA, iova);
            unmap.putLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER, size);
            calls.ioctl(container, Vfio.VFIO_IOMMU_UNMAP_DMA, unmap);
            return unmap.getLong(Vfio.IommuType1DmaUnmap.SIZE_MEMBER);
        }
    }

    private static long address(NativeMemory memory) {
        long address = memory.acquire();
        memory.release();
        return address;
    }

    private record Info(int argsz, int flags, long pageSizes, List<Integer> capabilities, List<Integer> offsets) {}

    private Info info(Descriptor container, int room, int argsz) throws LinuxException {
        try (NativeMemory info = calls.allocate(room)) {
            info.putInt(0, argsz);
            calls.ioctl(container, Vfio.VFIO_IOMMU_GET_INFO, info);
            List<Integer> ids = new ArrayList<>();
            List<Integer> offsets = new ArrayList<>();
            int next = room < 24 ? 0 : info.getInt(Vfio.IommuType1Info.CAP_OFFSET);
            while (next != 0) {
                offsets.add(next);
                ids.add(info.getShort(next));
                next = info.getInt(next + Vfio.InfoCapHeader.NEXT);
            }
            return new Info(info.getInt(0), info.getInt(4), info.getLong(8), ids, offsets);
        }
    }

    @Test
    void type_1_tells_its_page_sizes_and_capabilities() throws LinuxException {
        try (Attached attached = Attached.to(host)) {
            Descriptor container = attached.container();
            assertErrno(Errno.EINVAL, () -> info(container, 64, 15));
            Info small = info(container, 16, 16);
            assertEquals(24 + 32 + 16, small.argsz());
            assertEquals(Vfio.VFIO_IOMMU_INFO_PGSIZES | Vfio.VFIO_IOMMU_INFO_CAPS, small.flags());
            Info whole = info(container, 128, 128);
            assertEquals(128, whole.argsz());
            assertEquals(-PAGE, whole.pageSizes());
            // Without an IOMMU there are no ranges.
            assertEquals(List.of(2, 3), whole.capabilities());
            assertEquals(List.of(24, 56), whole.offsets());
        }
        use(EmulatedHost.of(BOTH.withIommu(true)));
        try (Attached attached = Attached.to(host)) {
            Info whole = info(attached.container(), 128, 128);
            assertEquals(0x4020_1000L, whole.pageSizes());
            assertEquals(List.of(2, 3, 1), whole.capabilities());
            assertEquals(List.of(24, 56, 72), whole.offsets());
        }
        use(EmulatedHost.of(VgpuProfile.V5.withIommu(true)));
        try (Attached attached = Attached.to(host)) {
            // Before Linux 6.6 capabilities were as long as they were.
            assertEquals(
                    List.of(24, 56, 68), info(attached.container(), 128, 128).offsets());
        }
    }

    @Test
    void mappings_of_a_container_end_with_its_last_group() throws LinuxException {
        try (NativeMemory memory = calls.allocatePages(PAGE)) {
            Attached attached = Attached.to(host);
            map1(attached.container(), 32, 3, address(memory), 0, PAGE);
            assertEquals(1, host.vgpu().dma().mappings().size());
            attached.device().close();
            attached.group().close();
            assertErrno(Errno.EINVAL, () -> info(attached.container(), 64, 64));
            attached.container().close();
        }
    }

    @Test
    void a_group_behind_an_iommu_pins_what_its_container_has_mapped_already() throws LinuxException {
        use(EmulatedHost.builder()
                .vgpu(BOTH)
                .vgpu(BOTH.withIommu(true))
                .user(1000)
                .lockedMemoryLimit(2 * PAGE)
                .build());
        for (int group = 1; group <= 2; group++) {
            host.files().own("/dev/vfio/" + group, 0600, 1000, 1000);
        }
        try (Attached attached = Attached.to(host);
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            Descriptor second = calls.open("/dev/vfio/2", Access.READ_WRITE);
            Descriptor container = attached.container();
            EmulatedDma dma = host.vgpu().dma();
            map1(container, 32, 3, address(memory), 0, 3 * PAGE);
            assertEquals(0, dma.pinnedBytes());
            assertErrno(Errno.ENOMEM, () -> Attached.setContainer(calls, second, container));
            unmap1(container, 24, 0, 0, 3 * PAGE);
            map1(container, 32, 3, address(memory), 0xfee0_0000L, PAGE);
            assertErrno(Errno.EINVAL, () -> Attached.setContainer(calls, second, container));
            unmap1(container, 24, 0, 0xfee0_0000L, PAGE);
            map1(container, 32, 3, address(memory), 0, 2 * PAGE);
            Attached.setContainer(calls, second, container);
            assertEquals(2 * PAGE, dma.pinnedBytes());
            assertErrno(Errno.ENOMEM, () -> map1(container, 32, 3, address(memory), 0x10000, PAGE));
            second.close();
            assertEquals(0, dma.pinnedBytes());
            map1(container, 32, 3, address(memory), 0x10000, PAGE);
        }
    }

    @Test
    void ranges_are_counted_even_where_there_is_no_room() throws LinuxException {
        use(EmulatedHost.of(BOTH.withIommu(true)));
        try (NodeAttached device = new NodeAttached(calls, host.vgpu().nodePath())) {
            device.bind();
            int ioas = device.allocate();
            try (NativeMemory query = calls.allocate(Iommufd.IoasIovaRanges.SIZE);
                    NativeMemory array = calls.allocate(2 * Iommufd.IovaRange.SIZE)) {
                query.putInt(0, query.size());
                query.putInt(Iommufd.IoasIovaRanges.IOAS_ID, ioas);
                query.putInt(Iommufd.IoasIovaRanges.NUM_IOVAS, 2);
                query.putAddress(Iommufd.IoasIovaRanges.ALLOWED_IOVAS, array);
                calls.ioctl(device.iommu(), Iommufd.IOMMU_IOAS_IOVA_RANGES, query);
                assertEquals(1, query.getInt(Iommufd.IoasIovaRanges.NUM_IOVAS));
                assertEquals(1, query.getLong(Iommufd.IoasIovaRanges.OUT_IOVA_ALIGNMENT));
                assertEquals(-1, array.getLong(Iommufd.IovaRange.LAST));
                device.attach(ioas);
                query.putInt(Iommufd.IoasIovaRanges.NUM_IOVAS, 1);
                assertErrno(Errno.EMSGSIZE, () -> calls.ioctl(device.iommu(), Iommufd.IOMMU_IOAS_IOVA_RANGES, query));
                assertEquals(2, query.getInt(Iommufd.IoasIovaRanges.NUM_IOVAS));
                assertEquals(PAGE, query.getLong(Iommufd.IoasIovaRanges.OUT_IOVA_ALIGNMENT));
                query.putInt(Iommufd.IoasIovaRanges.__RESERVED, 1);
                assertErrno(Errno.EOPNOTSUPP, () -> calls.ioctl(device.iommu(), Iommufd.IOMMU_IOAS_IOVA_RANGES, query));
            }
        }
    }

    @Test
    void a_device_behind_an_iommu_pins_what_its_address_space_has_mapped_already() throws LinuxException {
        use(EmulatedHost.builder()
                .vgpu(BOTH.withIommu(true))
                .user(1000)
                .lockedMemoryLimit(2 * PAGE)
                .build());
        host.files().own("/dev/iommu", 0600, 1000, 1000);
        host.files().own(host.vgpu().nodePath(), 0600, 1000, 1000);
        try (NodeAttached device = new NodeAttached(calls, host.vgpu().nodePath());
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            EmulatedDma dma = host.vgpu().dma();
            device.bind();
            int ioas = device.allocate();
            device.map(ioas, FIXED | READ, memory, 0, 4 * PAGE, 0);
            assertErrno(Errno.ENOMEM, () -> device.attach(ioas));
            device.unmap(ioas, 0, 4 * PAGE);
            device.map(ioas, FIXED | READ, memory, 0, PAGE, 0xfee0_0000L);
            assertErrno(Errno.EADDRINUSE, () -> device.attach(ioas));
            device.unmap(ioas, 0xfee0_0000L, PAGE);
            device.map(ioas, FIXED | READ, memory, 0, 2 * PAGE, 0);
            device.attach(ioas);
            assertEquals(2 * PAGE, dma.pinnedBytes());
            assertErrno(Errno.ENOMEM, () -> device.map(ioas, FIXED | READ, memory, 0, PAGE, 0x10000));
            device.detach();
            assertEquals(0, dma.pinnedBytes());
            device.map(ioas, FIXED | READ, memory, 0, PAGE, 0x10000);
        }
    }

    @Test
    void a_device_reaches_memory_across_mappings_and_nothing_that_is_gone() throws LinuxException {
        try (NodeAttached device = new NodeAttached(calls, host.vgpu().nodePath())) {
            device.bind();
            int ioas = device.allocate();
            device.attach(ioas);
            EmulatedDma dma = host.vgpu().dma();
            NativeMemory memory = calls.allocatePages(2 * PAGE);
            device.map(ioas, FIXED | READ | WRITE, memory, PAGE, PAGE, 0);
            device.map(ioas, FIXED | READ, memory, 0, PAGE, PAGE);
            memory.putByte(0, 2);
            memory.putByte(2 * PAGE - 1, 1);
            assertArrayEquals(new byte[] {1, 2}, dma.read(PAGE - 1, 2));
            assertThrows(IllegalStateException.class, () -> dma.write(PAGE - 1, new byte[2]));
            memory.close();
            assertThrows(IllegalStateException.class, () -> dma.read(0, 1));
            assertThrows(IllegalStateException.class, () -> dma.write(0, new byte[1]));
        }
    }
}
