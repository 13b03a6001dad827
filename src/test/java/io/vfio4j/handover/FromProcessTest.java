package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import io.vfio4j.vfio.VfioGroup;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that a process has open, got through its pidfd, on the emulated host. */
class FromProcessTest {
    /** How a kernel tells which descriptor is which device. */
    private enum Kernel {
        /** Before Linux 6.18: by the groups. */
        OLD,
        /** From Linux 6.18 on: in fdinfo. */
        FDINFO,
        /** By the device's own node. */
        CDEV,
        /** A kernel without groups. */
        CDEV_ALONE;

        EmulatedHost host(VgpuProfile... profiles) {
            EmulatedHost.Builder builder = EmulatedHost.builder();
            for (VgpuProfile profile : profiles) {
                builder.vgpu(
                        switch (this) {
                            case OLD, FDINFO -> profile;
                            case CDEV -> profile.withNodes(DeviceNodes.GROUP_AND_CDEV);
                            case CDEV_ALONE -> profile.withNodes(DeviceNodes.CDEV);
                        });
            }
            return (this == FDINFO ? builder.devicesInFdinfo() : builder).build();
        }
    }

    private static HandoverException refusal(SystemCalls calls, int pid) {
        return assertThrows(HandoverException.class, () -> Handover.fromProcess(calls, pid));
    }

    private static HandoverException refusal(SystemCalls calls, int pid, String name) {
        return assertThrows(HandoverException.class, () -> Handover.fromProcess(calls, pid, name));
    }

    @ParameterizedTest
    @EnumSource
    void theOnlyDeviceIsSharedAndKnown(Kernel kernel) throws Exception {
        try (EmulatedHost host = kernel.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            try (VfioDevice device = Handover.fromProcess(host.systemCalls(), vmm.pid())) {
                assertTrue(device.shared());
                assertEquals(vmm.name(0), device.name());
                assertEquals(
                        host.vgpu().sysfsPath(), device.host().orElseThrow().path());
                assertEquals(
                        "i915-GVTg_V5_4", device.mdev().map(MdevDevice::type).orElseThrow());
                assertEquals(vmm.description(), device.owner().orElseThrow().description());
                assertFalse(device.owner().orElseThrow().isGone());
                assertEquals(6, device.info().irqs());
                assertEquals(2, host.openDescriptors(), () -> "" + host.openFiles());
            }
            vmm.assertUndisturbed();
        }
    }

    @ParameterizedTest
    @EnumSource
    void amongSeveralTheOneThatIsNamedIsShared(Kernel kernel) throws Exception {
        try (EmulatedHost host = kernel.host(VgpuProfile.V6, VgpuProfile.MDPY, VgpuProfile.V5)) {
            Vmm vmm = new Vmm(host);
            int[] irqs = {6, 5, 6};
            for (int i = 0; i < 3; i++) {
                String name = vmm.name(i);
                try (VfioDevice device =
                        Handover.fromProcess(host.systemCalls(), vmm.pid(), name.toUpperCase(Locale.ROOT))) {
                    assertEquals(name, device.name());
                    assertEquals(name, device.mdev().orElseThrow().uuid().toString());
                    assertEquals(irqs[i], device.info().irqs());
                }
                // It is this very device: while a copy is open its owner's close does not end it.
                VfioDevice copy = Handover.fromProcess(host.systemCalls(), vmm.pid(), name);
                vmm.devices.get(i).close();
                assertTrue(host.vgpus().get(i).isOpen());
                copy.close();
                assertFalse(host.vgpus().get(i).isOpen());
                vmm.devices.set(i, vmm.open(host.vgpus().get(i)));
                vmm.devices.remove(3);
            }
            vmm.assertUndisturbed();
        }
    }

