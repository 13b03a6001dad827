package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.MdevHost.Divided;
import io.vfio4j.contract.MdevHost.OtherProcess;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.DeviceInUseException;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.mdev.MdevParent;
import io.vfio4j.mdev.MdevType;
import io.vfio4j.proc.Holder;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How mediated devices are created and removed, on whichever kernel. The kernel's sample mdpy is there, with none of its four
 * devices created, and a parent whose types share something.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class MdevContract {
    private static final Duration PATIENCE = Duration.ofSeconds(100);
    private static final Duration LITTLE_PATIENCE = Duration.ofMillis(300);

    private MdevHost host;
    private SystemCalls calls;
    private long descriptorsBefore;

    abstract MdevHost openHost() throws IOException;

    @BeforeEach
    void start() throws Exception {
        host = openHost();
        calls = host.systemCalls();
        assertEquals(List.of(), MdevDevice.list(calls));
        descriptorsBefore = host.openDescriptors();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        for (MdevDevice left : MdevDevice.list(calls)) {
            MdevDevice.removeForced(calls, left.uuid(), PATIENCE);
        }
        assertEquals(List.of(), MdevDevice.list(calls));
        assertEquals(descriptorsBefore, host.openDescriptors());
        host.close();
    }

    private MdevType mdpy() throws LinuxException {
        return MdevParent.find(calls, "mdpy").type(calls, "mdpy-vga");
    }

    private MdevDevice created() throws Exception {
        MdevDevice device = mdpy().create(calls);
        device.awaitNodes(calls, PATIENCE);
        return device;
    }

    private static String refusal(LinuxException e) {
        return e.errnoName() + " " + e.operation();
    }

    @Test
    void parentsAndTheirTypesAreListed() throws Exception {
        List<String> parents =
                MdevParent.list(calls).stream().map(MdevParent::name).toList();
        assertTrue(parents.containsAll(List.of("mdpy", host.divided().parent())), parents::toString);
        List<MdevType> types = MdevParent.find(calls, "mdpy").types(calls);
        assertEquals(
                List.of("mdpy-hd", "mdpy-vga", "mdpy-xga"),
                types.stream().map(MdevType::name).toList());
        MdevType vga = types.get(1);
        assertEquals(Optional.of("vfio-pci"), vga.deviceApi());
        assertEquals(Optional.of("mdpy-vga"), vga.label());
        assertEquals(Optional.of("virtual display, 640x480 framebuffer"), vga.description());
        assertEquals(OptionalLong.of(4), vga.availableInstances());
        assertEquals(Optional.empty(), vga.gvt());
    }

    @Test
    void aTypeMayHaveANameAndNoDescription() throws Exception {
        MdevParent mtty = MdevParent.find(calls, "mtty");
        MdevType type = mtty.type(calls, "mtty-2");
        assertEquals(Optional.of("Dual port serial"), type.label());
        assertEquals(Optional.empty(), type.description());
        assertEquals(Optional.of("vfio-pci"), type.deviceApi());
        assertEquals(OptionalLong.of(12), type.availableInstances());
        MdevDevice device = type.create(calls);
        assertEquals(List.of(device), MdevDevice.list(calls));
        assertEquals(OptionalLong.of(11), mtty.type(calls, "mtty-2").availableInstances());
        LinuxException taken = assertThrows(LinuxException.class, () -> mdpy().create(calls, device.uuid()));
        assertEquals("EEXIST write", refusal(taken));
    }

    @Test
    void aDeviceIsCreatedWithAGivenUuid() throws Exception {
        UUID uuid = UUID.randomUUID();
        MdevDevice device = mdpy().create(calls, uuid);
        assertEquals(uuid, device.uuid());
        assertEquals("mdpy", device.parent());
        assertEquals("mdpy-vga", device.type());
        assertEquals(List.of(device), MdevDevice.list(calls));
        assertEquals(OptionalLong.of(3), mdpy().availableInstances());
    }

    @Test
    void aDeviceIsCreatedWithARandomUuid() throws Exception {
        UUID one = mdpy().create(calls).uuid();
        UUID other = mdpy().create(calls).uuid();
        assertNotEquals(one, other);
        assertEquals(4, one.version());
        assertEquals(2, MdevDevice.list(calls).size());
    }

    @Test
    void aUuidThatIsTakenIsRefusedOnAnyParent() throws Exception {
        UUID uuid = mdpy().create(calls).uuid();
        MdevType elsewhere = MdevParent.find(calls, host.divided().parent())
                .type(calls, host.divided().smaller());
        for (MdevType type : List.of(mdpy(), elsewhere)) {
            LinuxException taken = assertThrows(LinuxException.class, () -> type.create(calls, uuid));
            assertEquals("EEXIST write", refusal(taken));
            assertTrue(taken.advice().contains("of the type mdpy-vga on mdpy"), taken.getMessage());
        }
    }

    @Test
    void theLimitOfTheMdevCoreIsReached() throws Exception {
        for (int i = 0; i < 4; i++) {
            mdpy().create(calls);
        }
        assertEquals(OptionalLong.of(0), mdpy().availableInstances());
        LinuxException full = assertThrows(LinuxException.class, () -> mdpy().create(calls));
        assertEquals("EUSERS write", refusal(full));
        assertTrue(full.advice().contains("remove a device of it first"), full.getMessage());
        MdevDevice.remove(calls, MdevDevice.list(calls).get(0).uuid(), PATIENCE);
        assertEquals(OptionalLong.of(1), mdpy().availableInstances());
        mdpy().create(calls);
    }

    @Test
    void theLimitOfADriverIsReached() throws Exception {
        Divided divided = host.divided();
        MdevParent parent = MdevParent.find(calls, divided.parent());
        parent.type(calls, divided.smaller()).create(calls);
        while (parent.type(calls, divided.larger()).availableInstances().orElseThrow() > 0) {
            parent.type(calls, divided.larger()).create(calls);
        }
        LinuxException full = assertThrows(
                LinuxException.class, () -> parent.type(calls, divided.larger()).create(calls));
        assertEquals("ENOSPC write", refusal(full));
        assertTrue(
                full.advice().contains("it has for") && full.advice().contains(divided.smaller()), full.getMessage());
        parent.type(calls, divided.smaller()).create(calls);
    }

    @Test
    void aNodeIsWaitedFor() throws Exception {
        MdevDevice device = mdpy().create(calls);
        List<String> nodes = device.awaitNodes(calls, PATIENCE);
        assertFalse(nodes.isEmpty());
        assertTrue(nodes.stream().allMatch(calls::exists), nodes::toString);
        assertEquals(nodes, device.nodes(calls));
        try (VfioDevice opened = VfioDevice.open(calls, device)) {
            assertTrue(opened.info().pci());
        }
    }

    @Test
    void aDeviceThatNobodyUsesIsRemovedWithItsNodes() throws Exception {
        MdevDevice device = created();
        List<String> nodes = device.nodes(calls);
        MdevDevice.remove(calls, device.uuid(), PATIENCE);
        assertEquals(List.of(), MdevDevice.list(calls));
        assertTrue(nodes.stream().noneMatch(calls::exists), nodes::toString);
        LinuxException gone =
                assertThrows(LinuxException.class, () -> MdevDevice.remove(calls, device.uuid(), PATIENCE));
        assertEquals(Errno.ENODEV, gone.errno());
    }

    @Test
    void aDeviceWhoseNodeAnotherProcessHasOpenIsNotRemoved() throws Exception {
        MdevDevice device = created();
        for (String node : device.nodes(calls)) {
            OtherProcess other = host.openNode(node);
            Holder holder = new Holder(other.pid(), other.command(), false);
            assertEquals(List.of(holder), device.holders(calls).list(), node);
            DeviceInUseException inUse =
                    assertThrows(DeviceInUseException.class, () -> MdevDevice.remove(calls, device.uuid(), PATIENCE));
            assertEquals(List.of(holder), inUse.holders().list());
            assertFalse(inUse.removalBegun());
            assertTrue(calls.exists(device.path() + "/driver"), "nothing was done");
            other.close();
        }
        MdevDevice.remove(calls, device.uuid(), PATIENCE);
    }

    @Test
    void aForcedRemovalDoesNotWaitForWhoHasOnlyTheGroup() throws Exception {
        MdevDevice device = created();
        List<String> groups = device.nodes(calls).stream()
                .filter(node -> node.matches("/dev/vfio/\\d+"))
                .toList();
        for (String group : groups) {
            OtherProcess other = host.openNode(group);
            MdevDevice.removeForced(calls, device.uuid(), PATIENCE);
            assertFalse(calls.exists(group));
            other.close();
        }
    }

    @Test
    void aForcedRemovalWaitsForWhoGivesTheDeviceBack() throws Exception {
        MdevDevice device = created();
        OtherProcess user = host.openDevice(device);
        DeviceInUseException inUse = assertThrows(
                DeviceInUseException.class, () -> MdevDevice.remove(calls, device.uuid(), LITTLE_PATIENCE));
        assertEquals(user.pid(), inUse.holders().list().get(0).pid());
        host.endOnRemoval(user, device);
        MdevDevice.removeForced(calls, device.uuid(), PATIENCE);
        assertEquals(List.of(), MdevDevice.list(calls));
        user.close();
    }

    @Test
    void aForcedRemovalGivesUpWaitingAndSaysForWhom() throws Exception {
        MdevDevice device = created();
        OtherProcess user = host.openDevice(device);
        DeviceInUseException waits = assertThrows(
                DeviceInUseException.class, () -> MdevDevice.removeForced(calls, device.uuid(), LITTLE_PATIENCE));
        assertTrue(waits.removalBegun());
        assertEquals(
                List.of(new Holder(user.pid(), user.command(), false)),
                waits.holders().list());
        assertEquals(List.of(), MdevDevice.list(calls), "it is off the bus");
        LinuxException taken = assertThrows(LinuxException.class, () -> mdpy().create(calls, device.uuid()));
        assertTrue(taken.advice().contains("is being removed"), taken.getMessage());
        DeviceInUseException still = assertThrows(
                DeviceInUseException.class, () -> MdevDevice.remove(calls, device.uuid(), LITTLE_PATIENCE));
        assertTrue(still.removalBegun());
        assertEquals(waits.holders().list(), still.holders().list());

        user.close();
        try {
            MdevDevice.remove(calls, device.uuid(), PATIENCE);
        } catch (LinuxException goneAlready) {
            assertEquals(Errno.ENODEV, goneAlready.errno());
        }
        assertEquals(device.uuid(), mdpy().create(calls, device.uuid()).uuid(), "its name is free");
    }

    @Test
    void aDeviceThatThisProcessHasOpenIsNeverRemoved() throws Exception {
        MdevDevice device = created();
        VfioDevice own = VfioDevice.open(calls, device);
        for (boolean forced : new boolean[] {false, true}) {
            DeviceInUseException refused = assertThrows(DeviceInUseException.class, () -> remove(device, forced));
            assertTrue(refused.getMessage().contains("This process has the mediated device"), refused.getMessage());
            assertFalse(refused.removalBegun());
            assertTrue(refused.holders().includesSelf());
        }
        assertTrue(calls.exists(device.path() + "/driver"), "nothing was done");
        own.close();
        MdevDevice.remove(calls, device.uuid(), PATIENCE);
    }

    private void remove(MdevDevice device, boolean forced) throws Exception {
        if (forced) {
            MdevDevice.removeForced(calls, device.uuid(), PATIENCE);
        } else {
            MdevDevice.remove(calls, device.uuid(), PATIENCE);
        }
    }

    @Test
    void anotherDeviceOfThisProcessIsNoObstacle() throws Exception {
        MdevDevice kept = created();
        MdevDevice removed = created();
        VfioDevice own = VfioDevice.open(calls, kept);
        OtherProcess user = host.openDevice(removed);
        host.endOnRemoval(user, removed);
        MdevDevice.removeForced(calls, removed.uuid(), PATIENCE);
        assertEquals(List.of(kept), MdevDevice.list(calls));
        user.close();
        own.close();
    }

    @Test
    void anUnknownParentOrTypeIsAnsweredWithThoseThereAre() throws Exception {
        LinuxException parent = assertThrows(LinuxException.class, () -> MdevParent.find(calls, "mdpy2"));
        assertEquals(Errno.ENODEV, parent.errno());
        assertTrue(parent.advice().contains("mdpy"), parent.getMessage());
        MdevParent mdpy = MdevParent.find(calls, "mdpy");
        LinuxException type = assertThrows(LinuxException.class, () -> mdpy.type(calls, "mdpy-uhd"));
        assertEquals(Errno.ENOENT, type.errno());
        assertEquals("mdpy offers: mdpy-hd, mdpy-vga, mdpy-xga.", type.advice());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ".", "..", "../../x", "../mdpy/mdev_supported_types/mdpy-vga", "a\nb", "mdpy\u0000", " "})
    void namesThatCouldBePathsAreRefused(String name) throws Exception {
        MdevParent mdpy = MdevParent.find(calls, "mdpy");
        assertThrows(IllegalArgumentException.class, () -> MdevParent.find(calls, name));
        assertThrows(IllegalArgumentException.class, () -> mdpy.type(calls, name));
        assertFalse(MdevDevice.isUuid(name));
    }

    @Test
    void aNameAsLongAsAnyFilesIsLookedUp() {
        assertThrows(IllegalArgumentException.class, () -> MdevParent.find(calls, "m".repeat(256)));
        LinuxException absent = assertThrows(LinuxException.class, () -> MdevParent.find(calls, "m".repeat(255)));
        assertEquals(Errno.ENODEV, absent.errno());
    }
}
