package io.vfio4j.emulator;

import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * What goes wrong on purpose. A fault holds until it has happened, or until {@link #clear}, as each method says.
 *
 * <p>Operations are called as in {@link io.vfio4j.linux.LinuxException#operation}: the name of an ioctl, or {@code open},
 * {@code pread}, {@code pwrite}, {@code mmap}, {@code eventfd}, {@code timerfd_create}, {@code timerfd_settime},
 * {@code epoll_create1}, {@code epoll_ctl}, {@code epoll_wait}, {@code read} (of a counter or a text file), {@code write}
 * (likewise), {@code fcntl} (adopting or duplicating a descriptor), {@code opendir}, {@code readlink}, {@code pidfd_open}, {@code pidfd_getfd},
 * {@code poll}, {@code socket}, {@code connect}, {@code bind}, {@code accept4}, {@code sendmsg}, {@code recvmsg}, {@code unlink},
 * {@code lseek}; and for the GPU, which answers with GraphicsExceptions, {@code eglInitialize} (opening it),
 * {@code eglCreateImage} (importing a dma-buf) and {@code glReadPixels}.
 * Only the calls of the process that uses the host fail, not those of an {@link EmulatedProcess}. Safe for use by any thread.
 */
public final class Faults {
    /** Stands for every operation. */
    public static final String ANY = "*";

    private static final class Failure {
        private final String operation;
        private final String target;
        private final int errno;
        private final boolean once;
        private int callsLeft;

        Failure(String operation, String target, int nth, int errno, boolean once) {
            this.operation = Objects.requireNonNull(operation, "operation");
            this.target = Objects.requireNonNull(target, "target");
            this.callsLeft = nth;
            this.errno = errno;
            this.once = once;
        }

        boolean applies(String called, String to) {
            return (operation.equals(ANY) || operation.equals(called)) && to.contains(target);
        }
    }

    private static final class Interruption {
        private final String operation;
        private final Runnable action;
        private int callsLeft;

        Interruption(String operation, int nth, Runnable action) {
            this.operation = Objects.requireNonNull(operation, "operation");
            this.action = Objects.requireNonNull(action, "action");
            this.callsLeft = nth;
        }
    }

    private record Edit(Ioctl request, UnaryOperator<byte[]> editor) {}

    private record Cut(Ioctl request, int bytes) {}

    private record ReadEdit(String target, ReadEditor editor) {}

    /** Changes what a file gives. */
    @FunctionalInterface
    public interface ReadEditor {
        /**
         * Changes what was read. It must not use the host.
         *
         * @param position where in the file it was read
         * @param bytes what was read
         * @return what it shall be instead: as many bytes, or fewer
         */
        byte[] edit(long position, byte[] bytes);
    }

    private final Kernel kernel;
    private final List<Failure> failures = new ArrayList<>();
    private final List<Interruption> interruptions = new ArrayList<>();
    private final List<Edit> edits = new ArrayList<>();
    private final List<Cut> cuts = new ArrayList<>();
    private final List<ReadEdit> readEdits = new ArrayList<>();
    private final List<Predicate<DmaBufImage>> refusedImports = new ArrayList<>();
    /** Looked at by threads that read mapped memory, outside of the kernel. */
    private final List<String> lostMemory = new CopyOnWriteArrayList<>();

    private boolean graphics = true;
    private int longestRead = Integer.MAX_VALUE;
    private long calls;

    Faults(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Makes one call fail.
     *
     * @param operation the operation, or {@link #ANY}
     * @param nth which of the calls of that operation from now on: 1 for the next
     * @param errno the error
     */
    public void fail(String operation, int nth, int errno) {
        requireComing(nth);
        locked(() -> failures.add(new Failure(operation, "", nth, checked(errno), true)));
    }

    /**
     * Has something happen just before a call: a process ends, a file changes hands.
     *
     * @param operation the operation, or {@link #ANY}
     * @param nth before which of the calls of that operation from now on: 1 for the next
     * @param action what happens; it may use the host, but must not wait for another thread that does
     */
    public void before(String operation, int nth, Runnable action) {
        requireComing(nth);
        locked(() -> interruptions.add(new Interruption(operation, nth, action)));
    }

    private static void requireComing(int nth) {
        if (nth < 1) {
            throw new IllegalArgumentException("the call number " + nth + " never comes");
        }
    }

    /**
     * Makes every call on a target fail, until {@link #clear}.
     *
     * @param operation the operation, or {@link #ANY}
     * @param target a part of the path or description that the call is applied to
     * @param errno the error
     */
    public void failOn(String operation, String target, int errno) {
        locked(() -> failures.add(new Failure(operation, target, 1, checked(errno), false)));
    }

    /**
     * Changes what an ioctl answers, each time it succeeds, until {@link #clear}: absurd counts, chains that go in circles,
     * an argsz that grows for ever.
     *
     * @param request the ioctl
     * @param editor gets all bytes of the caller's memory from the argument on, as the driver has left them, and returns what
     *     they shall be instead: as many, or fewer, which changes only these. It must not use the host
     */
    public void rewrite(Ioctl request, UnaryOperator<byte[]> editor) {
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(editor, "editor");
        locked(() -> edits.add(new Edit(request, editor)));
    }

    /**
     * Changes what pread gives, each time it succeeds, until {@link #clear}.
     *
     * @param target a part of the path or description of what is read
     * @param editor changes the bytes
     */
    public void rewriteRead(String target, ReadEditor editor) {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(editor, "editor");
        locked(() -> readEdits.add(new ReadEdit(target, editor)));
    }

    /**
     * Cuts short what an ioctl answers, each time it succeeds, until {@link #clear}: the call returns 0, but only the first
     * bytes were written.
     *
     * @param request the ioctl
     * @param bytes how many are written
     */
    public void truncate(Ioctl request, int bytes) {
        Objects.requireNonNull(request, "request");
        locked(() -> cuts.add(new Cut(request, bytes)));
    }

    /**
     * Has pread, and the reading of text files, return fewer bytes than were asked for, until {@link #clear}.
     *
     * @param most how many bytes a read gives at most
     */
    public void shortRead(int most) {
        if (most < 0) {
            throw new IllegalArgumentException("a read of " + most + " bytes");
        }
        locked(() -> longestRead = most);
    }

    /**
     * Drives the eventfds that are armed on a vGPU's display irq into saturation, as a driver does that signals while nobody
     * reads.
     *
     * @param vgpu the vGPU
     */
    public void saturate(Vgpu vgpu) {
        locked(() -> {
            vgpu.driver().trigger().eventFd(0).ifPresent(eventFd -> eventFd.signal(-1L));
            vgpu.driver().trigger().eventFd(1).ifPresent(eventFd -> eventFd.signal(-1L));
        });
    }

    /**
     * Takes the memory away that is mapped, until {@link #clear}, as where a file was truncated or a device was pulled out:
     * {@link io.vfio4j.linux.Mapping#read} and {@link io.vfio4j.linux.Mapping#copyTo} are EFAULT, also those under way. Other methods
     * of a mapping, which a real fault would end in other ways, notice nothing.
     *
     * @param target a part of the description of what is mapped
     */
    public void loseMemory(String target) {
        Objects.requireNonNull(target, "target");
        locked(() -> lostMemory.add(target));
    }

    /** Takes the libraries away that a GPU is used through, until {@link #clear}: what is open already goes on. */
    public void removeGraphics() {
        locked(() -> graphics = false);
    }

    /**
     * Has the GPU refuse to import images, until {@link #clear}.
     *
     * @param which says which; it must not use the host
     */
    public void refuseImports(Predicate<DmaBufImage> which) {
        Objects.requireNonNull(which, "which");
        locked(() -> refusedImports.add(which));
    }

    /** Forgets all faults that were asked for. */
    public void clear() {
        locked(() -> {
            failures.clear();
            interruptions.clear();
            edits.clear();
            cuts.clear();
            readEdits.clear();
            refusedImports.clear();
            lostMemory.clear();
            graphics = true;
            longestRead = Integer.MAX_VALUE;
        });
    }

    /**
     * How many calls there were that {@link #fail} with {@link #ANY} counts, so that a test can let each of them fail in turn.
     *
     * @return the number of calls since the host was made
     */
    public long calls() {
        kernel.lock();
        try {
            return calls;
        } finally {
            kernel.unlock();
        }
    }

    /** A system call begins. */
    void check(String operation, String target) throws KernelError {
        calls++;
        if (!interruptions.isEmpty()) {
            interrupt(operation);
        }
        if (failures.isEmpty()) {
            return;
        }
        for (Iterator<Failure> all = failures.iterator(); all.hasNext(); ) {
            Failure failure = all.next();
            if (failure.applies(operation, target)) {
                failure.callsLeft -= failure.once ? 1 : 0;
                if (failure.callsLeft == 0 || !failure.once) {
                    if (failure.once) {
                        all.remove();
                    }
                    throw new KernelError(failure.errno);
                }
            }
        }
    }

    private void interrupt(String operation) {
        List<Interruption> due = new ArrayList<>();
        for (Interruption interruption : interruptions) {
            boolean applies = interruption.operation.equals(ANY) || interruption.operation.equals(operation);
            if (applies && --interruption.callsLeft == 0) {
                due.add(interruption);
            }
        }
        interruptions.removeAll(due);
        due.forEach(interruption -> interruption.action.run());
    }

    boolean edits(Ioctl request) {
        return edits.stream().anyMatch(edit -> edit.request().equals(request))
                || cuts.stream().anyMatch(cut -> cut.request().equals(request));
    }

    /** What the caller's memory shall hold after the driver has turned one content into another. */
    byte[] edited(Ioctl request, byte[] before, byte[] after) {
        byte[] result = after;
        for (Edit edit : edits) {
            if (edit.request().equals(request)) {
                byte[] wanted = edit.editor().apply(result.clone());
                if (wanted.length > result.length) {
                    throw new IllegalArgumentException("an answer of " + wanted.length + " bytes to " + request
                            + ", where the caller has room for " + result.length);
                }
                System.arraycopy(wanted, 0, result, 0, wanted.length);
            }
        }
        for (Cut cut : cuts) {
            if (cut.request().equals(request) && cut.bytes() < result.length) {
                result = Arrays.copyOf(result, result.length);
                System.arraycopy(before, cut.bytes(), result, cut.bytes(), result.length - cut.bytes());
            }
        }
        return result;
    }

    int readable(int length) {
        return Math.min(length, longestRead);
    }

    boolean editsReads(String target) {
        return readEdits.stream().anyMatch(edit -> target.contains(edit.target()));
    }

    byte[] editedRead(String target, long position, byte[] read) {
        byte[] result = read;
        for (ReadEdit edit : readEdits) {
            if (target.contains(edit.target())) {
                byte[] wanted = edit.editor().edit(position, result.clone());
                if (wanted.length > result.length) {
                    throw new IllegalArgumentException(
                            wanted.length + " bytes of " + target + ", where " + result.length + " were read");
                }
                result = wanted;
            }
        }
        return result;
    }

    /** What the JVM makes of SIGBUS. */
    void touchMemory(String target) {
        for (String lost : lostMemory) {
            if (target.contains(lost)) {
                throw new InternalError("a fault occurred in the mapped memory of " + target);
            }
        }
    }

    boolean hasGraphics() {
        return graphics;
    }

    boolean refusesImport(DmaBufImage image) {
        return refusedImports.stream().anyMatch(refused -> refused.test(image));
    }

    private static int checked(int errno) {
        if (errno <= 0) {
            throw new IllegalArgumentException(
                    "errno " + errno + ", which is none: pass " + Errno.class.getSimpleName() + ".EBUSY, for example");
        }
        return errno;
    }

    private void locked(Runnable change) {
        kernel.lock();
        try {
            change.run();
        } finally {
            kernel.unlock();
        }
    }
}
