package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Iommufd;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * What a kernel with groups and device cdevs answers, by plain system calls and without the library: the emulated one has to be as
 * strict as the real one, and in the same words.
 */
abstract class AttachCallsContract {
    private static final int PAGE = 4096;
    private static final int FIXED = Iommufd.IOMMU_IOAS_MAP_FIXED_IOVA;
    private static final int READ = Iommufd.IOMMU_IOAS_MAP_READABLE;
    private static final int WRITE = Iommufd.IOMMU_IOAS_MAP_WRITEABLE;
    /** Above every limit of a process, so that nothing it has opened can have this number. */
    private static final int NOBODYS_DESCRIPTOR = 0x3fff_ffff;

    private TestHost host;
    private TestVgpu vgpu;
    private SystemCalls calls;
    private long descriptorsBefore;

    abstract TestHost openHost() throws IOException;

    @BeforeEach
    void create() throws IOException {
        host = openHost();
        calls = host.systemCalls();
        vgpu = host.create("port");
        descriptorsBefore = host.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
        vgpu.close();
        host.close();
    }

    private NodeAttached open() throws IOException {
        return new NodeAttached(calls, HostDevice.of(calls, vgpu.mdev()).node().orElseThrow());
    }

    private PlainDevice group() throws IOException {
        return PlainDevice.open(calls, vgpu.mdev(), AttachPath.GROUP);
    }

    private PlainDevice group(int iommu) throws IOException {
        return PlainDevice.openGroup(calls, vgpu.mdev(), iommu);
    }

    private String groupNode() throws IOException {
        return "/dev/vfio/" + vgpu.mdev().group().orElseThrow();
    }