    @ParameterizedTest
    @EnumSource
    void ofSeveralNoneIsTakenUnasked(Kernel kernel) throws Exception {
        try (EmulatedHost host = kernel.host(VgpuProfile.V6, VgpuProfile.MDPY)) {
            Vmm vmm = new Vmm(host);
            HandoverException e = refusal(host.systemCalls(), vmm.pid());
            List<String> names = Stream.of(vmm.name(0), vmm.name(1)).sorted().toList();
            assertEquals(names, e.choices());
            assertEquals(names, Handover.devicesOf(host.systemCalls(), vmm.pid()));
            assertEquals(
                    vmm.description() + " has several VFIO devices open; choose pid:" + vmm.pid() + "/" + names.get(0)
                            + " or pid:" + vmm.pid() + "/" + names.get(1) + ".",
                    e.getMessage());
            vmm.assertUndisturbed();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDeviceThatTheProcessDoesNotHaveIsNotSharedAndNotOpened(Kernel kernel) throws Exception {
        try (EmulatedHost host = kernel.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            String other = host.create(VgpuProfile.MDPY).uuid().toString();
            HandoverException e = refusal(host.systemCalls(), vmm.pid(), other);
            assertEquals(
                    vmm.description() + " does not have the device " + other + " open; it has pid:" + vmm.pid() + "/"
                            + vmm.name(0) + ".",
                    e.getMessage());
            assertEquals(List.of(vmm.name(0)), e.choices());
            assertFalse(host.vgpus().get(1).isOpen());
            vmm.assertUndisturbed();
        }
    }

    @Test
    void aGroupIsNotAskedForADeviceThatMayNotBeOpen() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            // Another group, open, but its device is not: which of the two is the one that is open cannot be told.
            VfioGroup.open(vmm.process.systemCalls(), groupOf(host.create(VgpuProfile.V5)));
            String message = refusal(host.systemCalls(), vmm.pid(), vmm.name(1)).getMessage();
            assertTrue(message.contains("has 1 of the devices"), message);
            assertFalse(host.vgpus().get(1).isOpen());
            // Without a choice to make the copy is right, whatever its name.
            try (VfioDevice device = Handover.fromProcess(host.systemCalls(), vmm.pid())) {
                assertEquals("pid:" + vmm.pid(), device.name());
                assertEquals(Optional.empty(), device.host());
                assertEquals(6, device.info().irqs());
            }
            vmm.assertUndisturbed();
        }
    }

    private static int groupOf(Vgpu vgpu) {
        return Integer.parseInt(vgpu.groupPath().substring("/dev/vfio/".length()));
    }

    @Test
    void severalDescriptorsOfOneDeviceAreOneDevice() throws Exception {
        for (Kernel kernel : Kernel.values()) {
            try (EmulatedHost host = kernel.host(VgpuProfile.V6)) {
                Vmm vmm = new Vmm(host);
                SystemCalls its = vmm.process.systemCalls();
                Descriptor itself = its.openProcess(vmm.pid());
                Descriptor second = its.copyDescriptor(itself, numberOfDevice(vmm), "a second one");
                try (VfioDevice device = Handover.fromProcess(host.systemCalls(), vmm.pid())) {
                    assertEquals(vmm.name(0), device.name());
                }
                second.close();
                vmm.assertUndisturbed();
            }
        }
    }

    private static int numberOfDevice(Vmm vmm) throws LinuxException {
        String directory = "/proc/" + vmm.pid() + "/fd/";
        for (String number : vmm.host.systemCalls().list(directory)) {
            String link = vmm.host.systemCalls().readLink(directory + number);
            if (link.contains("vfio-device") || link.contains("devices/vfio")) {
                return Integer.parseInt(number);
            }
        }
        throw new AssertionError("it has no device open");
    }

