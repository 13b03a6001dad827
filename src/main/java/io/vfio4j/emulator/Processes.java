package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The processes that there are, and the one whose system call the kernel is working on. The first one is the user's own; process 1
 * is there as well, and has nothing open. Used under the kernel's lock.
 */
final class Processes {
    private static final int INIT = 1;
    private static final int FIRST = 1000;
    private static final int ROOT = 0;

    private final Kernel kernel;
    private final int descriptorLimit;
    private final Surroundings surroundings;
    private final TreeMap<Integer, Task> alive = new TreeMap<>();
    private final Task first;
    private Task current;

    Processes(Kernel kernel, int descriptorLimit, Surroundings surroundings) {
        this.kernel = kernel;
        this.descriptorLimit = descriptorLimit;
        this.surroundings = surroundings;
        alive.put(INIT, new Task(INIT, "systemd", ROOT, List.of(), descriptorLimit));
        first = new Task(FIRST, "java", surroundings.user(), surroundings.groups(), descriptorLimit);
        alive.put(FIRST, first);
        current = first;
    }

    /** The user's own. */
    Task first() {
        return first;
    }

    /** Who has made the system call. */
    Task current() {
        return current;
    }

    /** A process has made a system call. */
    void run(Task task) {
        task.checkAlive();
        current = task;
    }

    /** How far Yama restricts ptrace: {@code kernel.yama.ptrace_scope}. */
    int ptraceScope() {
        return surroundings.ptraceScope();
    }

    /** Whether they are in a PID namespace of their own. */
    boolean inContainer() {
        return surroundings.container();
    }

    List<Integer> pids() {
        return List.copyOf(alive.keySet());
    }

    Optional<Task> find(int pid) {
        return Optional.ofNullable(alive.get(pid));
    }

    /** Whose thread has a number. */
    Optional<Task> findByThread(int number) {
        return alive.values().stream()
                .filter(task -> task.threads().containsKey(number))
                .findFirst();
    }

    /** Processes and threads have their numbers from one set. */
    int nextPid() {
        return alive.values().stream()
                        .mapToInt(task -> Math.max(
                                task.pid(),
                                task.threads().isEmpty() ? 0 : task.threads().lastKey()))
                        .max()
                        .orElseThrow()
                + 1;
    }

    Task start(int pid, String command, int user) throws KernelError {
        if (alive.containsKey(pid) || findByThread(pid).isPresent()) {
            throw new KernelError(Errno.EEXIST);
        }
        Task task = new Task(pid, command, user, List.of(), descriptorLimit);
        alive.put(pid, task);
        return task;
    }

    void end(Task task) {
        if (alive.remove(task.pid(), task)) {
            task.exit();
            kernel.wakePollers();
            kernel.signalChange();
        }
    }

    /**
     * ptrace_may_access() of kernel/ptrace.c for reading: a process may look into itself, and into those of the same user that
     * have no more capabilities than it has.
     */
    void checkReadable(Task other) throws KernelError {
        if (!mayRead(other)) {
            throw new KernelError(Errno.EACCES);
        }
    }

    /** The same for attaching, where Yama has a say too: security/yama/yama_lsm.c. No process here is another's descendant. */
    void checkAttachable(Task other) throws KernelError {
        boolean allowed = other == current
                || mayRead(other)
                        && switch (ptraceScope()) {
                            case 0 -> true;
                            case 1, 2 -> current.hasCapabilities();
                            default -> false;
                        };
        if (!allowed) {
            throw new KernelError(Errno.EPERM);
        }
    }

    private boolean mayRead(Task other) {
        return other == current || current.hasCapabilities() || other.user() == current.user();
    }
}
