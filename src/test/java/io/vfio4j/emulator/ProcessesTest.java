package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import io.vfio4j.vfio.VfioGroup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** More than one process on an emulated host. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProcessesTest {
    private static VfioDevice open(EmulatedProcess process, Vgpu vgpu) throws IOException {
        return VfioDevice.open(process.systemCalls(), MdevDevice.find(process.systemCalls(), vgpu.uuid()));
    }

    private static Map<String, String> links(SystemCalls calls, String directory) throws LinuxException {
        Map<String, String> links = new TreeMap<>();
        for (String name : calls.list(directory)) {
            links.put(name, calls.readLink(directory + "/" + name));
        }
        return links;
    }

    private static int number(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    @Test
    void aProcessHasDescriptorsOfItsOwnWhichProcShows() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            SystemCalls calls = host.systemCalls();
            EmulatedProcess qemu = host.process("qemu-system-x86_64");
            VfioDevice device = open(qemu, host.vgpu());
            assertEquals(3, qemu.openDescriptors());
            assertEquals(0, host.openDescriptors());
            assertEquals(
                    Map.of("3", "/dev/vfio/vfio", "4", host.vgpu().groupPath(), "5", "anon_inode:[vfio-device]"),
                    links(calls, "/proc/" + qemu.pid() + "/fd"));
            assertEquals("qemu-system-x86\n", calls.readText("/proc/" + qemu.pid() + "/comm"));
            assertEquals("qemu-system-x86_64\0", calls.readText("/proc/" + qemu.pid() + "/cmdline"));
            assertTrue(calls.readText("/proc/" + qemu.pid() + "/status").contains("\nUid:\t0\t0\t0\t0\n"));
            assertTrue(calls.list("/proc").contains(Integer.toString(qemu.pid())));
            assertEquals(Integer.toString(host.pid()), calls.readLink("/proc/self"));
            assertEquals(Integer.toString(qemu.pid()), qemu.systemCalls().readLink("/proc/self"));
            try (Descriptor event = calls.eventFd("an event")) {
                assertEquals("anon_inode:[eventfd]", calls.readLink("/proc/self/fd/" + number(event)));
            }
            assertEquals(List.of(), calls.list("/proc/self/fd"));
            assertThrows(LinuxException.class, () -> calls.readLink("/proc/self/fd/3"));
            device.close();
            assertEquals(0, qemu.openDescriptors(), () -> "" + qemu.openFiles());
        }
    }

    @Test
    void fdinfoNamesTheDeviceOnANewKernel() throws Exception {
        for (boolean newKernel : new boolean[] {false, true}) {
            EmulatedHost.Builder builder = EmulatedHost.builder().vgpu(VgpuProfile.V6);
            try (EmulatedHost host = newKernel ? builder.devicesInFdinfo().build() : builder.build();
                    VfioDevice device = open(host.process("qemu"), host.vgpu())) {
                String fdinfo = host.systemCalls().readText("/proc/1001/fdinfo/5");
                assertEquals(
                        newKernel,
                        fdinfo.contains("vfio-device-syspath: /sys/devices/pci0000:00/0000:00:02.0/" + device.name()));
                assertTrue(fdinfo.startsWith("pos:\t0\nflags:\t02"), fdinfo);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // user, other's user, ptrace_scope, may read, may take
        "   0,    0, 0, true,  true",
        "   0,  107, 2, true,  true",
        "   0,  107, 3, true,  false",
        "1000, 1000, 0, true,  true",
        "1000, 1000, 1, true,  false",
        "1000, 1000, 2, true,  false",
        "1000,  107, 0, false, false",
        "1000,    0, 0, false, false",
    })
    void whoMayLookIntoAProcessAndTakeItsDescriptorsIsAsPtraceHasIt(
            int user, int other, int scope, boolean mayRead, boolean mayTake) throws Exception {
        try (EmulatedHost host =
                EmulatedHost.builder().user(user).ptraceScope(scope).build()) {
            SystemCalls calls = host.systemCalls();
            EmulatedProcess process = host.process("other", other);
            Descriptor event = process.systemCalls().eventFd("an event");
            assertEquals(scope + "\n", calls.readText("/proc/sys/kernel/yama/ptrace_scope"));
            String directory = "/proc/" + process.pid() + "/fd";
            if (mayRead) {
                assertEquals(Map.of("3", "anon_inode:[eventfd]"), links(calls, directory));
            } else {
                Refusals.assertErrno(Errno.EACCES, () -> calls.list(directory));
                Refusals.assertErrno(Errno.EACCES, () -> calls.readLink(directory + "/3"));
            }
            try (Descriptor opened = calls.openProcess(process.pid())) {
                if (mayTake) {
                    try (Descriptor copy = calls.copyDescriptor(opened, number(event), "a copy")) {
                        process.systemCalls().signal(event, 5);
                        assertEquals(5, calls.drain(copy));
                    }
                } else {
                    Refusals.assertErrno(Errno.EPERM, () -> calls.copyDescriptor(opened, number(event), "a copy"));
                }
            }
            assertEquals(0, host.openDescriptors());
        }
    }

    @Test
    void theEndOfAProcessClosesWhatItHasButNotOurCopies() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            SystemCalls calls = host.systemCalls();
            EmulatedProcess qemu = host.process("qemu");
            VfioDevice device = open(qemu, host.vgpu());
            Descriptor process = calls.openProcess(qemu.pid());
            Descriptor copy = calls.copyDescriptor(process, 5, "a copy");
            qemu.end();
            qemu.end();
            assertEquals(0, qemu.openDescriptors());
            assertTrue(calls.hasExited(process));
            assertFalse(calls.exists("/proc/" + qemu.pid()));
            assertThrows(ClosedException.class, () -> qemu.systemCalls().eventFd("late"));
            device.close(); // as a program would whose process was killed under it: nothing happens
            assertTrue(host.vgpu().isOpen());
            Refusals.assertErrno(Errno.EBUSY, () -> VfioGroup.open(calls, 1));
            VfioDevice shared = VfioDevice.share(calls, copy, "shared");
            assertEquals(6, shared.info().irqs());
            shared.close();
            process.close();
            assertFalse(host.vgpu().isOpen());
            VfioGroup.open(calls, 1).close();
        }
    }

    @Test
    void aNumberIsGivenAwayAgainAndThePidfdStaysWithItsProcess() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            SystemCalls calls = host.systemCalls();
            EmulatedProcess first = host.process("first");
            try (Descriptor opened = calls.openProcess(first.pid())) {
                assertThrows(IllegalArgumentException.class, () -> host.process(first.pid(), "second", 0));
                first.end();
                EmulatedProcess second = host.process(first.pid(), "second", 0);
                second.systemCalls().eventFd("an event");
                assertTrue(calls.hasExited(opened));
                Refusals.assertErrno(Errno.ESRCH, () -> calls.copyDescriptor(opened, 3, "a copy"));
            }
        }
    }

    @Test
    void aVmIsOfTheProcessThatMadeIt() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withKvmRequired(true))) {
            SystemCalls calls = host.systemCalls();
            UUID uuid = host.vgpu().uuid();
            EmulatedProcess qemu = host.process("qemu");
            SystemCalls its = qemu.systemCalls();
            KvmVm vm = KvmVm.createBare(its);
            VfioDevice device = VfioDevice.open(its, MdevDevice.find(its, uuid), vm);
            try (Descriptor itself = its.openProcess(qemu.pid());
                    Descriptor itsGroup = its.copyDescriptor(itself, group(host, qemu), "its group");
                    Descriptor process = calls.openProcess(qemu.pid());
                    Descriptor group = calls.copyDescriptor(process, number(itsGroup), "a copy")) {
                // The driver is not asked for another file of a device that is open.
                deviceOf(calls, group, uuid).close();
                device.close();
                KvmVm.Association association = vm.associate(itsGroup);
                Refusals.assertErrno(Errno.ESRCH, () -> deviceOf(calls, group, uuid));
                deviceOf(its, itsGroup, uuid).close();
                association.close();
            }
            vm.close();
            assertEquals(0, host.openDescriptors(), () -> "" + host.openFiles());
            assertEquals(0, qemu.openDescriptors(), () -> "" + qemu.openFiles());
        }
    }

    private static Descriptor deviceOf(SystemCalls calls, Descriptor group, UUID uuid) throws LinuxException {
        byte[] name = uuid.toString().getBytes(StandardCharsets.US_ASCII);
        try (NativeMemory text = calls.allocate(name.length + 1)) {
            text.putBytes(0, name);
            return calls.adopt(calls.ioctl(group, Vfio.VFIO_GROUP_GET_DEVICE_FD, text), "a device");
        }
    }

    private static int group(EmulatedHost host, EmulatedProcess process) throws LinuxException {
        String directory = "/proc/" + process.pid() + "/fd";
        return links(host.systemCalls(), directory).entrySet().stream()
                .filter(link -> link.getValue().equals(host.vgpu().groupPath()))
                .mapToInt(link -> Integer.parseInt(link.getKey()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void ofTwoProcessesThatRaceForAGroupOneGetsIt() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            EmulatedProcess[] racers = {host.process("first"), host.process("second")};
            for (int round = 0; round < 50; round++) {
                CyclicBarrier start = new CyclicBarrier(2);
                List<FutureTask<String>> outcomes = new ArrayList<>();
                CountDownLatch both = new CountDownLatch(2);
                for (EmulatedProcess racer : racers) {
                    FutureTask<String> outcome = new FutureTask<>(() -> {
                        start.await();
                        try (VfioDevice device = open(racer, host.vgpu())) {
                            both.countDown();
                            both.await(); // nobody lets go before the other has tried
                            return device.info().irqs() + " irqs";
                        } catch (LinuxException e) {
                            both.countDown();
                            return e.errnoName() + " " + e.operation();
                        }
                    });
                    new Thread(outcome, racer.toString()).start();
                    outcomes.add(outcome);
                }
                List<String> results = new ArrayList<>();
                for (FutureTask<String> outcome : outcomes) {
                    results.add(outcome.get());
                }
                results.sort(null);
                assertEquals(List.of("6 irqs", "EBUSY open"), results);
                assertEquals(0, racers[0].openDescriptors() + racers[1].openDescriptors());
                assertFalse(host.vgpu().isOpen());
            }
        }
    }

    @Test
    void aKilledProcessWaitsNoLonger() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            EmulatedProcess process = host.process("waiting");
            Poller poller = process.systemCalls().openPoller();
            CountDownLatch started = new CountDownLatch(1);
            FutureTask<Class<?>> waiter = new FutureTask<>(() -> {
                started.countDown();
                return assertThrows(ClosedException.class, () -> poller.poll(new long[1], new long[1], true))
                        .getClass();
            });
            Thread thread = new Thread(waiter, "waiting");
            thread.start();
            started.await();
            process.end();
            assertEquals(ClosedException.class, waiter.get());
        }
    }

    @Test
    void faultsAndTracesAreThoseOfTheFirstProcess() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            EmulatedProcess other = host.process("other");
            host.faults().fail("eventfd", 1, Errno.ENFILE);
            List<String> order = new ArrayList<>();
            host.faults()
                    .before(
                            "eventfd",
                            2,
                            () -> order.add("before " + host.trace().size()));
            other.systemCalls().eventFd("its own").close();
            assertEquals(List.of(), host.trace());
            Refusals.assertErrno(Errno.ENFILE, () -> host.systemCalls().eventFd("one"));
            host.systemCalls().eventFd("two").close();
            assertEquals(List.of("before 2"), order);
            assertEquals(List.of("eventfd one", "eventfd two", "close two"), host.trace());
        }
    }

    @Test
    void aMappingKeepsItsFileUntilTheProcessEnds() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MDPY)) {
            EmulatedProcess process = host.process("qemu");
            VfioDevice device = open(process, host.vgpu());
            long offset = device.region(16).offset();
            Descriptor copy;
            try (Descriptor self = process.systemCalls().openProcess(process.pid())) {
                copy = process.systemCalls().copyDescriptor(self, 5, "a copy");
            }
            Mapping mapping = process.systemCalls().map(copy, offset, 4096, Access.READ_WRITE);
            copy.close();
            device.close();
            assertTrue(host.vgpu().isOpen());
            process.end();
            assertFalse(host.vgpu().isOpen());
            mapping.close();
        }
    }

    @Test
    void aSocketConnectsTwoProcesses() throws Exception {
        try (EmulatedHost host = EmulatedHost.builder().build()) {
            EmulatedProcess other = host.process("other");
            SystemCalls its = other.systemCalls();
            Descriptor listener = its.listen("/run/other");
            Descriptor connection = host.systemCalls().connect("/run/other", Duration.ofSeconds(1));
            Descriptor accepted = its.accept(listener).orElseThrow();
            Descriptor event = its.eventFd("an event");
            its.send(accepted, new byte[] {1}, List.of(event));
            its.signal(event, 9);
            other.end();
            try (var received = host.systemCalls().receive(connection, 10, 1, Duration.ofSeconds(1))) {
                Descriptor copy = received.take().get(0);
                assertEquals(9, host.systemCalls().drain(copy));
                copy.close();
            }
            assertTrue(host.systemCalls().isHungUp(connection));
            connection.close();
            assertEquals(0, host.openDescriptors());
        }
    }
}
