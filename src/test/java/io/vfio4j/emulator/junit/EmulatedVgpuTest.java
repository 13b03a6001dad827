package io.vfio4j.emulator.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedClock;
import io.vfio4j.emulator.EmulatedDialect;
import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

@EmulatedVgpu(dialect = EmulatedDialect.V5, width = 800, height = 600)
class EmulatedVgpuTest {
    private final EmulatedHost fromConstructor;
    private Vgpu fromBefore;

    EmulatedVgpuTest(EmulatedHost host) {
        fromConstructor = host;
    }

    @BeforeEach
    void before(Vgpu vgpu) {
        fromBefore = vgpu;
    }

    @Test
    void a_test_gets_its_host_and_all_of_its_parts(
            EmulatedHost host, Vgpu vgpu, EmulatedGuest guest, EmulatedClock clock, SystemCalls calls, Faults faults) {
        assertSame(fromConstructor, host);
        assertSame(fromBefore, vgpu);
        assertSame(host.vgpu(), vgpu);
        assertSame(vgpu.guest(), guest);
        assertSame(host.clock(), clock);
        assertSame(host.systemCalls(), calls);
        assertSame(host.faults(), faults);
        assertEquals(EmulatedDialect.V5, vgpu.profile().dialect());
        assertEquals(800, guest.width());
    }

    @Test
    @EmulatedVgpu(dialect = EmulatedDialect.PORT, count = 3, stepped = true)
    void the_annotation_on_the_method_wins(EmulatedHost host) {
        assertEquals(3, host.vgpus().size());
        assertEquals(EmulatedDialect.PORT, host.vgpu().profile().dialect());
        host.clock().advance(Duration.ofSeconds(1));
    }