    @Test
    void severalDevicesWithoutAnOpenGroupCannotBeTold() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6, VgpuProfile.V5)) {
            Vmm vmm = new Vmm(host);
            // A process that was given two descriptors, and has no group.
            EmulatedProcess other = host.process("monitor");
            VfioDevice[] its = {
                Handover.fromProcess(other.systemCalls(), vmm.pid(), vmm.name(0)),
                Handover.fromProcess(other.systemCalls(), vmm.pid(), vmm.name(1))
            };
            String message = refusal(host.systemCalls(), other.pid()).getMessage();
            assertTrue(
                    message.endsWith("has several VFIO devices open, and this kernel does not tell which."), message);
            assertTrue(refusal(host.systemCalls(), other.pid(), vmm.name(0))
                    .getMessage()
                    .endsWith("does not have the device " + vmm.name(0) + " open."));
            its[1].close();
            try (VfioDevice device = Handover.fromProcess(host.systemCalls(), other.pid())) {
                assertEquals("pid:" + other.pid(), device.name());
            }
            its[0].close();
        }
    }

    @Test
    void aProcessWithoutADeviceIsToldSo() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            EmulatedProcess bash = host.process("bash");
            bash.systemCalls().eventFd("an event");
            assertEquals(
                    "process " + bash.pid()
                            + " (bash) has no VFIO device open; `vfio4j list` shows which process has one.",
                    refusal(host.systemCalls(), bash.pid()).getMessage());
            assertEquals(
                    refusal(host.systemCalls(), bash.pid()).getMessage(),
                    refusal(host.systemCalls(), bash.pid(), host.vgpu().uuid().toString())
                            .getMessage());
            VfioGroup.open(bash.systemCalls(), groupOf(host.vgpu()));
            assertEquals(
                    "process " + bash.pid()
                            + " (bash) has no VFIO device open, but the group 1: it may be about to open one.",
                    refusal(host.systemCalls(), bash.pid()).getMessage());
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    void aProcessMayBeAskedForWhatThisVeryProcessHas() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6);
                VfioDevice own = VfioDevice.open(
                        host.systemCalls(),
                        MdevDevice.find(host.systemCalls(), host.vgpu().uuid()));
                VfioDevice shared = Handover.fromProcess(host.systemCalls(), host.pid())) {
            assertEquals(own.name(), shared.name());
            assertFalse(own.shared());
        }
    }

    @Test
    void aVgpuThatNeedsItsVmIsSharedWithoutOne() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V5.withKvmRequired(true), VgpuProfile.V6)) {
            EmulatedProcess qemu = host.process("qemu");
            SystemCalls its = qemu.systemCalls();
            UUID uuid = host.vgpu().uuid();
            KvmVm vm = KvmVm.createBare(its);
            VfioDevice.open(its, MdevDevice.find(its, uuid), vm);
            VfioDevice.open(its, MdevDevice.find(its, host.vgpus().get(1).uuid()));
            try (VfioDevice device = Handover.fromProcess(host.systemCalls(), qemu.pid(), uuid.toString())) {
                assertEquals(6, device.info().irqs());
            }
            assertEquals(List.of(), host.openFiles());
        }
    }

    private static LinuxException failure(EmulatedHost host, int pid) {
        LinuxException e = assertThrows(LinuxException.class, () -> Handover.fromProcess(host.systemCalls(), pid));
        assertEquals(List.of(), host.openFiles());
        return e;
    }

    @Test
    void thereIsNoSuchProcess() {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            assertEquals(
                    "pidfd_open process 4711: ESRCH (no such process). There is no such process; it may have ended.",
                    failure(host, 4711).getMessage());
            for (int errno : new int[] {Errno.EINVAL, Errno.ENOENT}) {
                host.faults().fail("pidfd_open", 1, errno);
                assertTrue(failure(host, host.pid()).getMessage().contains("one of its threads"));
            }
        }
    }

    /** Each call of the hand-over, and which of its kind. */
    static Stream<Arguments> moments() {
        return Stream.of("opendir 1", "readlink 1", "readlink 2", "readlink 3", "pidfd_getfd 1", "poll 1")
                .flatMap(moment -> Stream.of(true, false).map(reused -> Arguments.of(moment, reused)));
    }

    @ParameterizedTest
    @MethodSource("moments")
    void aProcessThatEndsMeanwhileIsNotMistakenForTheNextOfItsNumber(String moment, boolean reused) throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6, VgpuProfile.MDPY)) {
            Vmm vmm = new Vmm(host);
            String[] parts = moment.split(" ");
            host.faults().before(parts[0], Integer.parseInt(parts[1]), () -> {
                vmm.process.end();
                if (reused) {
                    try {
                        new Vmm(host, host.process(vmm.pid(), "another", 0));
                    } catch (java.io.IOException e) {
                        throw new AssertionError(e);
                    }
                }
            });
            LinuxException e = assertThrows(
                    LinuxException.class, () -> Handover.fromProcess(host.systemCalls(), vmm.pid(), vmm.name(0)));
            assertEquals("ESRCH", e.errnoName(), e.getMessage());
            assertTrue(e.getMessage().endsWith("The process has ended meanwhile."), e.getMessage());
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    void aNumberThatIsGivenToAnotherFileBeforeItIsCopiedIsNoticed() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            int number = numberOfDevice(vmm);
            host.faults().before("pidfd_getfd", 1, () -> {
                vmm.devices.get(0).close();
                try {
                    while (numberOf(vmm.process.systemCalls().eventFd("an event")) < number) {
                        continue;
                    }
                } catch (LinuxException e) {
                    throw new AssertionError(e);
                }
            });
            assertEquals(
                    "What " + vmm.description() + " has handed over is no VFIO device, but anon_inode:[eventfd].",
                    refusal(host.systemCalls(), vmm.pid()).getMessage());
            assertEquals(List.of(), host.openFiles());
        }
    }

    private static int numberOf(Descriptor descriptor) {
        int number = descriptor.acquire();
        descriptor.release();
        return number;
    }

    @Test
    void aNumberThatIsGivenToAnotherDeviceIsNoticedWhereTheKernelTells() throws Exception {
        for (Kernel kernel : List.of(Kernel.FDINFO, Kernel.CDEV)) {
            try (EmulatedHost host = kernel.host(VgpuProfile.V6)) {
                Vmm vmm = new Vmm(host);
                String first = vmm.name(0);
                Vgpu second = host.create(host.vgpu().profile());
                host.faults().before("pidfd_getfd", 1, () -> {
                    vmm.devices.get(0).close();
                    try {
                        vmm.open(second);
                    } catch (java.io.IOException e) {
                        throw new AssertionError(e);
                    }
                });
                assertEquals(
                        "What " + vmm.description() + " has handed over is the device " + second.uuid() + ", not "
                                + first + ".",
                        refusal(host.systemCalls(), vmm.pid(), first).getMessage());
                assertEquals(List.of(), host.openFiles());
            }
        }
    }

    @Test
    void aGroupThatIsClosedBeforeItIsCopiedIsNoticed() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6, VgpuProfile.V5)) {
            Vmm vmm = new Vmm(host);
            host.faults().before("pidfd_getfd", 1, () -> {
                vmm.devices.forEach(VfioDevice::close);
                try {
                    for (int i = 0; i < 8; i++) {
                        vmm.process.systemCalls().eventFd("an event");
                    }
                } catch (LinuxException e) {
                    throw new AssertionError(e);
                }
            });
            assertEquals(
                    vmm.description() + " has closed the group 1 meanwhile.",
                    refusal(host.systemCalls(), vmm.pid(), vmm.name(0)).getMessage());
            assertEquals(List.of(), host.openFiles());
        }
    }

    @Test
    void aDescriptorThatIsClosedBeforeItIsCopiedIsMissed() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            host.faults().before("pidfd_getfd", 1, () -> vmm.devices.get(0).close());
            LinuxException e = failure(host, vmm.pid());
            assertEquals("EBADF", e.errnoName());
            assertTrue(e.getMessage().endsWith(vmm.description() + " has closed it meanwhile."), e.getMessage());
        }
    }

    @Test
    void aDeviceThatIsBeingRemovedIsNotTaken() throws Exception {
        for (Kernel kernel : Kernel.values()) {
            try (EmulatedHost host = kernel.host(VgpuProfile.V6)) {
                Vmm vmm = new Vmm(host);
                var removal = host.vgpu().remove();
                LinuxException e = failure(host, vmm.pid());
                assertEquals("ENODEV", e.errnoName());
                assertTrue(e.getMessage().endsWith("The device is being removed from the host."), e.getMessage());
                assertFalse(removal.isComplete());
                vmm.devices.get(0).close();
                assertTrue(removal.isComplete(), "it is only its owner's");
            }
        }
    }

    @Test
    void aNodeThatIsOpenButNotBoundIsExplained() throws Exception {
        try (EmulatedHost host = Kernel.CDEV_ALONE.host(VgpuProfile.V6)) {
            EmulatedProcess qemu = host.process("qemu");
            qemu.systemCalls().open("/dev/vfio/devices/vfio0", Access.READ_WRITE);
            LinuxException e = failure(host, qemu.pid());
            assertEquals("EINVAL VFIO_DEVICE_GET_INFO", e.errnoName() + " " + e.operation());
            assertTrue(e.getMessage().contains("has not bound it to an iommufd yet"), e.getMessage());
        }
    }

    @Test
    void aKernelThatIsTooOldSaysSince() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            for (String call : List.of("pidfd_open", "pidfd_getfd")) {
                host.faults().fail(call, 1, Errno.ENOSYS);
                assertEquals(call, failure(host, vmm.pid()).operation());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1000 | 0 | 107 | the process runs as user 107, this one as user 1000",
                "1000 | 1 | 1000 | kernel.yama.ptrace_scope is 1, which allows it to ancestors only",
                "1000 | 2 | 1000 | kernel.yama.ptrace_scope is 2, which allows it to nobody else",
                "1000 | 2 | 0 | the process runs as user 0, this one as user 1000; and kernel.yama.ptrace_scope is 2",
                "0 | 3 | 0 | kernel.yama.ptrace_scope is 3: nobody may take a descriptor from a process, not even root",
            })
    void withoutTheRightToTraceItSaysWhatIsInTheWay(int user, int scope, int other, String reason) throws Exception {
        try (EmulatedHost host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6)
                .user(user)
                .ptraceScope(scope)
                .build()) {
            EmulatedProcess qemu = host.process("qemu", other);
            if (other == 0) {
                new Vmm(host, qemu);
            } else {
                hand(new Vmm(host, host.process("libvirtd")), qemu);
            }
            LinuxException e = failure(host, qemu.pid());
            assertTrue(e.errno() == Errno.EPERM || e.errno() == Errno.EACCES, e.getMessage());
            assertTrue(e.getMessage().contains(reason), e.getMessage());
            assertTrue(e.getMessage().endsWith("the VMM offer the device on a socket."), e.getMessage());
            assertEquals(user != 0, e.getMessage().contains("It needs CAP_SYS_PTRACE, which root has"));
        }
    }

    /** As libvirt starts a VMM that may not open devices itself: it gets the descriptor through a socket of its own. */
    private static void hand(Vmm from, EmulatedProcess to) throws LinuxException {
        Descriptor listener = to.systemCalls().listen("/tmp/start");
        Descriptor connection = from.process.systemCalls().connect("/tmp/start", Duration.ZERO);
        from.devices.get(0).sendTo(connection, new byte[] {1});
        Descriptor accepted = to.systemCalls().accept(listener).orElseThrow();
        assertEquals(
                1,
                to.systemCalls().receive(accepted, 1, 1, Duration.ZERO).take().size());
    }

    /** A /proc that was mounted with hidepid=2, where this is another user's process. */
    private static SystemCalls hiding(SystemCalls calls, int pid) {
        return (SystemCalls) Proxy.newProxyInstance(
                FromProcessTest.class.getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, args) -> {
                    boolean hidden = args != null && args[0] instanceof String path && path.startsWith("/proc/" + pid);
                    if (hidden && method.getName().equals("exists")) {
                        return false;
                    }
                    if (hidden) {
                        throw new LinuxException(Errno.ENOENT, method.getName(), (String) args[0]);
                    }
                    try {
                        return method.invoke(calls, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Test
    void aProcessThatIsHiddenIsSaidToBe() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            SystemCalls calls = hiding(host.systemCalls(), vmm.pid());
            LinuxException e = assertThrows(LinuxException.class, () -> Handover.fromProcess(calls, vmm.pid()));
            assertTrue(e.getMessage().contains("/proc does not show this process"), e.getMessage());
            vmm.assertUndisturbed();
        }
    }

    @Test
    void theEndOfTheOwnerIsSeen() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            Vmm vmm = new Vmm(host);
            VfioDevice device = Handover.fromProcess(host.systemCalls(), vmm.pid());
            vmm.process.end();
            assertTrue(device.owner().orElseThrow().isGone());
            assertEquals(6, device.info().irqs(), "the copy is good for itself");
            assertTrue(host.vgpu().isOpen());
            device.close();
            assertFalse(host.vgpu().isOpen());
            assertEquals(List.of(), host.openFiles());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void withTooFewDescriptorsNothingStaysOpen(int limit) throws Exception {
        try (EmulatedHost host = EmulatedHost.builder()
                .vgpu(VgpuProfile.V6)
                .descriptorLimit(1024)
                .build()) {
            Vmm vmm = new Vmm(host);
            Descriptor[] taken = new Descriptor[1024 - limit];
            for (int i = 0; i < taken.length; i++) {
                taken[i] = host.systemCalls().eventFd("taken");
            }
            boolean enough = limit == 5;
            try (VfioDevice device = Handover.fromProcess(host.systemCalls(), vmm.pid())) {
                assertTrue(enough, device::name);
            } catch (LinuxException e) {
                assertFalse(enough, e.getMessage());
                assertEquals("EMFILE", e.errnoName());
            }
            assertEquals(taken.length, host.openDescriptors());
        }
    }

    @Test
    void aCommandMayBeAnything() throws Exception {
        try (EmulatedHost host = Kernel.OLD.host(VgpuProfile.V6)) {
            EmulatedProcess odd = host.process("a\u001b[31m\nb");
            assertTrue(refusal(host.systemCalls(), odd.pid())
                    .getMessage()
                    .startsWith("process " + odd.pid() + " (a?[31m?b) has no VFIO device open"));
        }
    }
}
