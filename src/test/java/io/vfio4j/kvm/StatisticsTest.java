package io.vfio4j.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedVm;
import io.vfio4j.emulator.Faults;
import io.vfio4j.kvm.KvmStatistic.Kind;
import io.vfio4j.kvm.KvmStatistic.Unit;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is made of the file of KVM_GET_STATS_FD, right and wrong. */
class StatisticsTest {
    private static final int NAME_SIZE = 48;
    private static final int DESCRIPTORS = Kvm.StatsHeader.SIZE + NAME_SIZE;
    private static final int STRIDE = Kvm.StatsDesc.SIZE + NAME_SIZE;

    private final EmulatedHost host = EmulatedHost.builder().build();
    private final SystemCalls calls = host.systemCalls();
    private Descriptor vm;
    private Descriptor vcpu;
    private EmulatedVm emulated;

    @BeforeEach
    void createVm() throws Exception {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "VM");
        }
        vcpu = calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, 3), "vCPU 3");
        emulated = host.vms().get(0);
    }

    @AfterEach
    void nothingStaysOpen() {
        vcpu.close();
        vm.close();
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    @Test
    void valuesAreThoseOfTheLastRead() throws Exception {
        try (KvmStatistics ofVm = KvmStatistics.open(calls, vm);
                KvmStatistics ofVcpu = KvmStatistics.open(calls, vcpu)) {
            emulated.setStatistic("max_mmu_rmap_size", 17);
            emulated.setStatistic("max_mmu_page_hash_collisions", 4);
            emulated.setVcpuStatistic(3, "directed_yield_attempted", 1000);
            emulated.setVcpuStatistic(3, "directed_yield_successful", -1);
            assertEquals(0, ofVm.value("max_mmu_rmap_size"));
            assertEquals(0, ofVcpu.value("directed_yield_attempted"));
            ofVm.read();
            ofVcpu.read();
            assertEquals(17, ofVm.value("max_mmu_rmap_size"));
            assertEquals(4, ofVm.value("max_mmu_page_hash_collisions"));
            assertEquals(1000, ofVcpu.value("directed_yield_attempted"));
            assertEquals("18446744073709551615", Long.toUnsignedString(ofVcpu.value("directed_yield_successful")));
            assertEquals("statistics of kvm-" + host.pid() + "/vcpu-3", ofVcpu.toString());
        }
    }

    @Test
    void aHistogramIsACopyWithItsBounds() throws Exception {
        emulated.setVcpuStatistic(3, "halt_wait_hist", 1, 2, 3, 4);
        try (KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
            KvmHistogram before = statistics.histogram("halt_wait_hist");
            emulated.setVcpuStatistic(3, "halt_wait_hist", 5);
            statistics.read();
            KvmHistogram after = statistics.histogram("halt_wait_hist");
            assertEquals(List.of(1L, 5L), List.of(before.count(0), after.count(0)));
            assertEquals(List.of(10L, 14L), List.of(before.total(), after.total()));
            assertEquals(
                    List.of(0L, 1L, 2L, 4L, 8L, 1L << 30),
                    Stream.of(0, 1, 2, 3, 4, 31).map(before::from).toList());
            assertEquals("halt_wait_hist: 0 1, 1 2, 2 3, 4 4", before.toString());
            assertThrows(IndexOutOfBoundsException.class, () -> before.count(32));
            assertThrows(IndexOutOfBoundsException.class, () -> before.from(-1));
        }
    }

    @Test
    void bucketsAreAsWideAsTheirKindSays() {
        KvmStatistic linear = new KvmStatistic("linear", Kind.LINEAR_HISTOGRAM, Unit.BYTES, 2, 10, 4, 0xffff_fff0, 0);
        KvmHistogram wide = new KvmHistogram(linear, new long[4]);
        assertEquals(
                List.of(0L, 0xffff_fff0L, 2 * 0xffff_fff0L, 3 * 0xffff_fff0L),
                Stream.of(0, 1, 2, 3).map(wide::from).toList());
        assertEquals("linear (linear histogram of 4 buckets, 2^10 bytes)", linear.toString());
        KvmStatistic more = new KvmStatistic("more", Kind.LOGARITHMIC_HISTOGRAM, Unit.NONE, 10, 0, 70, 0, 0);
        KvmHistogram high = new KvmHistogram(more, new long[70]);
        assertEquals("9223372036854775808", Long.toUnsignedString(high.from(64)));
        assertEquals("18446744073709551615", Long.toUnsignedString(high.from(69)));
    }

    @Test
    void aReadThatGivesLittleIsRepeated() throws Exception {
        emulated.setVcpuStatistic(3, "halt_wait_hist", 1, 2, 3);
        emulated.setVcpuStatistic(3, "notify_window_exits", 9);
        host.faults().shortRead(5);
        try (KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
            assertEquals("kvm-" + host.pid() + "/vcpu-3", statistics.id());
            assertEquals(3, statistics.histogram("halt_wait_hist").count(2));
            assertEquals(9, statistics.value("notify_window_exits"));
        }
    }

    @Test
    void aFileThatEndsTooEarlyIsMalformed() throws Exception {
        try (KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
            host.faults().shortRead(0);
            MalformedReplyException e = assertThrows(MalformedReplyException.class, statistics::read);
            assertTrue(e.getMessage().contains("it ends at byte"), e::getMessage);
            host.faults().clear();
            statistics.read();
        }
    }

    /** Opens the VM's statistics where one place of the file has been changed. */
    private KvmStatistics openWith(int position, Consumer<ByteBuffer> change) throws Exception {
        rewrite(position, change);
        return KvmStatistics.open(calls, vm);
    }

    private void rewrite(int position, Consumer<ByteBuffer> change) {
        host.faults().rewriteRead("statistics of", (from, bytes) -> {
            if (position >= from && position < from + bytes.length) {
                change.accept(
                        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).position((int) (position - from)));
            }
            return bytes;
        });
    }

    private static int ofDescriptor(int index, int member) {
        return DESCRIPTORS + index * STRIDE + member;
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                wrong("names without room", Kvm.StatsHeader.NAME_SIZE, 0, "names of 0 bytes"),
                wrong("long names", Kvm.StatsHeader.NAME_SIZE, 4097, "names of 4097 bytes"),
                wrong("endless names", Kvm.StatsHeader.NAME_SIZE, -1, "names of 4294967295 bytes"),
                wrong("nothing", Kvm.StatsHeader.NUM_DESC, 0, "0 descriptors"),
                wrong("much", Kvm.StatsHeader.NUM_DESC, 20_000, "20000 descriptors"),
                wrong("endless", Kvm.StatsHeader.NUM_DESC, -1, "4294967295 descriptors"),
                wrong("more than there is", Kvm.StatsHeader.NUM_DESC, 200, "it ends at byte"),
                wrong("the id far away", Kvm.StatsHeader.ID_OFFSET, 1 << 20, "it ends at byte 1048576"),
                wrong("the descriptors far away", Kvm.StatsHeader.DESC_OFFSET, -1, "it ends at byte 4294967295"),
                wrong("the values far away", Kvm.StatsHeader.DATA_OFFSET, 1 << 30, "it ends at byte 1073741824"),
                wrong("an endless id", Kvm.StatsHeader.SIZE, "x".repeat(NAME_SIZE), "a name without an end"),
                wrong(
                        "an endless name",
                        ofDescriptor(1, Kvm.StatsDesc.NAME),
                        "x".repeat(NAME_SIZE),
                        "a name without an end"),
                wrong("no name", ofDescriptor(1, Kvm.StatsDesc.NAME), "\0", "a statistic without a name"),
                wrong(
                        "a name twice",
                        ofDescriptor(1, Kvm.StatsDesc.NAME),
                        "remote_tlb_flush\0",
                        "two statistics are called remote_tlb_flush"),
                wrong("no values", ofDescriptor(1, Kvm.StatsDesc.EXPONENT), 0, "has no values"),
                wrong("values far away", ofDescriptor(1, Kvm.StatsDesc.OFFSET), -8, "up to byte 4294967296"),
                wrong("values beyond the end", ofDescriptor(1, Kvm.StatsDesc.OFFSET), 1 << 19, "it ends at byte"),
                wrong(
                        "values that reach beyond the end",
                        ofDescriptor(1, Kvm.StatsDesc.EXPONENT),
                        0xffff_0000,
                        "it ends at byte"),
                wrong(
                        "buckets without width",
                        ofDescriptor(1, Kvm.StatsDesc.FLAGS),
                        Kvm.KVM_STATS_TYPE_LINEAR_HIST,
                        "buckets without width"));
    }

    private static Arguments wrong(String what, int position, int value, String problem) {
        return Arguments.of(what, position, (Consumer<ByteBuffer>) bytes -> bytes.putInt(value), problem);
    }

    private static Arguments wrong(String what, int position, String value, String problem) {
        return Arguments.of(
                what,
                position,
                (Consumer<ByteBuffer>) bytes -> bytes.put(value.getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
                problem);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void malformedFilesAreRefused(String what, int position, Consumer<ByteBuffer> change, String problem) {
        MalformedReplyException e = assertThrows(MalformedReplyException.class, () -> openWith(position, change), what);
        assertTrue(e.getMessage().contains(problem), e::getMessage);
        assertEquals(List.of("vCPU 3", "VM"), host.openFiles());
    }

    @Test
    void whatIsNewerThanThisIsUnknownAndReadable() throws Exception {
        emulated.setStatistic("remote_tlb_flush_requests", 5);
        try (KvmStatistics statistics = openWith(ofDescriptor(1, Kvm.StatsDesc.FLAGS), bytes -> bytes.putInt(0xfff))) {
            KvmStatistic unknown = statistics.find("remote_tlb_flush_requests").orElseThrow();
            assertEquals(
                    List.of(Kind.UNKNOWN, Unit.UNKNOWN, 0), List.of(unknown.kind(), unknown.unit(), unknown.base()));
            assertEquals(5, statistics.value("remote_tlb_flush_requests"));
            assertEquals("remote_tlb_flush_requests (unknown, unknown)", unknown.toString());
        }
    }

    @Test
    void kindsUnitsAndScalesAreTold() throws Exception {
        rewrite(
                ofDescriptor(0, Kvm.StatsDesc.FLAGS),
                bytes -> bytes.putInt(
                                Kvm.KVM_STATS_TYPE_LINEAR_HIST | Kvm.KVM_STATS_UNIT_BYTES | Kvm.KVM_STATS_BASE_POW2)
                        .putShort((short) 20)
                        .putShort((short) 2));
        rewrite(ofDescriptor(0, Kvm.StatsDesc.BUCKET_SIZE), bytes -> bytes.putInt(16));
        rewrite(
                ofDescriptor(2, Kvm.StatsDesc.FLAGS),
                bytes -> bytes.putInt(
                        Kvm.KVM_STATS_TYPE_INSTANT | Kvm.KVM_STATS_UNIT_CYCLES | Kvm.KVM_STATS_BASE_POW10));
        try (KvmStatistics statistics = KvmStatistics.open(calls, vm)) {
            assertEquals(
                    "remote_tlb_flush (linear histogram of 2 buckets, 2^20 bytes)",
                    statistics.all().get(0).toString());
            assertEquals(16, statistics.histogram("remote_tlb_flush").from(1));
            assertEquals(
                    "mmu_shadow_zapped (instant, cycles)",
                    statistics.all().get(2).toString());
        }
    }

    @Test
    void randomFilesAreReadOrRefusedAndNothingElse() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        int accepted = 0;
        for (int round = 0; round < 3000; round++) {
            int changes = 1 + random.nextInt(4);
            for (int i = 0; i < changes; i++) {
                int position = random.nextBoolean() ? random.nextInt(DESCRIPTORS) : random.nextInt(1100);
                int value = random.nextBoolean() ? random.nextInt() : random.nextInt(256);
                rewrite(position, bytes -> {
                    if (bytes.remaining() >= Integer.BYTES) {
                        bytes.putInt(value);
                    }
                });
            }
            try (KvmStatistics statistics = KvmStatistics.open(calls, vm)) {
                for (KvmStatistic each : statistics.all()) {
                    if (each.isHistogram()) {
                        statistics.histogram(each.name()).toString();
                    } else if (each.values() == 1) {
                        statistics.value(each.name());
                    }
                }
                accepted++;
            } catch (MalformedReplyException refused) {
                assertTrue(refused.getMessage().contains("malformed reply"));
            } catch (Exception | AssertionError e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
            host.faults().clear();
            assertEquals(2, host.openDescriptors(), "seed " + seed + ", round " + round);
        }
        assertTrue(accepted > 0 && accepted < 3000, accepted + " accepted with seed " + seed);
    }

    @Test
    void whicheverCallFailsNothingStaysOpen() throws Exception {
        long before = host.faults().calls();
        KvmStatistics.open(calls, vm).close();
        long count = host.faults().calls() - before;
        assertEquals(6, count, "KVM_GET_STATS_FD, fcntl, header, id, descriptors, values");
        for (int nth = 1; nth <= count; nth++) {
            for (int errno : new int[] {Errno.EMFILE, Errno.EIO, Errno.ENOMEM}) {
                // The number that could not be adopted is not ours to close.
                if (nth != 2) {
                    host.faults().fail(Faults.ANY, nth, errno);
                    LinuxException e =
                            assertThrows(LinuxException.class, () -> KvmStatistics.open(calls, vm), "call " + nth);
                    assertEquals(errno, e.errno());
                    assertEquals(List.of("vCPU 3", "VM"), host.openFiles(), e::getMessage);
                }
            }
        }
    }

    @Test
    void anOldKernelIsTheReasonForENOTTY() {
        host.faults().failOn("KVM_GET_STATS_FD", "", Errno.ENOTTY);
        LinuxException e = assertThrows(LinuxException.class, () -> KvmStatistics.open(calls, vm));
        assertTrue(e.advice().contains("5.14"), e::getMessage);
    }

    @Test
    void closedStatisticsLetTheirVmGo() throws Exception {
        KvmStatistics statistics = KvmStatistics.open(calls, vm);
        vm.close();
        vcpu.close();
        assertEquals(1, host.vms().size());
        assertEquals(Optional.empty(), statistics.find("halt_wait_ns"));
        statistics.close();
        assertEquals(List.of(), host.vms());
    }

    @Test
    void theEmulatorCountsWhatItKnows() {
        assertThrows(IllegalArgumentException.class, () -> emulated.setStatistic("halt_wait_ns", 1));
        assertThrows(IllegalArgumentException.class, () -> emulated.setStatistic("pages_4k", 1, 2));
        assertThrows(IllegalArgumentException.class, () -> emulated.setVcpuStatistic(0, "halt_wait_ns", 1));
    }
}
