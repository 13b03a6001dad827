package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every system call of every way of a hand-over, made to fail once with each errno of its man page (of the kernel's source, for
 * ioctls): nothing stays open, the owner goes on, the message names the step, and the next try succeeds.
 */
class HandoverErrnoWalkTest {
    private static final String PATH = "/run/vgpu.sock";

    private static final Map<String, List<Integer>> ERRORS = new LinkedHashMap<>();

    static {
        ERRORS.put(
                "open",
                List.of(
                        Errno.EACCES,
                        Errno.ELOOP,
                        Errno.EMFILE,
                        Errno.ENAMETOOLONG,
                        Errno.ENFILE,
                        Errno.ENOENT,
                        Errno.ENOMEM,
                        Errno.ENOTDIR,
                        Errno.EPERM));
        ERRORS.put("read", List.of(Errno.EBADF, Errno.EFAULT, Errno.EINVAL, Errno.EIO, Errno.EISDIR, Errno.ESRCH));
        ERRORS.put(
                "opendir",
                List.of(Errno.EACCES, Errno.EMFILE, Errno.ENFILE, Errno.ENOENT, Errno.ENOMEM, Errno.ENOTDIR));
        ERRORS.put(
                "readlink",
                List.of(
                        Errno.EACCES,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.EIO,
                        Errno.ELOOP,
                        Errno.ENAMETOOLONG,
                        Errno.ENOENT,
                        Errno.ENOMEM,
                        Errno.ENOTDIR));
        ERRORS.put(
                "pidfd_open",
                List.of(
                        Errno.EINVAL,
                        Errno.EMFILE,
                        Errno.ENFILE,
                        Errno.ENODEV,
                        Errno.ENOMEM,
                        Errno.ENOSYS,
                        Errno.EPERM,
                        Errno.ESRCH));
        ERRORS.put(
                "pidfd_getfd",
                List.of(Errno.EBADF, Errno.EINVAL, Errno.EMFILE, Errno.ENFILE, Errno.ENOSYS, Errno.EPERM, Errno.ESRCH));
        ERRORS.put("poll", List.of(Errno.EFAULT, Errno.EINVAL, Errno.ENOMEM));
        ERRORS.put(
                "VFIO_GROUP_GET_DEVICE_FD",
                List.of(
                        Errno.EBUSY,
                        Errno.EEXIST,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.EMFILE,
                        Errno.ENODEV,
                        Errno.ENOMEM,
                        Errno.ENOTTY,
                        Errno.EPERM,
                        Errno.ESRCH));
        ERRORS.put(
                "VFIO_DEVICE_GET_INFO",
                List.of(Errno.EFAULT, Errno.EINVAL, Errno.EIO, Errno.ENODEV, Errno.ENOMEM, Errno.ENOTTY));
        ERRORS.put(
                "socket", List.of(Errno.EACCES, Errno.EINVAL, Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM));
        ERRORS.put(
                "connect",
                List.of(
                        Errno.EACCES,
                        Errno.EAGAIN,
                        Errno.EBADF,
                        Errno.ECONNREFUSED,
                        Errno.EFAULT,
                        Errno.ELOOP,
                        Errno.ENAMETOOLONG,
                        Errno.ENOENT,
                        Errno.ENOMEM,
                        Errno.ENOTDIR,
                        Errno.ENOTSOCK,
                        Errno.EPERM,
                        Errno.EPROTOTYPE,
                        Errno.ETIMEDOUT));
        ERRORS.put(
                "recvmsg",
                List.of(
                        Errno.EAGAIN,
                        Errno.EBADF,
                        Errno.ECONNREFUSED,
                        Errno.ECONNRESET,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.ENOMEM,
                        Errno.ENOTCONN,
                        Errno.ENOTSOCK));
        ERRORS.put(
                "bind",
                List.of(
                        Errno.EACCES,
                        Errno.EADDRINUSE,
                        Errno.EBADF,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.ELOOP,
                        Errno.ENAMETOOLONG,
                        Errno.ENOENT,
                        Errno.ENOMEM,
                        Errno.ENOTDIR,
                        Errno.ENOTSOCK,
                        Errno.EROFS));
        ERRORS.put("listen", List.of(Errno.EADDRINUSE, Errno.EBADF, Errno.ENOTSOCK, Errno.EOPNOTSUPP));
        ERRORS.put(
                "accept4",
                List.of(
                        Errno.EBADF,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.EMFILE,
                        Errno.ENFILE,
                        Errno.ENOBUFS,
                        Errno.ENOMEM,
                        Errno.ENOTSOCK,
                        Errno.EPERM));
        ERRORS.put(
                "sendmsg",
                List.of(
                        Errno.EACCES,
                        Errno.EAGAIN,
                        Errno.EBADF,
                        Errno.ECONNRESET,
                        Errno.EFAULT,
                        Errno.EINVAL,
                        Errno.EMSGSIZE,
                        Errno.ENOBUFS,
                        Errno.ENOMEM,
                        Errno.ENOTCONN,
                        Errno.ENOTSOCK,
                        Errno.EPIPE,
                        Errno.ETOOMANYREFS));
    }

