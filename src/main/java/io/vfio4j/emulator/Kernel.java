package io.vfio4j.emulator;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What everything in the emulated kernel shares. One lock guards it all; whatever belongs to the user, steps and listeners,
 * runs outside of it.
 */
final class Kernel {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition change = lock.newCondition();
    private final UserSpace memory = new UserSpace();
    private final FileTree files = new FileTree();
    private final EventQueue events = new EventQueue(this);
    private final Faults faults = new Faults(this);
    private final Set<UUID> mediatedDevices = new HashSet<>();
    private final Trace trace = new Trace();
    private final VblankTimers vblankTimers = new VblankTimers(this);
    private final Heuristic sharedV4 = Heuristic.decaying();
    private final Heuristic sharedV5 = Heuristic.threshold();
    private final List<EmulatedPoller> pollers = new ArrayList<>();
    private final List<KvmVm> vms = new ArrayList<>();
    private final Processes processes;
    private final LockedMemory lockedMemory;
    private final boolean virtual;
    private final long origin;
    private int groups;
    private int dmaBufs;
    private int imports;
    private int inodes = 10_000;
    private long virtualNanos;
    private boolean closed;

    Kernel(boolean virtual, ProcessLimits limits, Surroundings surroundings) {
        this.virtual = virtual;
        this.origin = System.nanoTime();
        this.processes = new Processes(this, limits.descriptors(), surroundings);
        this.lockedMemory = new LockedMemory(memory, processes, limits.lockedBytes());
        Procfs.mount(files, processes, limits);
        files.makeDirectory("/run");
        files.makeDirectoryForAll("/tmp");
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    boolean isLockedByThisThread() {
        return lock.isHeldByCurrentThread();
    }

    Condition newCondition() {
        return lock.newCondition();
    }

    UserSpace memory() {
        return memory;
    }

    FileTree files() {
        return files;
    }

    EventQueue events() {
        return events;
    }

    Faults faults() {
        return faults;
    }

    Trace trace() {
        return trace;
    }

    Processes processes() {
        return processes;
    }

    /** Those of the process that makes the system call. */
    DescriptorTable descriptors() {
        return processes.current().descriptors();
    }

    LockedMemory lockedMemory() {
        return lockedMemory;
    }

    /** eventfd_ctx_fdget(): EBADF for what is not open, -1 included; EINVAL for what is no eventfd. */
    EventFd eventFd(int number) throws KernelError {
        if (descriptors().file(number) instanceof EventFd eventFd) {
            return eventFd;
        }
        throw new KernelError(Errno.EINVAL);
    }

    /** One more or one less is open. */
    void countDmaBufs(int change) {
        dmaBufs += change;
    }

    /** Those that a descriptor, a mapping or a GPU holds. */
    int dmaBufs() {
        return dmaBufs;
    }

    void countImports(int change) {
        imports += change;
    }

    /** The images that GPUs have imported. */
    int imports() {
        return imports;
    }

    /** The number of a new iommu group. */
    int newGroup() {
        return ++groups;
    }

    /** The UUIDs of all mediated devices, those included that are being removed: {@code mdev_list} of mdev_core.c. */
    Set<UUID> mediatedDevices() {
        return mediatedDevices;
    }

    VblankTimers vblankTimers() {
        return vblankTimers;
    }

    /** {@code pageflip_count} of v4: static, hence one for all vGPUs and pipes. */
    Heuristic sharedV4() {
        return sharedV4;
    }

    /** {@code no_pageflip_count} of v5: static as well. */
    Heuristic sharedV5() {
        return sharedV5;
    }

    /** A system call of a process begins: that of the first one may be made to fail, and leaves a trace. */
    void enter(Task task, String operation, String target, String detail) throws KernelError {
        checkOpen();
        processes.run(task);
        trace(task, detail.isEmpty() ? operation + " " + target : operation + " " + detail + " " + target);
        checkFaults(task, operation, target);
    }

    /** What the first process does is recorded. */
    void trace(Task task, String call) {
        if (task == processes.first()) {
            trace.add(call);
        }
    }

    /** The same of a call that leaves no trace, because it is made for every event. */
    void enterQuietly(Task task, String operation, String target) throws KernelError {
        checkOpen();
        processes.run(task);
        checkFaults(task, operation, target);
    }

    private void checkFaults(Task task, String operation, String target) throws KernelError {
        if (task == processes.first()) {
            faults.check(operation, target);
            // What a fault does before the call may have ended the process, or another one has run since.
            processes.run(task);
        }
    }

    int nextInode() {
        return ++inodes;
    }

    boolean isVirtual() {
        return virtual;
    }

    long nanoTime() {
        if (!virtual) {
            return System.nanoTime() - origin;
        }
        lock.lock();
        try {
            return virtualNanos;
        } finally {
            lock.unlock();
        }
    }

    void setVirtualTime(long nanos) {
        virtualNanos = nanos;
    }

    /** Wakes those who wait for anything to change: a blocked remover, the thread of real time. */
    void signalChange() {
        change.signalAll();
    }

    void awaitChange() {
        change.awaitUninterruptibly();
    }

    void awaitChange(long nanos) {
        try {
            change.awaitNanos(nanos);
        } catch (InterruptedException ignored) {
            // A system call that blocks does not end because a Java thread is interrupted; but the flag is kept.
            Thread.currentThread().interrupt();
        }
    }

    void addPoller(EmulatedPoller poller) {
        pollers.add(poller);
    }

    void removePoller(EmulatedPoller poller) {
        pollers.remove(poller);
    }

    void addVm(KvmVm vm) {
        vms.add(vm);
    }

    void removeVm(KvmVm vm) {
        vms.remove(vm);
    }

    List<KvmVm> vms() {
        return vms;
    }

    boolean isClosed() {
        return closed;
    }

    void checkOpen() {
        if (closed) {
            throw new ClosedException("the emulated host");
        }
    }

    /** Has those that wait look again whether they may go on. */
    void wakePollers() {
        pollers.forEach(EmulatedPoller::wake);
    }

    void close() {
        closed = true;
        wakePollers();
        signalChange();
    }
}