    @Test
    @EmulatedVgpu(dialect = EmulatedDialect.V6, overcommit = 3, boost = Boost.PREEMPTED, seed = 9)
    void a_guest_may_be_late_because_its_host_is_shared(
            SystemCalls calls, Vgpu vgpu, EmulatedGuest guest, EmulatedClock clock) throws IOException {
        assertEquals(OptionalInt.of(3), vgpu.profile().overcommit());
        try (VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, vgpu.uuid()))) {
            guest.run(Scenario.FLIP);
            clock.advance(Duration.ofMillis(800));
            assertTrue(vgpu.isOpen(), device.name());
        }
        assertTrue(guest.frameTiming().missedVblanks() > 0, guest.frameTiming()::toString);
    }

    @Test
    @EmulatedVgpu(dialect = EmulatedDialect.PORT, nodes = DeviceNodes.CDEV, iommu = true)
    void a_test_may_map_memory_for_a_device_with_its_own_node(Vgpu vgpu, SystemCalls calls) throws IOException {
        try (VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, vgpu.uuid()));
                NativeMemory memory = calls.allocatePages(4096)) {
            device.dma().orElseThrow().map(0x1000, memory, Access.READ_WRITE);
            vgpu.dma().write(0x1008, new byte[] {42});
            assertEquals(42, memory.getByte(8));
            assertEquals(4096, vgpu.dma().pinnedBytes());
            assertEquals(AttachPath.CDEV, device.path().orElseThrow());
        }
    }

    @Test
    @EmulatedVgpu(format = EmulatedFormat.RGB565, tiling = EmulatedTiling.X)
    void a_test_may_want_pixels_of_any_format(EmulatedGuest guest) {
        assertEquals(guest.pixel(127, 255) & 0xf80000, guest.shownPixel(127, 255) & 0xf80000);
        assertEquals(0, guest.shownPixel(129, 100) & 0x00ff0000, "five bits have no 1 of 255");
        assertEquals(0x00010000, guest.pixel(129, 100) & 0x00ff0000);
    }

    @Test
    @EmulatedVgpu(realTime = true)
    void time_may_be_real(EmulatedClock clock) {
        assertFalse(clock.isVirtual());
    }

    @Nested
    class Inside {
        @Test
        void a_nested_class_has_what_is_around_it(Vgpu vgpu) {
            assertEquals(EmulatedDialect.V5, vgpu.profile().dialect());
        }

        @Nested
        @EmulatedVgpu(dialect = EmulatedDialect.V3)
        class AndFurther {
            @Test
            void unless_it_has_its_own(Vgpu vgpu) {
                assertEquals(EmulatedDialect.V3, vgpu.profile().dialect());
            }
        }
    }

    @Test
    void tests_that_leave_something_behind_fail() {
        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Careless.class))
                .execute()
                .testEvents();
        tests.assertStatistics(counts -> counts.started(7).succeeded(1).failed(6));
        tests.assertThatEvents()
                .haveExactly(
                        1,
                        event(
                                test("leaks"),
                                finishedWithFailure(message("the test left 1 descriptors open: /dev/vfio/vfio"))))
                .haveExactly(
                        1,
                        event(
                                test("maps"),
                                finishedWithFailure(message(text -> text.endsWith("; and it left 1 mappings")))))
                .haveExactly(
                        1,
                        event(
                                test("crashes"),
                                finishedWithFailure(message("the test made 1 calls on v6-1 that crash a real kernel,"
                                        + " by VFIO_DEVICE_SET_IRQS"))))
                .haveExactly(
                        1,
                        event(
                                test("armed"),
                                finishedWithFailure(message("the test closed v6-1 with its display irq armed"))))
                .haveExactly(
                        1,
                        event(
                                test("twice"),
                                finishedWithFailure(message(text -> text.contains("again without disarming it")))))
                .haveExactly(1, event(test("fails"), finishedWithFailure(message("its own reason"))));
    }

    @Test
    void before_there_is_a_test_there_is_no_host() {
        EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(TooEarly.class))
                .execute()
                .containerEvents()
                .assertThatEvents()
                .haveExactly(1, event(finishedWithFailure(message(text -> text.contains("there is no test yet")))));
    }

    /** Run by the test kit only: static nested classes are not found by name. */
    @EmulatedVgpu
    static class TooEarly {
        @BeforeAll
        static void before(EmulatedHost host) {}

        @Test
        void nothing() {}
    }

    /** Run by the test kit only. */
    @EmulatedVgpu
    static class Careless {
        @Test
        void leaks(SystemCalls calls) throws IOException {
            assertTrue(calls.open("/dev/vfio/vfio", Access.READ_WRITE).acquire() > 0);
        }

        @Test
        @EmulatedVgpu(dialect = EmulatedDialect.MDPY)
        void maps(Vgpu vgpu, SystemCalls calls) throws IOException {
            VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, vgpu.uuid()));
            assertEquals(
                    4096, device.map(device.region(16), 0, 4096, Access.READ).size());
        }

        @Test
        @EmulatedVgpu(checked = false)
        void may(SystemCalls calls) throws IOException {
            assertTrue(calls.open("/dev/vfio/vfio", Access.READ_WRITE).acquire() > 0);
        }

        @Test
        void crashes(EmulatedHost host) throws IOException {
            use(host, device -> {
                try {
                    setIrqs(host, device, 0x25, -1);
                } catch (IOException expected) {
                    assertTrue(expected.getMessage().contains("EINVAL"));
                }
            });
        }

        @Test
        void armed(EmulatedHost host) throws IOException {
            use(host, device -> {
                try (Descriptor counter = host.systemCalls().eventFd("counter")) {
                    setIrqs(host, device, 0x24, counter.acquire());
                    counter.release();
                }
            });
        }

        @Test
        void twice(EmulatedHost host) throws IOException {
            use(host, device -> {
                try (Descriptor counter = host.systemCalls().eventFd("counter")) {
                    setIrqs(host, device, 0x24, counter.acquire());
                    setIrqs(host, device, 0x24, counter.acquire());
                    setIrqs(host, device, 0x21, 0);
                    counter.release();
                    counter.release();
                }
            });
        }

        @Test
        void fails(SystemCalls calls) throws IOException {
            calls.open("/dev/vfio/vfio", Access.READ_WRITE);
            throw new AssertionError("its own reason");
        }

        private interface Use {
            void with(Descriptor device) throws IOException;
        }

        private static void use(EmulatedHost host, Use use) throws IOException {
            SystemCalls calls = host.systemCalls();
            try (Descriptor container = calls.open("/dev/vfio/vfio", Access.READ_WRITE);
                    Descriptor group = calls.open(host.vgpu().groupPath(), Access.READ_WRITE);
                    NativeMemory memory = calls.allocate(64)) {
                memory.putInt(0, container.acquire());
                container.release();
                calls.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, memory);
                calls.ioctl(container, Vfio.VFIO_SET_IOMMU, 1);
                memory.putBytes(0, host.vgpu().uuid().toString().getBytes(StandardCharsets.US_ASCII));
                try (Descriptor device =
                        calls.adopt(calls.ioctl(group, Vfio.VFIO_GROUP_GET_DEVICE_FD, memory), "device")) {
                    use.with(device);
                }
            }
        }

        private static void setIrqs(EmulatedHost host, Descriptor device, int flags, int number) throws IOException {
            try (NativeMemory set = host.systemCalls().allocate(24)) {
                set.putInt(Vfio.IrqSet.ARGSZ, 24);
                set.putInt(Vfio.IrqSet.FLAGS, flags);
                set.putInt(Vfio.IrqSet.INDEX, 5);
                set.putInt(Vfio.IrqSet.COUNT, flags == 0x21 ? 0 : 1);
                set.putInt(Vfio.IrqSet.DATA, number);
                host.systemCalls().ioctl(device, Vfio.VFIO_DEVICE_SET_IRQS, set);
            }
        }
    }
}