    /** The ways to a device. */
    private enum Way {
        THE_ONLY_ONE_OF_A_PROCESS(false) {
            @Override
            VfioDevice share(Vmm vmm) throws IOException {
                return Handover.fromProcess(vmm.host.systemCalls(), vmm.pid());
            }
        },
        ONE_OF_A_PROCESS_BY_ITS_GROUP(false) {
            @Override
            VfioDevice share(Vmm vmm) throws IOException {
                return Handover.fromProcess(vmm.host.systemCalls(), vmm.pid(), vmm.name(1));
            }
        },
        ONE_OF_A_PROCESS_BY_FDINFO(false) {
            @Override
            VfioDevice share(Vmm vmm) throws IOException {
                return Handover.fromProcess(vmm.host.systemCalls(), vmm.pid(), vmm.name(1));
            }
        },
        ONE_OF_A_PROCESS_BY_ITS_NODE(false) {
            @Override
            VfioDevice share(Vmm vmm) throws IOException {
                return Handover.fromProcess(vmm.host.systemCalls(), vmm.pid(), vmm.name(1));
            }
        },
        FROM_A_SOCKET(true) {
            @Override
            VfioDevice share(Vmm vmm) throws IOException {
                return Handover.fromSocket(vmm.host.systemCalls(), PATH);
            }
        };

        private final boolean served;

        Way(boolean served) {
            this.served = served;
        }

        abstract VfioDevice share(Vmm vmm) throws IOException;

        EmulatedHost host() {
            VgpuProfile profile =
                    this == ONE_OF_A_PROCESS_BY_ITS_NODE ? VgpuProfile.V6.withNodes(DeviceNodes.CDEV) : VgpuProfile.V6;
            EmulatedHost.Builder builder = EmulatedHost.builder().vgpu(profile);
            if (this == ONE_OF_A_PROCESS_BY_FDINFO) {
                builder.devicesInFdinfo();
            }
            return this == THE_ONLY_ONE_OF_A_PROCESS || this == FROM_A_SOCKET
                    ? builder.build()
                    : builder.vgpu(profile).build();
        }
    }

    /** What became of the cases, by the operation that failed. */
    private static final class Tally {
        private final Map<String, int[]> cases = new TreeMap<>();

        void add(String operation, boolean refused) {
            cases.computeIfAbsent(operation, none -> new int[2])[refused ? 0 : 1]++;
        }

        int total() {
            return cases.values().stream().mapToInt(each -> each[0] + each[1]).sum();
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(total() + " cases:");
            cases.forEach((operation, outcomes) -> text.append(' ')
                    .append(operation)
                    .append(' ')
                    .append(outcomes[0])
                    .append(outcomes[1] == 0 ? "" : "+" + outcomes[1] + " done without"));
            return text.toString();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whateverFailsNothingStaysOpenAndTheOwnerGoesOn(Way way, TestReporter reporter) throws Exception {
        Tally tally = new Tally();
        for (Map.Entry<String, List<Integer>> errors : ERRORS.entrySet()) {
            for (int errno : errors.getValue()) {
                int nth = 1;
                while (failsAt(way, errors.getKey(), nth, errno, tally)) {
                    nth++;
                }
            }
        }
        tell(reporter, way.name(), tally);
        assertTrue(tally.total() > 50, tally::toString);
    }

    private static void tell(TestReporter reporter, String way, Tally tally) {
        reporter.publishEntry(way, tally.toString());
        // What is published does not reach the build's output.
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.INFO, "hand-over, {0}: {1}", way, tally);
    }

