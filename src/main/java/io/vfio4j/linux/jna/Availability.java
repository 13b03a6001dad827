package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Files;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Whether this JVM can reach a Linux kernel through JNA: found out once, by doing it, and remembered. A second attempt to load
 * a class that failed once would only say NoClassDefFoundError, without the reason.
 */
final class Availability {
    static final String SWITCH = "io.vfio4j.jna";
    static final Optional<Throwable> CAUSE = probe();

    /** No descriptor number, no small integer, and different in every byte. */
    private static final long MAGIC = 0x1badb002_c0ffee42L;

    private Availability() {}

    private static Optional<Throwable> probe() {
        if ("off".equals(System.getProperty(SWITCH))) {
            return unavailable("Switched off by -D" + SWITCH + "=off.", null);
        }
        String system = System.getProperty("os.name", "");
        if (!system.equals("Linux")) {
            return unavailable(
                    "This is " + system + "; vGPUs are reached on Linux only. The emulated host runs here.", null);
        }
        Optional<EpollAbi> abi = EpollAbi.ofThisMachine();
        if (abi.isEmpty()) {
            return unavailable(
                    "The architecture " + System.getProperty("os.arch")
                            + " is not supported; x86-64 and aarch64 are, with a 64-bit Java.",
                    null);
        }
        try {
            return Kernel.probe(abi.get());
        } catch (LinkageError | RuntimeException failure) {
            return unavailable(adviceOn(failure), failure);
        }
    }

    private static String adviceOn(Throwable failure) {
        if (failure instanceof NoClassDefFoundError
                && String.valueOf(failure.getMessage()).contains("com/sun/jna")) {
            return Availability.class.getModule().isNamed()
                    ? "JNA is not in the module graph. Add `requires com.sun.jna` to your module-info, or start Java with"
                            + " --add-modules com.sun.jna; the module comes with the artifact net.java.dev.jna:jna-jpms."
                    : "JNA is not on the class path. Add the artifact net.java.dev.jna:jna-jpms.";
        }
        Throwable reason = failure instanceof ExceptionInInitializerError && failure.getCause() != null
                ? failure.getCause()
                : failure;
        return "JNA could not load its native library (" + reason + "). If the directory for temporary files is mounted"
                + " noexec, name another one by -Djna.tmpdir=DIRECTORY; where Java denies native access, grant it by"
                + " --enable-native-access=" + modules() + ".";
    }

    private static String modules() {
        return Availability.class.getModule().isNamed() ? "com.sun.jna,io.vfio4j" : "ALL-UNNAMED";
    }

    private static Optional<Throwable> unavailable(String message, Throwable cause) {
        return Optional.of(new UnsupportedOperationException(message, cause));
    }

    /** What touches JNA stays here, so that {@link Availability} itself loads without. */
    private static final class Kernel {
        private Kernel() {}

        /** Opens an epoll and an eventfd, and has a token come back in the place where we expect it. */
        static Optional<Throwable> probe(EpollAbi abi) {
            if (Native.LONG_SIZE != Long.BYTES) {
                return unavailable("A C long has " + Native.LONG_SIZE + " bytes here; 8 are needed.", null);
            }
            int epoll = Calls.epollCreate(Files.EPOLL_CLOEXEC);
            if (epoll < 0) {
                return refused("epoll_create1", epoll);
            }
            try {
                int event = Calls.eventfd(Files.EFD_CLOEXEC | Files.EFD_NONBLOCK);
                if (event < 0) {
                    return refused("eventfd", event);
                }
                try {
                    return probe(abi, epoll, event);
                } finally {
                    Calls.close(event);
                }
            } finally {
                Calls.close(epoll);
            }
        }

        private static Optional<Throwable> probe(EpollAbi abi, int epoll, int event) {
            // Room for either layout, whatever is found in it.
            ByteBuffer buffer =
                    ByteBuffer.allocateDirect(2 * EpollAbi.AARCH64.size()).order(ByteOrder.nativeOrder());
            long address = Allocations.address(buffer);
            buffer.putInt(0, Files.EPOLLIN).putLong(abi.data(), MAGIC);
            int added = Calls.epollCtl(epoll, Files.EPOLL_CTL_ADD, event, address);
            if (added < 0) {
                return refused("epoll_ctl", added);
            }
            int signalled = Calls.eventfdWrite(event, 1);
            if (signalled < 0) {
                return refused("write", signalled);
            }
            for (int i = 0; i < buffer.capacity(); i++) {
                buffer.put(i, (byte) 0);
            }
            int ready = Calls.epollWait(epoll, address, 1, false);
            if (ready < 0) {
                return refused("epoll_wait", ready);
            }
            if (ready != 1 || buffer.getLong(abi.data()) != MAGIC || buffer.getInt(0) != Files.EPOLLIN) {
                return unavailable(
                        "epoll_event is not laid out here as expected for " + abi.directory()
                                + ": a token did not come back.",
                        null);
            }
            return Optional.empty();
        }

        private static Optional<Throwable> refused(String operation, int outcome) {
            return unavailable(
                    "The kernel refuses " + operation + ": " + Errno.name(-outcome) + " (" + Errno.meaning(-outcome)
                            + ").",
                    null);
        }
    }
}
