package io.vfio4j.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Kvm;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which files belong to a VM, when a call fails on the way. */
class AssociationTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V5);
    private final SystemCalls calls = host.systemCalls();
    private KvmVm vm;

    @BeforeEach
    void createVm() throws Exception {
        vm = KvmVm.createBare(calls);
    }

    @AfterEach
    void nothingStaysOpen() {
        vm.close();
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private Descriptor openGroup() throws LinuxException {
        return calls.open(host.vgpu().groupPath(), Access.READ_WRITE);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Errno.EBUSY,
                Errno.ENODEV,
                Errno.EIO,
                Errno.ENOMEM,
                Errno.EMFILE,
                Errno.EINVAL,
                Errno.EEXIST,
                Errno.ENXIO
            })
    void whateverIsRefusedLeavesNothing(int errno) throws Exception {
        try (Descriptor group = openGroup()) {
            for (Ioctl step : List.of(Kvm.KVM_CREATE_DEVICE, Kvm.KVM_SET_DEVICE_ATTR)) {
                host.faults().fail(step.name(), 1, errno);
                LinuxException e = assertThrows(LinuxException.class, () -> vm.associate(group));
                assertEquals(List.of(errno, step.name()), List.of(e.errno(), e.operation()));
                host.faults().fail(step.name(), 1, errno);
                assertEquals(
                        errno,
                        assertThrows(LinuxException.class, () -> vm.associateDevice(group))
                                .errno());
                assertEquals(Set.of("KVM VM", host.vgpu().groupPath()), Set.copyOf(host.openFiles()));
            }
            vm.associate(group).close();
        }
        openGroup().close();
    }

    @Test
    void aRefusalIsExplained() throws Exception {
        try (Descriptor group = openGroup()) {
            host.faults().fail("KVM_CREATE_DEVICE", 1, Errno.ENODEV);
            LinuxException none = assertThrows(LinuxException.class, () -> vm.associate(group));
            assertTrue(none.advice().contains("CONFIG_KVM_VFIO"), none::getMessage);
            host.faults().fail("KVM_CREATE_DEVICE", 1, Errno.EIO);
            LinuxException foreign = assertThrows(LinuxException.class, () -> vm.associate(group));
            assertTrue(foreign.advice().contains("the process that created the VM"), foreign::getMessage);
            host.faults().fail("KVM_SET_DEVICE_ATTR", 1, Errno.EINVAL);
            LinuxException old = assertThrows(LinuxException.class, () -> vm.associateDevice(group));
            assertTrue(old.advice().contains("attach through the group there"), old::getMessage);
        }
    }

    @Test
    void aGroupThatCannotBeTakenAwayGoesWithTheLastAssociation() throws Exception {
        Descriptor group = openGroup();
        KvmVm.Association association = vm.associate(group);
        group.close();
        host.faults().fail("KVM_SET_DEVICE_ATTR", 1, Errno.ENOMEM);
        association.close();
        association.close();
        openGroup().close();
        assertEquals(List.of("KVM VM"), host.openFiles());
    }

    @Test
    void aClosedGroupOrVmHasNoAssociation() throws Exception {
        Descriptor group = openGroup();
        group.close();
        assertThrows(ClosedException.class, () -> vm.associate(group));
        try (Descriptor again = openGroup()) {
            vm.close();
            assertThrows(ClosedException.class, () -> vm.associate(again));
        }
    }
}
