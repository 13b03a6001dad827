package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.HostMemory;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.DmaMapping;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every system call of every way to a device is made to fail once, with every error that it may have: afterwards nothing is open,
 * mapped or allocated, the message names the step, and the same way leads to the device again.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("try") // What is under test is closed where it is to be closed.
class ErrnoWalkTest {
    private static final String SOCKET = "/run/vgpu.sock";
    private static final int PAGE = 4096;

    /** Of the man pages of section 2, Linux's own additions included, and of the kernel's sources where there is no page. */
    private static final Map<String, List<String>> ERRNOS = new TreeMap<>();

    private static final String ANY_IOCTL = "EBADF EFAULT EINVAL ENOTTY ";

    static {
        errnos(
                "open",
                "EACCES EBUSY EINVAL EIO ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO"
                        + " EOVERFLOW EPERM EROFS EAGAIN");
        errnos("opendir", "EACCES EBADF EMFILE ENFILE ENOENT ENOMEM ENOTDIR");
        errnos("readlink", "EACCES EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR");
        errnos("read", "EAGAIN EBADF EFAULT EINVAL EIO EISDIR");
        errnos("stat", "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW");
        errnos("access", "EACCES EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS");
        errnos("fcntl", "EBADF");
        errnos("VFIO_GET_API_VERSION", ANY_IOCTL);
        errnos("VFIO_CHECK_EXTENSION", ANY_IOCTL);
        errnos("VFIO_SET_IOMMU", ANY_IOCTL + "EBUSY EIO ENODEV ENOMEM EPERM");
        errnos("VFIO_GROUP_GET_STATUS", ANY_IOCTL + "ENODEV");
        errnos("VFIO_GROUP_SET_CONTAINER", ANY_IOCTL + "EBADFD EBUSY ENODEV ENOMEM EPERM");
        errnos(
                "VFIO_GROUP_GET_DEVICE_FD",
                ANY_IOCTL + "EBUSY EEXIST EIO EMFILE ENAMETOOLONG ENFILE ENODEV ENOMEM EPERM ESRCH");
        errnos("VFIO_DEVICE_BIND_IOMMUFD", ANY_IOCTL + "EBADFD EBUSY EEXIST EIO ENODEV ENOMEM EPERM ESRCH");
        errnos("VFIO_DEVICE_ATTACH_IOMMUFD_PT", ANY_IOCTL + "EADDRINUSE EBUSY ENODEV ENOENT ENOMEM EPERM");
        errnos("VFIO_DEVICE_DETACH_IOMMUFD_PT", ANY_IOCTL);
        errnos("VFIO_DEVICE_GET_INFO", ANY_IOCTL + "EIO ENODEV");
        errnos("IOMMU_IOAS_ALLOC", ANY_IOCTL + "E2BIG ENOMEM EOPNOTSUPP");
        errnos("IOMMU_IOAS_IOVA_RANGES", ANY_IOCTL + "E2BIG EMSGSIZE ENOENT EOPNOTSUPP");
        errnos("IOMMU_IOAS_MAP", ANY_IOCTL + "E2BIG EEXIST ENOENT ENOMEM ENOSPC EOPNOTSUPP EOVERFLOW EPERM");
        errnos("IOMMU_IOAS_UNMAP", ANY_IOCTL + "E2BIG EBUSY ENOENT EOVERFLOW");
        errnos("IOMMU_DESTROY", ANY_IOCTL + "E2BIG EBUSY ENOENT");
        errnos("VFIO_IOMMU_GET_INFO", ANY_IOCTL + "ENOMEM");
        errnos("VFIO_IOMMU_MAP_DMA", ANY_IOCTL + "EBUSY EEXIST ENODEV ENOMEM ENOSPC EPERM");
        errnos("VFIO_IOMMU_UNMAP_DMA", ANY_IOCTL + "EBUSY ENOMEM");
        errnos("KVM_CREATE_VM", ANY_IOCTL + "EBUSY EMFILE ENFILE ENOMEM");
        errnos("KVM_CREATE_DEVICE", ANY_IOCTL + "EBUSY EMFILE ENFILE ENODEV ENOMEM EPERM");
        errnos("KVM_SET_DEVICE_ATTR", ANY_IOCTL + "EEXIST EIO ENOENT ENOMEM ENXIO EPERM");
        errnos("pidfd_open", "EINVAL EMFILE ENFILE ENODEV ENOMEM ENOSYS ESRCH");
        errnos("pidfd_getfd", "EBADF EINVAL EMFILE ENOSYS EPERM ESRCH");
        errnos("poll", "EFAULT EINVAL ENOMEM");
        errnos("socket", "EACCES EINVAL EMFILE ENFILE ENOBUFS ENOMEM");
        errnos(
                "connect",
                "EACCES EADDRINUSE EAGAIN EBADF ECONNREFUSED EFAULT ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOTSOCK EPERM"
                        + " EPROTOTYPE ETIMEDOUT");
        errnos("recvmsg", "EBADF ECONNREFUSED ECONNRESET EFAULT EINVAL ENOMEM ENOTCONN ENOTSOCK");
    }