    /** Returns whether there is such a call. */
    private static boolean failsAt(Way way, String operation, int nth, int errno, Tally tally) throws IOException {
        try (EmulatedHost host = way.host()) {
            Vmm vmm = new Vmm(host);
            EventLoop loop = EventLoop.stepped(vmm.process.systemCalls());
            Optional<DeviceSocket> socket =
                    way.served ? Optional.of(DeviceSocket.listen(loop, vmm.devices.get(0), PATH)) : Optional.empty();
            AtomicBoolean reached = new AtomicBoolean();
            host.faults().before(operation, nth, () -> reached.set(true));
            host.faults().fail(operation, nth, errno);
            String context = operation + " " + nth + " with " + Errno.name(errno);
            boolean refused = false;
            try {
                way.share(vmm).close();
            } catch (IOException e) {
                refused = true;
                assertNames(operation, errno, e, context);
            }
            assertEquals(List.of(), host.openFiles(), context);
            host.faults().clear();
            way.share(vmm).close();
            socket.ifPresent(DeviceSocket::close);
            loop.close();
            vmm.assertUndisturbed();
            assertFalse(refused && !reached.get(), context);
            if (reached.get()) {
                tally.add(operation, refused);
            }
            return reached.get();
        }
    }

    /** The step is named as the call, or told in words where it means something else. */
    private static void assertNames(String operation, int errno, IOException e, String context) {
        String message = e.getMessage();
        assertTrue(message.matches("(?s).{20,}[.?)]"), context + ": " + message);
        if (e instanceof LinuxException refusal && operation.equals("readlink") && errno == Errno.ENOENT) {
            // The class of a device node that is being removed goes first.
            assertTrue(List.of("ENODEV", "ENOENT").contains(refusal.errnoName()), context + ": " + message);
        } else if (e instanceof LinuxException refusal) {
            assertEquals(Errno.name(errno), refusal.errnoName(), context + ": " + message);
            assertEquals(operation, refusal.operation(), context + ": " + message);
            assertTrue(message.startsWith(operation + " " + refusal.target()), context + ": " + message);
        } else {
            // ENOENT in the middle of a listing: what is no longer there does not count.
            assertTrue(e instanceof HandoverException, context + ": " + e);
            assertEquals(Errno.ENOENT, errno, context + ": " + message);
        }
    }

    @Test
    void whateverFailsOfAnOfferIsToldAndTheOfferGoesOn(TestReporter reporter) throws Exception {
        Tally tally = new Tally();
        for (String operation : List.of("socket", "bind", "listen", "accept4", "sendmsg", "poll")) {
            for (int errno : ERRORS.get(operation)) {
                offerWithFailure(operation, errno, tally);
            }
        }
        tell(reporter, "OFFERED_ON_A_SOCKET", tally);
        assertTrue(tally.total() >= 40, tally::toString);
    }

    /** Here the process under test is the owner, and another one the client. */
    private static void offerWithFailure(String operation, int errno, Tally tally) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6)) {
            SystemCalls calls = host.systemCalls();
            SystemCalls client = host.process("client").systemCalls();
            Vmm vmm = new Vmm(host);
            VfioDevice device = Handover.fromProcess(calls, vmm.pid());
            List<String> errors = new ArrayList<>();
            String context = operation + " with " + Errno.name(errno);
            EventLoop loop = EventLoop.stepped(calls);
            int before = host.openDescriptors();
            host.faults().fail(operation, 1, errno);
            Optional<DeviceSocket> socket = Optional.empty();
            try {
                socket = Optional.of(DeviceSocket.listen(
                        loop, device, PATH, (what, cause) -> errors.add(what + ": " + cause.getMessage())));
            } catch (LinuxException e) {
                assertEquals(operation, e.operation(), context);
                assertEquals(before, host.openDescriptors(), context);
                assertFalse(calls.exists(PATH), context);
                tally.add(operation, true);
            }
            if (socket.isPresent()) {
                // The first client may be turned away for it, or has to wait; the next is served.
                Descriptor first = client.connect(PATH, Duration.ZERO);
                host.clock().advance(Duration.ofMillis(250));
                VfioDevice served = Handover.fromSocket(client, PATH);
                assertEquals(device.name(), served.name());
                host.clock().advance(Duration.ofMillis(250));
                boolean told = errors.stream().anyMatch(error -> error.contains(operation));
                // The client has gone; or the path was taken only for a moment.
                boolean harmless = errno == Errno.EPIPE || errno == Errno.ECONNRESET || errno == Errno.EADDRINUSE;
                assertTrue(told || harmless, context + ": " + errors);
                tally.add(operation, told);
                first.close();
                served.close();
                socket.get().close();
            }
            device.close();
            loop.close();
            vmm.assertUndisturbed();
        }
    }
}
