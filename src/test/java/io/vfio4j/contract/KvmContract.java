package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.GsiRouting;
import io.vfio4j.kvm.GsiTarget;
import io.vfio4j.kvm.GsiTarget.Irqchip;
import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.GsiTarget.Pin;
import io.vfio4j.kvm.Irqfd;
import io.vfio4j.kvm.KvmHistogram;
import io.vfio4j.kvm.KvmStatistic;
import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What KVM does for devices, as far as it shows without a guest that runs. The same on every kernel; a subclass says on which. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class KvmContract {
    private static final int NOT_OPEN = 987_654;
    private static final int MOST_ROUTES = 4096;
    private static final Message MESSAGE = new Message(0xfee0_0000L, 0x31);

    private TestHost host;
    private SystemCalls calls;
    private long descriptorsBefore;

    abstract TestHost openHost() throws IOException;

    @BeforeEach
    void open() throws IOException {
        host = openHost();
        calls = host.systemCalls();
        descriptorsBefore = host.openDescriptors();
    }

    @AfterEach
    void nothingStaysOpen() throws IOException {
        assertEquals(descriptorsBefore, host.openDescriptors(), "open descriptors");
        host.close();
    }

    private static LinuxException refused(int errno, Executable call) {
        LinuxException refusal = assertThrows(LinuxException.class, call);
        assertEquals(Errno.name(errno), refusal.errnoName(), refusal.getMessage());
        return refusal;
    }

    private static void refusedWithAdvice(int errno, String part, Executable call) {
        LinuxException refusal = refused(errno, call);
        assertTrue(refusal.advice().contains(part), refusal::getMessage);
    }

    /** A VM whose descriptor the test has as well, as a VMM does. */
    private Descriptor createVm() throws IOException {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            return calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "the VMM's VM");
        }
    }

    private Descriptor createVcpu(Descriptor vm, int id) throws IOException {
        return calls.adopt(calls.ioctl(vm, Kvm.KVM_CREATE_VCPU, id), "vCPU " + id);
    }

    private KvmVm vmWithIrqchip() throws IOException {
        KvmVm vm = KvmVm.createBare(calls);
        vm.createIrqchip();
        return vm;
    }

    private void irqfd(Descriptor vm, int flags, int fd, int gsi, int resampleFd) throws IOException {
        try (NativeMemory irqfd = calls.allocate(Kvm.Irqfd.SIZE)) {
            irqfd.putInt(Kvm.Irqfd.FD, fd);
            irqfd.putInt(Kvm.Irqfd.GSI, gsi);
            irqfd.putInt(Kvm.Irqfd.FLAGS, flags);
            irqfd.putInt(Kvm.Irqfd.RESAMPLEFD, resampleFd);
            calls.ioctl(vm, Kvm.KVM_IRQFD, irqfd);
        }
    }

    private static int numberOf(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    @Test
    void kvmSaysWhatItCan() throws Exception {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE);
                Descriptor vm = createVm()) {
            for (Descriptor asked : List.of(kvm, vm)) {
                assertEquals(1, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_CAP_IRQCHIP));
                assertEquals(1, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_CAP_IRQFD));
                assertEquals(1, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_CAP_IRQFD_RESAMPLE));
                assertEquals(MOST_ROUTES, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_CAP_IRQ_ROUTING));
                assertEquals(1, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, Kvm.KVM_CAP_BINARY_STATS_FD));
                assertEquals(0, calls.ioctl(asked, Kvm.KVM_CHECK_EXTENSION, 0xffff));
            }
        }
    }

    @Test
    void interruptControllersAreCreatedOnce() throws Exception {
        try (KvmVm vm = vmWithIrqchip()) {
            refusedWithAdvice(Errno.EEXIST, "already", vm::createIrqchip);
            assertEquals(GsiRouting.ofPc(), vm.routing().routes());
        }
    }

    @Test
    void interruptControllersAreCreatedBeforeTheFirstVcpu() throws Exception {
        Descriptor descriptor = createVm();
        try (KvmVm vm = KvmVm.adopt(calls, descriptor);
                Descriptor vcpu = createVcpu(descriptor, 0)) {
            assertFalse(vcpu.isClosed());
            refusedWithAdvice(Errno.EINVAL, "before the first one", vm::createIrqchip);
            assertThrows(IllegalStateException.class, vm::routing);
        }
    }

    @Test
    void anIrqfdNeedsInterruptControllers() throws Exception {
        try (KvmVm vm = KvmVm.createBare(calls)) {
            refusedWithAdvice(Errno.EINVAL, "interrupt controllers", () -> vm.irqfd(5, calls.eventFd("an event")));
            refusedWithAdvice(
                    Errno.EINVAL,
                    "PIC and IOAPIC",
                    () -> vm.irqfd(5, calls.eventFd("an event"), calls.eventFd("end of interrupt")));
        }
    }

    @Test
    void anIrqfdIsTheReaderOfItsEventfd() throws Exception {
        try (KvmVm vm = vmWithIrqchip();
                Irqfd irqfd = vm.irqfd(5, calls.eventFd("an event"));
                Poller poller = calls.openPoller()) {
            poller.add(irqfd.eventFd(), 7);
            calls.signal(irqfd.eventFd(), 3);
            assertEquals(0, poller.poll(new long[1], new long[1], false));
            assertEquals(0, calls.drain(irqfd.eventFd()));
            assertEquals(5, irqfd.gsi());
            assertEquals(Optional.empty(), irqfd.resampleFd());
            poller.remove(irqfd.eventFd());
        }
    }

    @Test
    void whatWasCountedBeforeStaysInTheEventfdUntilTheNextSignal() throws Exception {
        try (KvmVm vm = vmWithIrqchip()) {
            Descriptor eventFd = calls.eventFd("an event");
            calls.signal(eventFd, 3);
            try (Irqfd irqfd = vm.irqfd(5, eventFd)) {
                assertEquals(3, calls.drain(irqfd.eventFd()));
                calls.signal(eventFd, 1);
                assertEquals(0, calls.drain(irqfd.eventFd()));
            }
        }
    }

    @Test
    void aTakenAwayIrqfdReadsNoMoreAndLeavesAnEmptyCounter() throws Exception {
        try (Descriptor vm = createVm();
                Descriptor eventFd = calls.eventFd("an event")) {
            calls.ioctl(vm, Kvm.KVM_CREATE_IRQCHIP, 0);
            calls.signal(eventFd, 3);
            irqfd(vm, 0, numberOf(eventFd), 5, 0);
            irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, numberOf(eventFd), 5, 0);
            assertEquals(0, calls.drain(eventFd));
            calls.signal(eventFd, 2);
            assertEquals(2, calls.drain(eventFd));
        }
    }

    @Test
    void anEventfdInterruptsAVmByOneIrqfd() throws Exception {
        try (KvmVm vm = vmWithIrqchip();
                KvmVm other = vmWithIrqchip()) {
            Descriptor eventFd = calls.eventFd("an event");
            Irqfd irqfd = vm.irqfd(5, eventFd);
            refusedWithAdvice(Errno.EBUSY, "an eventfd of its own", () -> vm.irqfd(6, eventFd));
            assertTrue(eventFd.isClosed(), "it belongs to the irqfd that failed as well");
            irqfd.close();
            irqfd.close();
            try (Irqfd again = other.irqfd(5, calls.eventFd("another event"))) {
                assertEquals(5, again.gsi());
            }
        }
    }

    @Test
    void anEventfdWithoutItsIrqfdCanBeAssignedAgain() throws Exception {
        try (Descriptor vm = createVm();
                Descriptor eventFd = calls.eventFd("an event")) {
            int fd = numberOf(eventFd);
            calls.ioctl(vm, Kvm.KVM_CREATE_IRQCHIP, 0);
            irqfd(vm, 0, fd, 5, 0);
            refused(Errno.EBUSY, () -> irqfd(vm, 0, fd, 6, 0));
            refused(Errno.EBUSY, () -> irqfd(vm, Kvm.KVM_IRQFD_FLAG_RESAMPLE, fd, 6, fd));
            // Of another GSI than it has: nothing happens.
            irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, fd, 6, 0);
            refused(Errno.EBUSY, () -> irqfd(vm, 0, fd, 6, 0));
            irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, fd, 5, 0);
            irqfd(vm, 0, fd, 6, 0);
        }
    }

    @Test
    void irqfdsAreRefusedForTheRightReason() throws Exception {
        try (Descriptor vm = createVm();
                Descriptor eventFd = calls.eventFd("an event")) {
            int fd = numberOf(eventFd);
            int noEventFd = numberOf(vm);
            refused(Errno.EINVAL, () -> irqfd(vm, 0, fd, 5, 0));
            refused(Errno.EINVAL, () -> irqfd(vm, 4, fd, 5, 0));
            refused(Errno.EBADF, () -> irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, NOT_OPEN, 5, 0));
            calls.ioctl(vm, Kvm.KVM_CREATE_IRQCHIP, 0);
            refused(Errno.EINVAL, () -> irqfd(vm, 4, fd, 5, 0));
            refused(Errno.EBADF, () -> irqfd(vm, 0, NOT_OPEN, 5, 0));
            refused(Errno.EINVAL, () -> irqfd(vm, 0, noEventFd, 5, 0));
            refused(Errno.EINVAL, () -> irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, noEventFd, 5, 0));
            refused(Errno.EBADF, () -> irqfd(vm, Kvm.KVM_IRQFD_FLAG_RESAMPLE, fd, 5, NOT_OPEN));
            refused(Errno.EINVAL, () -> irqfd(vm, Kvm.KVM_IRQFD_FLAG_RESAMPLE, fd, 5, noEventFd));
            refused(Errno.EFAULT, () -> calls.ioctl(vm, Kvm.KVM_IRQFD, 0));
            irqfd(vm, Kvm.KVM_IRQFD_FLAG_DEASSIGN, fd, 5, 0);
            // A GSI that leads nowhere, and cannot, is none of its business.
            irqfd(vm, 0, fd, -1, 0);
        }
    }

    @Test
    void aVmClosesItsIrqfds() throws Exception {
        KvmVm vm = vmWithIrqchip();
        Irqfd edge = vm.irqfd(5, calls.eventFd("an event"));
        Irqfd level = vm.irqfd(6, calls.eventFd("another event"), calls.eventFd("end of interrupt"));
        vm.close();
        assertTrue(edge.eventFd().isClosed());
        assertTrue(level.eventFd().isClosed());
        assertTrue(level.resampleFd().orElseThrow().isClosed());
        edge.close();
        level.close();
        vm.close();
        Descriptor eventFd = calls.eventFd("too late");
        assertThrows(ClosedException.class, () -> vm.irqfd(5, eventFd));
        assertTrue(eventFd.isClosed());
    }

    /** A routing table as KVM gets it: each row is gsi, type, flags, and two members of the target. */
    private int route(Descriptor vm, int flags, int[]... rows) throws IOException {
        try (NativeMemory table =
                calls.allocate(Kvm.IrqRouting.SIZE + Math.max(1, rows.length) * Kvm.IrqRoutingEntry.SIZE)) {
            table.putInt(Kvm.IrqRouting.NR, rows.length);
            table.putInt(Kvm.IrqRouting.FLAGS, flags);
            for (int i = 0; i < rows.length; i++) {
                int at = Kvm.IrqRouting.ENTRIES + i * Kvm.IrqRoutingEntry.SIZE;
                table.putInt(at + Kvm.IrqRoutingEntry.GSI, rows[i][0]);
                table.putInt(at + Kvm.IrqRoutingEntry.TYPE, rows[i][1]);
                table.putInt(at + Kvm.IrqRoutingEntry.FLAGS, rows[i][2]);
                table.putInt(at + Kvm.IrqRoutingEntry.IRQCHIP_IRQCHIP, rows[i][3]);
                table.putInt(at + Kvm.IrqRoutingEntry.IRQCHIP_PIN, rows[i][4]);
            }
            return calls.ioctl(vm, Kvm.KVM_SET_GSI_ROUTING, table);
        }
    }

    static Stream<Arguments> tables() {
        int pin = Kvm.KVM_IRQ_ROUTING_IRQCHIP;
        int msi = Kvm.KVM_IRQ_ROUTING_MSI;
        int pic = Kvm.KVM_IRQCHIP_PIC_MASTER;
        int slave = Kvm.KVM_IRQCHIP_PIC_SLAVE;
        int ioapic = Kvm.KVM_IRQCHIP_IOAPIC;
        return Stream.of(
                Arguments.of("nothing", true, 0, new int[][] {}),
                Arguments.of("flags", false, 1, new int[][] {}),
                Arguments.of("a pin", true, 0, new int[][] {{5, pin, 0, pic, 5}}),
                Arguments.of("a pin's flags", false, 0, new int[][] {{5, pin, 1, pic, 5}}),
                Arguments.of("a message", true, 0, new int[][] {{5, msi, 0, 0, 0}}),
                Arguments.of("a message of a device", true, 0, new int[][] {{5, msi, 1, 0, 0}}),
                Arguments.of("a message's other flags", false, 0, new int[][] {{5, msi, 2, 0, 0}}),
                Arguments.of("the last GSI", true, 0, new int[][] {{MOST_ROUTES - 1, msi, 0, 0, 0}}),
                Arguments.of("a GSI beyond", false, 0, new int[][] {{MOST_ROUTES, msi, 0, 0, 0}}),
                Arguments.of("a GSI far beyond", false, 0, new int[][] {{-1, msi, 0, 0, 0}}),
                Arguments.of("a pin of each", true, 0, new int[][] {
                    {5, pin, 0, pic, 1}, {5, pin, 0, slave, 2}, {5, pin, 0, ioapic, 3}
                }),
                Arguments.of("two pins of one", false, 0, new int[][] {{5, pin, 0, pic, 1}, {5, pin, 0, pic, 2}}),
                Arguments.of("one pin for two", true, 0, new int[][] {{5, pin, 0, pic, 1}, {6, pin, 0, pic, 1}}),
                Arguments.of("two messages", false, 0, new int[][] {{5, msi, 0, 0, 0}, {5, msi, 0, 0, 1}}),
                Arguments.of("pin and message", false, 0, new int[][] {{5, pin, 0, pic, 1}, {5, msi, 0, 0, 1}}),
                Arguments.of("message and pin", false, 0, new int[][] {{5, msi, 0, 0, 1}, {5, pin, 0, pic, 1}}),
                Arguments.of("the last pin of a PIC", true, 0, new int[][] {{5, pin, 0, slave, 7}}),
                Arguments.of("a pin beyond a PIC", false, 0, new int[][] {{5, pin, 0, slave, 8}}),
                Arguments.of("the last pin of the IOAPIC", true, 0, new int[][] {{5, pin, 0, ioapic, 23}}),
                Arguments.of("a pin beyond the IOAPIC", false, 0, new int[][] {{5, pin, 0, ioapic, 24}}),
                Arguments.of("a pin far beyond", false, 0, new int[][] {{5, pin, 0, ioapic, -1}}),
                Arguments.of("another controller", false, 0, new int[][] {{5, pin, 0, 3, 0}}),
                Arguments.of("another kind", false, 0, new int[][] {{5, 99, 0, 0, 0}}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tables")
    void tablesAreAcceptedOrRefused(String what, boolean accepted, int flags, int[][] rows) throws Exception {
        try (Descriptor vm = createVm()) {
            refused(Errno.EINVAL, () -> route(vm, flags, rows));
            calls.ioctl(vm, Kvm.KVM_CREATE_IRQCHIP, 0);
            if (accepted) {
                assertEquals(0, route(vm, flags, rows), what);
            } else {
                refused(Errno.EINVAL, () -> route(vm, flags, rows));
            }
        }
    }

    @Test
    void aTableHasABoundedNumberOfEntries() throws Exception {
        try (Descriptor vm = createVm();
                NativeMemory table =
                        calls.allocate(Kvm.IrqRouting.SIZE + (MOST_ROUTES + 1) * Kvm.IrqRoutingEntry.SIZE)) {
            calls.ioctl(vm, Kvm.KVM_CREATE_IRQCHIP, 0);
            refused(Errno.EFAULT, () -> calls.ioctl(vm, Kvm.KVM_SET_GSI_ROUTING, 0));
            for (int i = 0; i < MOST_ROUTES; i++) {
                int at = Kvm.IrqRouting.ENTRIES + i * Kvm.IrqRoutingEntry.SIZE;
                table.putInt(at + Kvm.IrqRoutingEntry.GSI, i);
                table.putInt(at + Kvm.IrqRoutingEntry.TYPE, Kvm.KVM_IRQ_ROUTING_MSI);
            }
            table.putInt(Kvm.IrqRouting.NR, MOST_ROUTES + 1);
            refused(Errno.EINVAL, () -> calls.ioctl(vm, Kvm.KVM_SET_GSI_ROUTING, table));
            table.putInt(Kvm.IrqRouting.NR, MOST_ROUTES);
            calls.ioctl(vm, Kvm.KVM_SET_GSI_ROUTING, table);
        }
    }

    @Test
    void aRouteMoreIsAllThatChanges() throws Exception {
        try (KvmVm vm = vmWithIrqchip()) {
            GsiRouting routing = vm.routing();
            int first = routing.routeFree(MESSAGE);
            int second = routing.routeFree(new Message(0xfee0_1000L, 0x32));
            assertEquals(List.of(24, 25), List.of(first, second));
            routing.route(5, new Pin(Irqchip.IOAPIC, 5));
            routing.route(6);
            routing.route(first);
            Map<Integer, List<GsiTarget>> expected = new TreeMap<>(GsiRouting.ofPc());
            expected.put(5, List.of(new Pin(Irqchip.IOAPIC, 5)));
            expected.remove(6);
            expected.put(25, List.of(new Message(0xfee0_1000L, 0x32)));
            assertEquals(expected, routing.routes());
            assertEquals(24, routing.routeFree(MESSAGE));
        }
    }

    @Test
    void aRouteThatCannotBeChangesNothing() throws Exception {
        try (KvmVm vm = vmWithIrqchip()) {
            GsiRouting routing = vm.routing();
            assertThrows(IllegalArgumentException.class, () -> routing.route(MOST_ROUTES, MESSAGE));
            assertThrows(IllegalArgumentException.class, () -> routing.route(-1, MESSAGE));
            assertThrows(IllegalArgumentException.class, () -> routing.route(30, MESSAGE, MESSAGE));
            assertThrows(IllegalArgumentException.class, () -> routing.route(30, MESSAGE, new Pin(Irqchip.IOAPIC, 0)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> routing.route(30, new Pin(Irqchip.IOAPIC, 0), new Pin(Irqchip.IOAPIC, 1)));
            assertEquals(GsiRouting.ofPc(), routing.routes());
        }
    }

    @Test
    void theTableOfAnAdoptedVmIsLeftAloneUntilItIsHandedOver() throws Exception {
        Descriptor descriptor = createVm();
        try (KvmVm vm = KvmVm.adopt(calls, descriptor)) {
            calls.ioctl(descriptor, Kvm.KVM_CREATE_IRQCHIP, 0);
            IllegalStateException unknown = assertThrows(IllegalStateException.class, vm::routing);
            assertTrue(unknown.getMessage().contains("belongs to its VMM"), unknown::getMessage);
            vm.irqfd(5, calls.eventFd("an event that the VMM has routed")).close();
            assertThrows(
                    IllegalArgumentException.class,
                    () -> vm.takeOverRouting(Map.of(5, List.of(MESSAGE, MESSAGE))),
                    "there cannot be such a table");
            GsiRouting routing = vm.takeOverRouting(Map.of(30, List.of(MESSAGE), 31, List.of()));
            routing.route(31, MESSAGE);
            assertEquals(
                    Map.of(30, List.of(MESSAGE), 31, List.of(MESSAGE)),
                    vm.routing().routes());
            assertThrows(IllegalStateException.class, () -> vm.takeOverRouting(Map.of()));
        }
    }

    @Test
    void aTableThatWasHandedOverNeedsItsControllers() throws Exception {
        try (KvmVm vm = KvmVm.createBare(calls)) {
            assertThrows(IllegalStateException.class, vm::routing);
            GsiRouting routing = vm.takeOverRouting(GsiRouting.ofPc());
            refusedWithAdvice(Errno.EINVAL, "interrupt controllers", () -> routing.route(30, MESSAGE));
            assertEquals(GsiRouting.ofPc(), routing.routes());
        }
    }

    @Test
    void aVmHasStatistics() throws Exception {
        try (KvmVm vm = KvmVm.createBare(calls);
                KvmStatistics statistics = vm.statistics()) {
            assertTrue(statistics.id().matches("kvm-\\d+"), statistics::id);
            KvmStatistic flushes = statistics.find("remote_tlb_flush").orElseThrow();
            assertEquals(KvmStatistic.Kind.CUMULATIVE, flushes.kind());
            assertEquals(KvmStatistic.Unit.NONE, flushes.unit());
            assertEquals(1, flushes.values());
            assertEquals("remote_tlb_flush (cumulative)", flushes.toString());
            assertEquals(
                    KvmStatistic.Kind.INSTANT,
                    statistics.find("pages_4k").orElseThrow().kind());
            assertEquals(
                    KvmStatistic.Kind.PEAK,
                    statistics.find("max_mmu_rmap_size").orElseThrow().kind());
            for (KvmStatistic each : statistics.all()) {
                assertEquals(Optional.of(each), statistics.find(each.name()));
                assertTrue(statistics.value(each.name()) >= 0, each::name);
            }
            statistics.read();
            assertEquals(0, statistics.value("pages_1g"));
        }
    }

    @Test
    void aVcpuHasStatisticsOfItsOwn() throws Exception {
        try (Descriptor vm = createVm();
                Descriptor vcpu = createVcpu(vm, 2)) {
            refused(Errno.EEXIST, () -> createVcpu(vm, 2));
            refused(Errno.EINVAL, () -> createVcpu(vm, 1 << 20));
            try (KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
                assertTrue(statistics.id().matches("kvm-\\d+/vcpu-2"), statistics::id);
                assertEquals(0, statistics.value("directed_yield_attempted"));
                assertEquals(0, statistics.value("directed_yield_successful"));
                assertEquals(0, statistics.value("halt_wakeup"));
                KvmStatistic wait = statistics.find("halt_wait_hist").orElseThrow();
                assertEquals("halt_wait_hist (logarithmic histogram of 32 buckets, 10^-9 seconds)", wait.toString());
                assertEquals(KvmStatistic.Unit.SECONDS, wait.unit());
                assertEquals(List.of(10, -9, 32), List.of(wait.base(), wait.exponent(), wait.values()));
                KvmHistogram histogram = statistics.histogram("halt_wait_hist");
                assertEquals(32, histogram.buckets());
                assertEquals(0, histogram.total());
                assertEquals(wait, histogram.statistic());
                assertEquals(
                        KvmStatistic.Unit.BOOLEAN,
                        statistics.find("blocking").orElseThrow().unit());
                assertEquals(
                        "halt_wait_ns (cumulative, 10^-9 seconds)",
                        statistics.find("halt_wait_ns").orElseThrow().toString());
            }
        }
    }

    @Test
    void statisticsAreAskedForByNameAndKind() throws Exception {
        try (Descriptor vm = createVm();
                Descriptor vcpu = createVcpu(vm, 0);
                KvmStatistics statistics = KvmStatistics.open(calls, vcpu)) {
            assertEquals(Optional.empty(), statistics.find("no_such_thing"));
            IllegalArgumentException unknown =
                    assertThrows(IllegalArgumentException.class, () -> statistics.value("no_such_thing"));
            assertTrue(unknown.getMessage().contains("halt_wakeup"), "it says what there is: " + unknown);
            assertThrows(IllegalArgumentException.class, () -> statistics.value("halt_wait_hist"));
            assertThrows(IllegalArgumentException.class, () -> statistics.histogram("halt_wait_ns"));
        }
    }

    @Test
    void statisticsKeepTheirVm() throws Exception {
        KvmVm vm = KvmVm.createBare(calls);
        KvmStatistics statistics = vm.statistics();
        vm.close();
        statistics.read();
        assertEquals(0, statistics.value("pages_2m"));
        statistics.close();
        statistics.close();
        assertThrows(ClosedException.class, statistics::read);
        assertThrows(ClosedException.class, () -> statistics.value("pages_2m"));
    }

    @Test
    void onlyVmsAndVcpusHaveStatistics() throws Exception {
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            refusedWithAdvice(Errno.EINVAL, "for VMs and for vCPUs", () -> KvmStatistics.open(calls, kvm));
        }
    }

    @Test
    void twoGroupsBelongToOneVm() throws Exception {
        try (TestVgpu one = host.create("v5");
                TestVgpu two = host.create("v5");
                KvmVm vm = KvmVm.createBare(calls);
                Descriptor first = openGroup(one);
                Descriptor second = openGroup(two)) {
            KvmVm.Association a = vm.associate(first);
            refusedWithAdvice(Errno.EEXIST, "already", () -> vm.associate(first));
            KvmVm.Association b = vm.associate(second);
            a.close();
            a.close();
            refusedWithAdvice(Errno.EEXIST, "already", () -> vm.associate(second));
            vm.associate(first).close();
            b.close();
            vm.associate(second).close();
        }
    }

    private Descriptor openGroup(TestVgpu vgpu) throws IOException {
        return calls.open("/dev/vfio/" + vgpu.mdev().group().orElseThrow(), Access.READ_WRITE);
    }

    @Test
    void anAssociationKeepsItsGroupUntilItIsClosed() throws Exception {
        try (TestVgpu vgpu = host.create("v5");
                KvmVm vm = KvmVm.createBare(calls)) {
            Descriptor group = openGroup(vgpu);
            KvmVm.Association association = vm.associate(group);
            group.close();
            refused(Errno.EBUSY, () -> openGroup(vgpu));
            association.close();
            openGroup(vgpu).close();
        }
    }

    @Test
    void whatIsNotOfVfioBelongsToNoVm() throws Exception {
        try (KvmVm vm = KvmVm.createBare(calls);
                Descriptor eventFd = calls.eventFd("an event")) {
            refusedWithAdvice(Errno.EINVAL, "is no VFIO group", () -> vm.associate(eventFd));
            refusedWithAdvice(Errno.EINVAL, "older than 6.6", () -> vm.associateDevice(eventFd));
        }
    }

    @Test
    void theKvmVfioDeviceOfAVmmIsItsOwn() throws Exception {
        Descriptor descriptor = createVm();
        try (KvmVm vm = KvmVm.adopt(calls, descriptor);
                NativeMemory create = calls.allocate(Kvm.CreateDevice.SIZE);
                Descriptor eventFd = calls.eventFd("an event")) {
            create.putInt(Kvm.CreateDevice.TYPE, Kvm.KVM_DEV_TYPE_VFIO);
            calls.ioctl(descriptor, Kvm.KVM_CREATE_DEVICE, create);
            Descriptor device = calls.adopt(create.getInt(Kvm.CreateDevice.FD), "the VMM's KVM-VFIO device");
            refusedWithAdvice(Errno.EBUSY, "the VMM", () -> vm.associate(eventFd));
            device.close();
            refused(Errno.EINVAL, () -> vm.associate(eventFd));
        }
    }
}