    private static void errnos(String operation, String names) {
        ERRNOS.put(operation, List.of(names.split(" ")));
    }

    /** Looking for something, which may well not be there: what fails is either nothing, or the reason of another error. */
    private static final List<String> LOOKUPS = List.of("opendir", "readlink", "read", "stat", "access");

    /** What a way leads to, and what closes it. Closing may fail in the user's own steps only. */
    private interface Way {
        Open open(Stage stage) throws IOException;
    }

    private interface Open extends AutoCloseable {
        @Override
        void close() throws IOException;
    }

    enum Path {
        GROUP(DeviceNodes.GROUP, false, ErrnoWalkTest.attached(AttachPath.GROUP)),
        GROUP_WITH_VM(DeviceNodes.GROUP, true, ErrnoWalkTest.attachedWithVm(AttachPath.GROUP)),
        GROUP_WITH_DMA(DeviceNodes.GROUP, false, ErrnoWalkTest.mapped(AttachPath.GROUP)),
        CDEV(DeviceNodes.CDEV, false, ErrnoWalkTest.attached(AttachPath.CDEV)),
        CDEV_WITH_VM(DeviceNodes.CDEV, true, ErrnoWalkTest.attachedWithVm(AttachPath.CDEV)),
        CDEV_WITH_DMA(DeviceNodes.CDEV, false, ErrnoWalkTest.mapped(AttachPath.CDEV)),
        WHICHEVER(
                DeviceNodes.GROUP_AND_CDEV,
                false,
                stage -> VfioDevice.open(
                        stage.calls, MdevDevice.find(stage.calls, stage.vgpu().uuid()))::close),
        FALLING_BACK(DeviceNodes.GROUP_AND_CDEV, false, stage -> {
            stage.host.faults().failOn("open", "/dev/iommu", Errno.EACCES);
            return open(stage, AttachOptions.DEFAULTS)::close;
        }),
        WHICHEVER_WITH_VM(DeviceNodes.GROUP_AND_CDEV, true, stage -> {
            KvmVm vm = KvmVm.createBare(stage.calls);
            try {
                VfioDevice device = VfioDevice.open(
                        stage.calls, MdevDevice.find(stage.calls, stage.vgpu().uuid()), vm);
                return () -> {
                    device.close();
                    vm.close();
                };
            } catch (IOException | RuntimeException e) {
                vm.close();
                throw e;
            }
        }),
        PROCESS_BY_GROUP(
                DeviceNodes.GROUP, false, stage -> Handover.fromProcess(stage.calls, stage.startOwner())::close),
        PROCESS_BY_CDEV(DeviceNodes.CDEV, false, stage -> Handover.fromProcess(stage.calls, stage.startOwner())::close),
        SOCKET_BY_GROUP(DeviceNodes.GROUP, false, stage -> {
            stage.offer();
            return Handover.fromSocket(stage.calls, SOCKET)::close;
        }),
        SOCKET_BY_CDEV(DeviceNodes.CDEV, false, stage -> {
            stage.offer();
            return Handover.fromSocket(stage.calls, SOCKET)::close;
        });

        private final DeviceNodes nodes;
        private final boolean forVm;
        private final Way way;

        Path(DeviceNodes nodes, boolean forVm, Way way) {
            this.nodes = nodes;
            this.forVm = forVm;
            this.way = way;
        }