    private static void assertErrno(int errno, Executable call) {
        LinuxException refusal = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), refusal.errnoName(), refusal.getMessage());
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

    @Test
    void beforeItIsBoundANodeIsGoodForNothing() throws IOException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocate(64)) {
            memory.putInt(0, 64);
            assertErrno(Errno.EINVAL, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_GET_INFO, memory));
            assertErrno(Errno.EINVAL, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_RESET, 0));
            assertErrno(Errno.EINVAL, () -> device.attach(1));
            assertErrno(Errno.EINVAL, device::detach);
            assertErrno(Errno.EINVAL, () -> calls.read(device.node(), memory, 4, 0));
            assertErrno(Errno.EINVAL, () -> calls.write(device.node(), memory, 4, 0));
            assertErrno(Errno.EINVAL, () -> calls.map(device.node(), 0, 4096, Access.READ));
            device.bind();
            calls.ioctl(device.node(), Vfio.VFIO_DEVICE_GET_INFO, memory);
            assertEquals(6, memory.getInt(Vfio.DeviceInfo.NUM_IRQS));
        }
    }

    @Test
    void bindingChecksItsArgumentFirst() throws IOException {
        try (NodeAttached device = open();
                Descriptor container = calls.open("/dev/vfio/vfio", Access.READ_WRITE)) {
            int number = device.iommu().acquire();
            device.iommu().release();
            assertErrno(Errno.EFAULT, () -> calls.ioctl(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 0));
            assertErrno(
                    Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 12, 0, number, 0));
            assertErrno(
                    Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 1, number, 0));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, -1, 0));
            assertErrno(
                    Errno.EBADF,
                    () -> device.call(device.node(), Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, NOBODYS_DESCRIPTOR, 0));
            assertErrno(Errno.EBADFD, () -> device.bind(container));
            // None of it has kept the group from being opened.
            group().close();
            assertEquals(1, device.bind());
            assertErrno(Errno.EINVAL, device::bind);
        }
    }

    @Test
    void aDeviceIsBoundOnceAndTheGroupIsBlockedMeanwhile() throws IOException {
        try (NodeAttached first = open();
                NodeAttached second = open()) {
            first.bind();
            assertErrno(Errno.EINVAL, second::bind);
            assertErrno(Errno.EBUSY, () -> calls.open(groupNode(), Access.READ_WRITE));
            first.node().close();
            second.bind();
        }
        group().close();
    }

    @Test
    void aGroupThatIsOpenBlocksBindingEvenWithoutAContainer() throws IOException {
        try (NodeAttached device = open()) {
            Descriptor group = calls.open(groupNode(), Access.READ_WRITE);
            assertErrno(Errno.EBUSY, device::bind);
            group.close();
            device.bind();
        }
    }

    @Test
    void whatAGroupHasOpenedCannotBeBoundOrAttached() throws IOException {
        try (PlainDevice group = group();
                Descriptor device = group.device();
                NodeAttached node = open()) {
            int number = node.iommu().acquire();
            node.iommu().release();
            assertErrno(Errno.EINVAL, () -> node.call(device, Vfio.VFIO_DEVICE_BIND_IOMMUFD, 16, 0, number, 0));
            assertErrno(Errno.ENOTTY, () -> node.call(device, Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 12, 0, 1));
        }
    }

    @Test
    void idsAreThoseOfTheIommufdAndTheLowestIsNext() throws IOException {
        try (NodeAttached device = open()) {
            assertEquals(1, device.bind());
            assertEquals(2, device.allocate());
            assertEquals(3, device.allocate());
            device.destroy(2);
            assertEquals(2, device.allocate());
            assertErrno(Errno.EBUSY, () -> device.destroy(1));
            assertErrno(Errno.ENOENT, () -> device.destroy(9));
        }
    }

    @Test
    void attachingChecksItsArgumentAndReplaces() throws IOException {
        try (NodeAttached device = open()) {
            device.bind();
            int one = device.allocate();
            int other = device.allocate();
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 8, 0, one));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 12, 1, one));
            assertErrno(Errno.ENOENT, () -> device.attach(99));
            // The device itself is no address space.
            assertErrno(Errno.ENOENT, () -> device.attach(1));
            device.detach();
            assertEquals(one, device.attach(one));
            assertEquals(one, device.attach(one));
            assertErrno(Errno.EBUSY, () -> device.destroy(one));
            device.attach(other);
            device.destroy(one);
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, 4, 0));
            assertErrno(Errno.EINVAL, () -> device.call(device.node(), Vfio.VFIO_DEVICE_DETACH_IOMMUFD_PT, 8, 1));
            device.detach();
            device.destroy(other);
        }
    }

    @Test
    void type1RefusesBeforeItHasAnIommu() throws IOException {
        try (Descriptor container = calls.open("/dev/vfio/vfio", Access.READ_WRITE)) {
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, 0x1000, 0, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, 0, PAGE));
        }
    }

    @Test
    void type1ChecksItsArguments() throws IOException {
        try (PlainDevice attached = group();
                NativeMemory memory = calls.allocatePages(2 * PAGE)) {
            Descriptor container = attached.container();
            long user = address(memory);
            assertErrno(Errno.EFAULT, () -> calls.ioctl(container, Vfio.VFIO_IOMMU_MAP_DMA, 0));
            assertErrno(Errno.EINVAL, () -> map1(container, 31, 3, user, 0, PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 0, user, 0, PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 8, user, 0, PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, user, 0, 0));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, user, 0, PAGE - 1));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, user, 8, PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, user + 8, 0, PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, user, -PAGE, 2 * PAGE));
            assertErrno(Errno.EINVAL, () -> map1(container, 32, 3, -PAGE, 0, 2 * PAGE));
            map1(container, 40, 3, user, -2 * PAGE, PAGE);
            assertErrno(Errno.EINVAL, () -> unmap1(container, 23, 0, -PAGE, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 8, -PAGE, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, -PAGE + 1, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, -PAGE, 0));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, -PAGE, PAGE - 1));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, -PAGE, 2 * PAGE));
            assertEquals(PAGE, unmap1(container, 24, 0, -2 * PAGE, PAGE));
            assertErrno(Errno.ENOTTY, () -> calls.ioctl(container, Vfio.VFIO_DEVICE_RESET, 0));
        }
    }

    @Test
    void theSecondVersionOfType1UnmapsWholeMappingsOnly() throws IOException {
        try (PlainDevice attached = group();
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            Descriptor container = attached.container();
            long user = address(memory);
            map1(container, 32, 3, user, 0x10000, 2 * PAGE);
            map1(container, 32, 3, user, 0x14000, 2 * PAGE);
            assertErrno(Errno.EEXIST, () -> map1(container, 32, 3, user, 0x11000, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, 0x11000, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, 0x10000, PAGE));
            assertErrno(Errno.EINVAL, () -> unmap1(container, 24, 0, 0x10000, 5 * PAGE));
            assertEquals(0, unmap1(container, 24, 0, 0x12000, 2 * PAGE));
            assertEquals(4 * PAGE, unmap1(container, 24, 0, 0xf000, 16 * PAGE));
        }
    }

    @Test
    void theFirstVersionSaysSuccessWhenItUnmapsNothing() throws IOException {
        try (PlainDevice attached = group(Vfio.VFIO_TYPE1_IOMMU);
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            Descriptor container = attached.container();
            map1(container, 32, 3, address(memory), 0x10000, 4 * PAGE);
            assertEquals(0, unmap1(container, 24, 0, 0x11000, PAGE));
            assertEquals(4 * PAGE, unmap1(container, 24, 0, 0x10000, PAGE));
        }
    }

    @Test
    void anIommufdChecksWhatItIsHanded() throws IOException {
        try (NodeAttached device = open()) {
            Descriptor iommu = device.iommu();
            assertErrno(Errno.EFAULT, () -> calls.ioctl(iommu, Iommufd.IOMMU_IOAS_ALLOC, 0));
            assertErrno(Errno.EINVAL, () -> device.call(iommu, Iommufd.IOMMU_IOAS_ALLOC, 8, 0, 0));
            assertErrno(Errno.EOPNOTSUPP, () -> device.call(iommu, Iommufd.IOMMU_IOAS_ALLOC, 12, 1, 0));
            assertErrno(Errno.E2BIG, () -> device.call(iommu, Iommufd.IOMMU_IOAS_ALLOC, 16, 0, 0, 1));
            assertEquals(1, device.call(iommu, Iommufd.IOMMU_IOAS_ALLOC, 16, 0, 0, 0)[2]);
            assertErrno(Errno.ENOTTY, () -> calls.ioctl(iommu, Vfio.VFIO_DEVICE_GET_INFO, 0));
        }
    }

    @Test
    void aFreshAddressSpaceTakesAnyAddressAndAlignment() throws IOException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocatePages(2 * PAGE)) {
            int ioas = device.allocate();
            device.map(ioas, FIXED | READ, memory, 3, 5, 7);
            assertErrno(Errno.EEXIST, () -> device.map(ioas, FIXED | READ, memory, 0, 5, 11));
            device.bind();
            // What is mapped already does not suit the driver of a mediated device, who reads by pages.
            assertErrno(Errno.EADDRINUSE, () -> device.attach(ioas));
            assertEquals(5, device.unmap(ioas, 0, 12));
            device.attach(ioas);
            assertErrno(Errno.EINVAL, () -> device.map(ioas, FIXED | READ, memory, 3, PAGE, 0));
            assertErrno(Errno.EINVAL, () -> device.map(ioas, FIXED | READ, memory, 0, 5, 0));
            assertErrno(Errno.EINVAL, () -> device.map(ioas, FIXED | READ, memory, 0, PAGE, 7));
            device.map(ioas, FIXED | READ, memory, 0, PAGE, 0);
        }
    }

    @Test
    void anAddressSpaceChecksWhatIsMapped() throws IOException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocatePages(2 * PAGE)) {
            device.bind();
            int ioas = device.allocate();
            device.attach(ioas);
            long user = address(memory);
            assertErrno(Errno.EOPNOTSUPP, () -> device.map(ioas, 8 | READ, user, PAGE, 0));
            assertErrno(Errno.EINVAL, () -> device.map(ioas, FIXED, user, PAGE, 0));
            assertErrno(Errno.ENOENT, () -> device.map(9, FIXED | READ, user, PAGE, 0));
            assertErrno(Errno.ENOENT, () -> device.map(1, FIXED | READ, user, PAGE, 0));
            assertErrno(Errno.EOVERFLOW, () -> device.map(ioas, FIXED | READ, user, -1, 0));
            assertErrno(Errno.EOVERFLOW, () -> device.map(ioas, FIXED | READ, user, PAGE, -1));
            assertErrno(Errno.EINVAL, () -> device.map(ioas, FIXED | READ, user, 0, 0));
            assertErrno(Errno.EOVERFLOW, () -> device.map(ioas, FIXED | READ, -PAGE, 2 * PAGE, 0));
            assertErrno(Errno.EOVERFLOW, () -> device.map(ioas, FIXED | READ, user, 2 * PAGE, -PAGE));
            device.map(ioas, FIXED | READ | WRITE, user, PAGE, -PAGE);
            assertErrno(Errno.EINVAL, () -> device.unmap(ioas, 0, 0));
            assertErrno(Errno.EOVERFLOW, () -> device.unmap(ioas, -PAGE, 2 * PAGE));
            assertErrno(Errno.EOVERFLOW, () -> device.unmap(ioas, -1, PAGE));
            assertErrno(Errno.ENOENT, () -> device.unmap(9, 0, PAGE));
            assertErrno(Errno.ENOENT, () -> device.unmap(ioas, 0, PAGE));
            assertEquals(PAGE, device.unmap(ioas, -PAGE, PAGE));
        }
    }

    @Test
    void anAddressSpaceUnmapsWholeMappingsAndAllAtOnce() throws IOException {
        try (NodeAttached device = open();
                NativeMemory memory = calls.allocatePages(4 * PAGE)) {
            int ioas = device.allocate();
            for (int i = 0; i < 3; i++) {
                device.map(ioas, FIXED | READ, memory, 0, 2 * PAGE, 0x10000 + i * 4L * PAGE);
            }
            assertErrno(Errno.ENOENT, () -> device.unmap(ioas, 0x11000, PAGE));
            assertErrno(Errno.ENOENT, () -> device.unmap(ioas, 0x10000, PAGE));
            assertEquals(4 * PAGE, device.unmap(ioas, 0xf000, 8 * PAGE));
            assertEquals(2 * PAGE, device.unmap(ioas, 0, -1));
            assertEquals(0, device.unmap(ioas, 0, -1));
        }
    }

    /** The driver counts in 64 bits, where the end of such a mapping is 0. */
    @Test
    void type1LosesAMappingAtTheVeryEnd() throws IOException {
        try (PlainDevice attached = group();
                NativeMemory memory = calls.allocatePages(PAGE)) {
            map1(attached.container(), 32, 3, address(memory), -PAGE, PAGE);
            assertEquals(0, unmap1(attached.container(), 24, 0, -PAGE, PAGE));
        }
    }
}
