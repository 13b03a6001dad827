package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.DmaInfo;
import io.vfio4j.vfio.DmaMapping;
import io.vfio4j.vfio.IoAddressSpace;
import io.vfio4j.vfio.IovaRange;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** DMA through a real IOMMU driver: QEMU's edu, which copies memory, behind its intel-iommu, by every path that the kernel has. */
@Tag("real-kernel-iommu")
@Tag("real-kernel-cdev-iommu")
@Timeout(120)
class RealIommuDmaTest {
    private static final int PAGE = 4096;
    /** edu has 28 bits of address. */
    private static final long SOURCE = 0x10_0000;

    private static final long TARGET = 0x20_0000;

    private RealPciDevice edu;
    private SystemCalls calls;
    private long descriptorsBefore;

    static Stream<AttachPath> paths() {
        return Stream.of(AttachPath.values())
                .filter(path -> path == AttachPath.GROUP || Files.exists(Path.of("/dev/iommu")));
    }

    @BeforeEach
    void bind() throws IOException {
        edu = new RealPciDevice(0x1234, 0x11e8, new EduRegisters());
        calls = edu.systemCalls();
        descriptorsBefore = edu.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, edu.openDescriptors());
        edu.close();
    }

    private VfioDevice open(AttachPath path) throws IOException {
        VfioDevice device = VfioDevice.open(calls, edu.host(), AttachOptions.DEFAULTS.withPath(path));
        edu.registers().prepare(device);
        return device;
    }

    private static IoAddressSpace dma(VfioDevice device) {
        return device.dma().orElseThrow();
    }

    private NativeMemory random(long seed) {
        NativeMemory memory = calls.allocatePages(PAGE);
        byte[] bytes = new byte[PAGE];
        new Random(seed).nextBytes(bytes);
        memory.putBytes(0, bytes);
        return memory;
    }

    @ParameterizedTest
    @MethodSource("paths")
    void theDeviceCopiesWhatItIsGiven(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory source = random(1);
                NativeMemory target = calls.allocatePages(PAGE)) {
            assertEquals(path, device.path().orElseThrow());
            DmaMapping from = dma(device).map(SOURCE, source, Access.READ);
            DmaMapping to = dma(device).map(TARGET, target, Access.WRITE);
            EduDma.fetch(device, SOURCE);
            EduDma.store(device, TARGET);
            assertArrayEquals(source.getBytes(0, EduDma.LENGTH), target.getBytes(0, EduDma.LENGTH));
            from.close();
            to.close();
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void whatIsUnmappedOrReadOnlyIsOutOfTheDevicesReach(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory source = random(2);
                NativeMemory target = calls.allocatePages(PAGE)) {
            DmaMapping from = dma(device).map(SOURCE, source, Access.READ);
            EduDma.fetch(device, SOURCE);
            from.close();
            // For reading only, then not at all.
            try (DmaMapping readOnly = dma(device).map(TARGET, target, Access.READ)) {
                EduDma.store(device, TARGET);
                assertArrayEquals(new byte[PAGE], target.getBytes(0, PAGE), readOnly::toString);
            }
            EduDma.store(device, TARGET);
            assertArrayEquals(new byte[PAGE], target.getBytes(0, PAGE));
            dma(device).map(TARGET, target, Access.READ_WRITE);
            EduDma.store(device, TARGET);
            assertArrayEquals(source.getBytes(0, EduDma.LENGTH), target.getBytes(0, EduDma.LENGTH));
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void closingTheDeviceUnmapsForWhoeverOpensItNext(AttachPath path) throws Exception {
        try (NativeMemory source = random(3);
                NativeMemory target = calls.allocatePages(PAGE)) {
            try (VfioDevice device = open(path)) {
                dma(device).map(SOURCE, source, Access.READ);
                dma(device).map(TARGET, target, Access.READ_WRITE);
                EduDma.fetch(device, SOURCE);
            }
            try (VfioDevice device = open(path)) {
                EduDma.store(device, TARGET);
                assertArrayEquals(new byte[PAGE], target.getBytes(0, PAGE));
                dma(device).map(TARGET, target, Access.READ_WRITE);
                EduDma.store(device, TARGET);
                assertArrayEquals(source.getBytes(0, EduDma.LENGTH), target.getBytes(0, EduDma.LENGTH));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paths")
    void theDeviceSaysWhichAddressesItHasAndRefusesOthers(AttachPath path) throws Exception {
        try (VfioDevice device = open(path);
                NativeMemory memory = calls.allocatePages(PAGE)) {
            DmaInfo info = dma(device).info();
            assertEquals(PAGE, info.alignment());
            assertTrue(info.ranges().size() >= 2, "" + info);
            // Where the local APICs are.
            long interrupts = 0xfee0_0000L;
            assertFalse(info.ranges().stream().anyMatch(range -> range.holds(interrupts, interrupts)), "" + info);
            IovaRange highest = info.ranges().get(info.ranges().size() - 1);
            for (long iova : new long[] {interrupts, highest.last() + 1}) {
                LinuxException e =
                        assertThrows(LinuxException.class, () -> dma(device).map(iova, memory, Access.READ));
                assertEquals(Errno.EINVAL, e.errno(), e.getMessage());
                assertTrue(e.getMessage().contains("lies outside"), e.getMessage());
            }
            dma(device).map(highest.last() - PAGE + 1, memory, Access.READ).close();
            assertEquals(List.of(), dma(device).mappings());
        }
    }

    /** Root has CAP_IPC_LOCK, and with it no limit; in a container often not. */
    @ParameterizedTest
    @MethodSource("paths")
    void theLimitOfLockedMemoryIsExplainedToWhoeverIsBoundByIt(AttachPath path) throws Exception {
        Process process = new ProcessBuilder(
                        "bash",
                        "-c",
                        "ulimit -l 64 && exec setpriv --bounding-set=-ipc_lock \"$@\"",
                        "bash",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockedMemoryProbe.class.getName(),
                        edu.host().name(),
                        path.name())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        for (String part : List.of(
                "ENOMEM",
                "RLIMIT_MEMLOCK",
                "is 65536 bytes",
                path == AttachPath.GROUP ? "of this process" : "of all processes of this user",
                "ulimit -l")) {
            assertTrue(said.contains(part), said);
        }
    }
}