        /** Where one way fails, another one may lead on. */
        boolean hasFallback() {
            return nodes == DeviceNodes.GROUP_AND_CDEV;
        }
    }

    private static VfioDevice open(Stage stage, AttachOptions options) throws IOException {
        MdevDevice mdev = MdevDevice.find(stage.calls, stage.vgpu().uuid());
        return VfioDevice.open(stage.calls, HostDevice.of(stage.calls, mdev), options);
    }

    private static Way attached(AttachPath path) {
        return stage -> open(stage, AttachOptions.DEFAULTS.withPath(path))::close;
    }

    private static Way attachedWithVm(AttachPath path) {
        return stage -> {
            KvmVm vm = KvmVm.createBare(stage.calls);
            try {
                VfioDevice device =
                        open(stage, AttachOptions.DEFAULTS.withPath(path).withVm(vm));
                return () -> {
                    device.close();
                    vm.close();
                };
            } catch (IOException | RuntimeException e) {
                vm.close();
                throw e;
            }
        };
    }

    /** A mapping that its user closes, and one that the device's end closes. */
    private static Way mapped(AttachPath path) {
        return stage -> {
            VfioDevice device = open(stage, AttachOptions.DEFAULTS.withPath(path));
            try (NativeMemory memory = stage.calls.allocatePages(2 * PAGE)) {
                device.dma().orElseThrow().info();
                DmaMapping first = device.dma().orElseThrow().map(0, memory, 0, PAGE, Access.READ_WRITE);
                device.dma().orElseThrow().map(PAGE, memory, PAGE, PAGE, Access.READ);
                return () -> {
                    try (device) {
                        first.close();
                    }
                };
            } catch (IOException | RuntimeException e) {
                device.close();
                throw e;
            }
        };
    }

    /** A host, and whoever else is on it. */
    private static final class Stage implements AutoCloseable {
        private final EmulatedHost host;
        private final SystemCalls calls;
        private final Deque<AutoCloseable> others = new ArrayDeque<>();

        Stage(Path path) {
            host = EmulatedHost.of(VgpuProfile.PORT.withNodes(path.nodes).withKvmRequired(path.forVm));
            calls = host.systemCalls();
        }

        Vgpu vgpu() {
            return host.vgpu();
        }

        /** Somebody else opens the device. His calls neither count nor fail. */
        VfioDevice openElsewhere(EmulatedProcess process) throws IOException {
            SystemCalls his = process.systemCalls();
            VfioDevice device = VfioDevice.open(his, MdevDevice.find(his, vgpu().uuid()));
            others.push(device);
            return device;
        }

        int startOwner() throws IOException {
            EmulatedProcess process = host.process("qemu-system-x86_64");
            openElsewhere(process);
            return process.pid();
        }

        void offer() throws IOException {
            EmulatedProcess process = host.process("vmm");
            VfioDevice device = openElsewhere(process);
            EventLoop loop = EventLoop.stepped(process.systemCalls());
            others.push(loop);
            others.push(DeviceSocket.listen(loop, device, SOCKET));
        }

        /** The others go, so that what is left is ours. */
        void closeOthers() throws Exception {
            while (!others.isEmpty()) {
                others.pop().close();
            }
        }

        @Override
        public void close() throws Exception {
            closeOthers();
            host.close();
        }
    }

    /** A call that was made: operation and target, as the trace has them. */
    private record Call(String operation, String target) {
        static List<Call> of(List<String> trace) {
            List<Call> calls = new ArrayList<>();
            for (String line : trace) {
                String operation = line.substring(0, line.indexOf(' '));
                if (!operation.equals("close") && !operation.equals("munmap")) {
                    calls.add(new Call(operation, line.substring(line.lastIndexOf(' ') + 1)));
                }
            }
            return calls;
        }
    }

    /**
     * A walk without a fault.
     *
     * @param calls all calls
     * @param opening how many of them came before the device was open
     */
    private record Route(List<Call> calls, int opening) {}

