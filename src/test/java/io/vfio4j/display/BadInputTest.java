package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.GroupNotViableException;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a user names wrongly, and whatever a kernel answers: a clear error, nothing stays open, no hang. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BadInputTest {
    private static final int COUNT = Vfio.IrqInfo.COUNT;
    private static final int CAP_OFFSET = 16;

    /** Refused, with nothing left open. */
    private static <E extends Exception> E refused(Class<E> kind, EmulatedHost host, Executable attempt) {
        List<String> before = host.openFiles();
        E refusal = assertThrows(kind, attempt);
        assertEquals(before, host.openFiles());
        assertEquals(0, host.vgpus().stream().mapToInt(v -> v.forbiddenCalls()).sum());
        return refusal;
    }

    private static MdevDevice mdev(EmulatedHost host) throws LinuxException {
        return MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
    }

    private static void rewrite(EmulatedHost host, Ioctl request, Consumer<ByteBuffer> change) {
        host.faults().rewrite(request, reply -> {
            change.accept(ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN));
            return reply;
        });
    }

    /** As a driver that is asked for the display irq; the others stay as they are. */
    private static void rewriteDisplayIrq(EmulatedHost host, Consumer<ByteBuffer> change) {
        rewrite(host, Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> {
            if (reply.getInt(Vfio.IrqInfo.INDEX) == 5) {
                change.accept(reply);
            }
        });
    }

    @Test
    void aUuidThatIsNotThereIsNamed() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            UUID unknown = UUID.fromString("00000000-0000-4000-8000-00000000dead");
            LinuxException e =
                    refused(LinuxException.class, stage.host, () -> MdevDevice.find(stage.host.systemCalls(), unknown));
            assertEquals(Errno.ENODEV, e.errno());
            assertTrue(e.getMessage().contains(unknown.toString()));
            assertTrue(e.advice().contains("vfio4j list"), e::advice);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "v6", "../../../etc", "00000000-0000-4000-8000-00000000dea", "0-0-0-0-0"})
    void whatIsNoUuidIsNone(String text) {
        assertFalse(MdevDevice.isUuid(text));
    }

    @Test
    void aDeviceWithoutADisplayIsToldSo() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            stage.host.faults().failOn("VFIO_DEVICE_QUERY_GFX_PLANE", "", Errno.ENOTTY);
            NoDisplayException e = refused(NoDisplayException.class, stage.host, stage::attach);
            assertTrue(e.getMessage().contains("not a vGPU"), e::getMessage);
        }
    }

    @Test
    void aNodeWithoutPermissionComesWithAUdevRule() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            stage.host.faults().failOn("open", stage.vgpu().groupPath(), Errno.EACCES);
            LinuxException e = refused(LinuxException.class, stage.host, stage::attach);
            assertEquals(Errno.EACCES, e.errno());
            assertTrue(e.advice().contains("udev"), e::advice);
            assertEquals(stage.vgpu().groupPath(), e.target());
        }
    }

    @Test
    void aBusyGroupNamesWhoToAsk() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withBusyGroup(true))) {
            LinuxException e = refused(LinuxException.class, stage.host, stage::attach);
            assertEquals(Errno.EBUSY, e.errno());
            assertTrue(e.advice().contains("fuser"), e::advice);
        }
    }

    @Test
    void aGroupThatIsNotViableNamesItsDevices() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withViableGroup(false))) {
            GroupNotViableException e = refused(GroupNotViableException.class, stage.host, stage::attach);
            assertTrue(e.getMessage().contains(stage.vgpu().uuid().toString()), e::getMessage);
        }
    }

    @Test
    void aVgpuThatNeedsKvmSaysSoAndOpensWithABareVm() throws Exception {
        try (Stage stage = new Stage(VgpuProfile.V6.withKvmRequired(true))) {
            LinuxException e = refused(LinuxException.class, stage.host, stage::attach);
            assertEquals(Errno.ESRCH, e.errno());
            assertEquals("VFIO_GROUP_GET_DEVICE_FD", e.operation());
            assertTrue(e.advice().contains("KVM"), e::advice);
            SystemCalls calls = stage.host.systemCalls();
            try (KvmVm vm = KvmVm.createBare(calls)) {
                Display display =
                        Display.attach(stage.loop, VfioDevice.open(calls, mdev(stage.host), vm), stage.options());
                assertEquals("v6", display.dialect().orElseThrow().label());
                display.close();
            }
        }
    }

    @Test
    void withoutKvmThereIsAdvice() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            stage.host.faults().failOn("open", "/dev/kvm", Errno.ENOENT);
            LinuxException e =
                    refused(LinuxException.class, stage.host, () -> KvmVm.createBare(stage.host.systemCalls()));
            assertTrue(e.advice().contains("kvm"), e::advice);
        }
    }

    @Test
    void countsWithoutBoundAreMalformed() throws Exception {
        for (int field : new int[] {Vfio.DeviceInfo.NUM_IRQS, Vfio.DeviceInfo.NUM_REGIONS}) {
            for (int count : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1025}) {
                try (Stage stage = Stage.of("v6")) {
                    rewrite(stage.host, Vfio.VFIO_DEVICE_GET_INFO, reply -> reply.putInt(field, count));
                    MalformedReplyException e = refused(MalformedReplyException.class, stage.host, stage::attach);
                    assertTrue(e.getMessage().contains(Integer.toUnsignedString(count)), e::getMessage);
                    assertTrue(e.reply().length >= 16);
                }
            }
        }
    }

    @Test
    void countsOfZeroMeanThatThereIsNone() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            rewrite(stage.host, Vfio.VFIO_DEVICE_GET_INFO, reply -> reply.putInt(Vfio.DeviceInfo.NUM_IRQS, 0));
            Display display = stage.attach();
            assertEquals(Optional.empty(), display.dialect());
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.passMillis(100);
            assertEquals(RefreshSource.TIMER, notes.last().source());
        }
        try (Stage stage = Stage.of("v6")) {
            rewriteDisplayIrq(stage.host, reply -> reply.putInt(COUNT, 0));
            assertEquals(Optional.empty(), stage.attach().dialect());
        }
    }

    @Test
    void whereAnIrqIsWithdrawnAfterItWasGrantedTheTimerStandsIn() throws Exception {
        try (Stage stage = Stage.of("v6")) {
            Display display = stage.attach();
            rewrite(stage.host, Vfio.VFIO_DEVICE_GET_INFO, reply -> reply.putInt(Vfio.DeviceInfo.NUM_IRQS, 5));
            Notes notes = new Notes();
            display.subscribe(notes);
            stage.passMillis(100);
            assertEquals(1, stage.errors.size());
            stage.errors.clear();
            assertEquals(RefreshSource.RESYNC, notes.events.get(0).source());
            assertEquals(RefreshSource.TIMER, notes.last().source());
            stage.host.faults().clear();
            display.setPolicy(RefreshPolicy.IRQ);
            stage.settle();
            assertTrue(stage.vgpu().armed(), "another try, when asked for");
        }
    }

    @Test
    void chainsThatGoInCirclesOverlapOrLeadOutAreMalformed() throws Exception {
        List<Consumer<ByteBuffer>> lies = List.of(
                reply -> reply.putInt(24, 20),
                reply -> reply.putInt(40, 20),
                reply -> reply.putInt(24, 22),
                reply -> reply.putInt(24, 60),
                reply -> reply.putInt(24, 1 << 20),
                reply -> reply.putInt(24, -8),
                reply -> reply.putInt(24, 4),
                reply -> reply.putInt(CAP_OFFSET, 64),
                reply -> reply.putInt(CAP_OFFSET, 57),
                reply -> reply.putInt(CAP_OFFSET, -1),
                reply -> reply.putInt(CAP_OFFSET, 8));
        for (int i = 0; i < lies.size(); i++) {
            try (Stage stage = Stage.of("v6")) {
                rewriteDisplayIrq(stage.host, lies.get(i));
                MalformedReplyException e = refused(MalformedReplyException.class, stage.host, stage::attach);
                assertTrue(e.getMessage().contains("VFIO_DEVICE_GET_IRQ_INFO"), e::getMessage);
                assertTrue(e.getMessage().contains(stage.vgpu().uuid().toString()), e::getMessage);
            }
        }
    }

    @Test
    void anArgszThatGrowsForEverOrBeyondReasonIsMalformed() throws Exception {
        List<Consumer<ByteBuffer>> lies = List.of(
                reply -> reply.putInt(0, reply.getInt(0) + 8),
                reply -> reply.putInt(0, -1),
                reply -> reply.putInt(0, 64 * 1024 + 1));
        for (Consumer<ByteBuffer> lie : lies) {
            try (Stage stage = Stage.of("v6")) {
                rewriteDisplayIrq(stage.host, lie);
                refused(MalformedReplyException.class, stage.host, stage::attach);
            }
        }
    }

    @Test
    void repliesThatAreCutShortNeverCrash() throws Exception {
        for (String dialect : List.of("v2", "v3", "v4", "v5", "v6", "port-display")) {
            for (Ioctl request : List.of(
                    Vfio.VFIO_DEVICE_GET_IRQ_INFO, Vfio.VFIO_DEVICE_GET_INFO, Vfio.VFIO_DEVICE_QUERY_GFX_PLANE)) {
                for (int bytes = 0; bytes < 64; bytes += 4) {
                    try (EmulatedHost host = EmulatedHost.of(VgpuProfile.named(dialect))) {
                        host.faults().truncate(request, bytes);
                        attachAndWatch(host);
                    }
                }
            }
        }
    }

    /** Any outcome will do but a crash, a hang, a leak or a call that harms a kernel. */
    private static void attachAndWatch(EmulatedHost host) throws IOException {
        EventLoop loop = EventLoop.stepped(host.systemCalls());
        try {
            Display display = Display.attach(
                    loop,
                    VfioDevice.open(host.systemCalls(), mdev(host)),
                    DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {}));
            display.subscribe(new Notes());
            host.vgpu().guest().run(Scenario.CURSOR);
            host.clock().advance(Duration.ofMillis(40));
            display.close();
        } catch (IOException | IllegalArgumentException refusal) {
            assertFalse(refusal.getMessage().isEmpty());
        } finally {
            loop.close();
        }
        assertEquals(List.of(), host.openFiles());
        assertEquals(0, host.vgpu().forbiddenCalls());
        assertEquals(0, host.vgpu().leakedContexts());
        assertEquals(0, host.vgpu().hastyDisarms());
    }

    @Test
    void repliesOfRandomBytesNeverCrash(TestReporter reporter) throws Exception {
        long seed = Long.getLong("vfio4j.seed", 20191107L);
        reporter.publishEntry("seed", Long.toString(seed));
        SplittableRandom random = new SplittableRandom(seed);
        List<Ioctl> requests = List.of(
                Vfio.VFIO_DEVICE_GET_IRQ_INFO,
                Vfio.VFIO_DEVICE_GET_INFO,
                Vfio.VFIO_DEVICE_QUERY_GFX_PLANE,
                Vfio.VFIO_GROUP_GET_STATUS);
        for (int round = 0; round < 600; round++) {
            VgpuProfile profile = VgpuProfile.named(
                    VgpuProfile.names().get(random.nextInt(VgpuProfile.names().size())));
            try (EmulatedHost host = EmulatedHost.of(profile.withSize(64, 64))) {
                SplittableRandom bytes = random.split();
                int changes = 1 + random.nextInt(4);
                rewrite(host, requests.get(random.nextInt(requests.size())), reply -> {
                    for (int i = 0; i < changes; i++) {
                        int at = bytes.nextInt(Math.min(reply.capacity(), 64));
                        reply.put(at, (byte) (bytes.nextBoolean() ? bytes.nextInt() : 1 << bytes.nextInt(8)));
                    }
                });
                attachAndWatch(host);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + round, e);
            }
        }
    }

    @Test
    void regionsWithMalformedChainsAreMalformedAndOthersAreListed() throws Exception {
        try (Stage stage = Stage.of("v6");
                VfioDevice device = stage.open()) {
            List<RegionInfo> regions = device.regions();
            assertEquals(11, regions.size());
            rewrite(stage.host, Vfio.VFIO_DEVICE_GET_REGION_INFO, reply -> reply.putInt(12, 1 << 30));
            refused(MalformedReplyException.class, stage.host, device::regions);
        }
    }

    @Test
    void aDeviceOfAnotherApiVersionIsRefused() throws Exception {
        try (Stage stage = Stage.of("v6");
                var noDevice = stage.host.systemCalls().open("/dev/vfio/vfio", Access.READ_WRITE)) {
            assertFalse(noDevice.isClosed());
            stage.host.faults().failOn("VFIO_GET_API_VERSION", "", Errno.ENOTTY);
            refused(LinuxException.class, stage.host, stage::attach);
        }
    }

    @Test
    void optionsWithoutSenseAreRefusedByTheirValues() {
        DisplayOptions options = DisplayOptions.DEFAULTS;
        List<Executable> nonsense = List.of(
                () -> options.withRefreshHertz(0),
                () -> options.withRefreshHertz(1001),
                () -> options.withWatchdog(Duration.ZERO),
                () -> options.withWatchdog(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> options.withPrimaryStaleness(Duration.ofMillis(-5)),
                () -> options.withPrimaryStaleness(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> SubscriptionOptions.DIRECT.withMinInterval(Duration.ofNanos(-1)),
                () -> SubscriptionOptions.DIRECT.withMinInterval(Duration.ofSeconds(Long.MAX_VALUE)),
                () -> RefreshPolicy.timer(Duration.ZERO),
                () -> RefreshPolicy.timer(Duration.ofDays(1)));
        for (Executable construction : nonsense) {
            assertThrows(IllegalArgumentException.class, construction);
        }
    }
}