    private static Route explore(Path path) throws Exception {
        try (Stage stage = new Stage(path)) {
            stage.host.clearTrace();
            long before = stage.host.faults().calls();
            Open open = path.way.open(stage);
            int opening = Call.of(stage.host.trace()).size();
            open.close();
            List<Call> calls = Call.of(stage.host.trace());
            assertEquals(stage.host.faults().calls() - before, calls.size(), "calls without a trace");
            stage.closeOthers();
            assertNothingIsLeft(stage, "without a fault");
            return new Route(calls, opening);
        }
    }

    private static void assertNothingIsLeft(Stage stage, String context) {
        assertEquals(List.of(), stage.host.openFiles(), context);
        assertEquals(List.of(), stage.vgpu().dma().mappings(), context);
        assertEquals(0, HostMemory.pieces(stage.host), "pieces of memory " + context);
        assertFalse(stage.vgpu().isOpen(), context);
        assertEquals(0, stage.vgpu().forbiddenCalls(), context);
    }

    private int cases;

    @ParameterizedTest
    @EnumSource(Path.class)
    void whateverFailsNothingIsLeftAndTheStepIsNamed(Path path) throws Exception {
        Route route = explore(path);
        int walked = 0;
        for (int nth = 1; nth <= route.calls.size(); nth++) {
            Call call = route.calls.get(nth - 1);
            List<String> errnos = ERRNOS.getOrDefault(call.operation, List.of());
            assertFalse(errnos.isEmpty(), "no errors are listed for " + call);
            for (String errno : errnos) {
                walk(path, nth, call, number(errno), nth <= route.opening);
                walked++;
            }
        }
        assertTrue(walked > 50, path + " has only " + walked + " cases");
        cases += walked;
        report(path + ": " + route.calls.size() + " calls, " + walked + " cases");
    }

    private static void walk(Path path, int nth, Call call, int errno, boolean opening) throws Exception {
        String context = path + ", call " + nth + ", " + call + ", " + Errno.name(errno);
        try (Stage stage = new Stage(path)) {
            stage.host.faults().fail(Faults.ANY, nth, errno);
            try {
                Open open = path.way.open(stage);
                assertTrue(!opening || mayGoOn(path, call), () -> "opened in spite of " + context);
                closeDespite(open, call, errno, context);
            } catch (IOException e) {
                assertTrue(opening, () -> "a failure to open after it was open: " + context);
                assertNamesTheStep(e, call, errno, context);
            }
            stage.host.faults().clear();
            stage.closeOthers();
            assertNothingIsLeft(stage, "after " + context);
            path.way.open(stage).close();
            stage.closeOthers();
            assertNothingIsLeft(stage, "after going again, after " + context);
        }
    }

    /** What is not there need not be: only looking for it failed. And one path may stand in for the other. */
    private static boolean mayGoOn(Path path, Call call) {
        return LOOKUPS.contains(call.operation)
                || call.operation.equals("open") && call.target.startsWith("/proc/")
                || call.operation.equals("poll")
                || path.hasFallback();
    }

    /** What fails while a device is closed stops nothing; what its user unmaps himself, he is told of. */
    private static void closeDespite(Open open, Call call, int errno, String context) {
        try {
            open.close();
        } catch (IOException e) {
            assertTrue(call.operation.contains("UNMAP"), () -> "closing failed: " + context);
            assertNamesTheStep(e, call, errno, context);
        }
    }

    private static void assertNamesTheStep(IOException e, Call call, int errno, String context) {
        boolean same = e instanceof LinuxException refusal
                && refusal.errno() == errno
                && refusal.operation().equals(call.operation);
        boolean named =
                e.getMessage().contains(call.operation) && e.getMessage().contains(Errno.name(errno));
        assertTrue(
                same || named || LOOKUPS.contains(call.operation) || isInterpreted(e),
                () -> "'" + e.getMessage() + "' does not name the step: " + context);
        assertFalse(e.getMessage().isBlank(), context);
    }

    /** Hand-overs have a message of their own where more is known; and an answer that cannot be is not called by its errno. */
    private static boolean isInterpreted(IOException e) {
        return e instanceof HandoverException || e instanceof MalformedReplyException;
    }

    private static int number(String errno) throws ReflectiveOperationException {
        return Errno.class.getField(errno).getInt(null);
    }

    private static void report(String text) {
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.INFO, text);
    }

    @AfterAll
    void sayHowManyThereWere() {
        report("Errno walk: " + cases + " cases");
    }
}
