package io.vfio4j.emulator;

import io.vfio4j.linux.ClosedException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.WeakHashMap;

/** A process as the kernel sees it: who it is, and what it has open. Used under the kernel's lock. */
final class Task {
    private static final int ROOT = 0;
    /** TASK_COMM_LEN of include/linux/sched.h, with a zero byte. */
    private static final int COMM_LENGTH = 15;

    private final int pid;
    private final String command;
    private final int user;
    private final List<Integer> groups;
    private final DescriptorTable descriptors;
    private final Set<Area> areas = new LinkedHashSet<>();
    private final Set<Holding> holdings = new LinkedHashSet<>();
    /** The processors of threads that have bound themselves. What a thread inherits from the one that started it is not known here. */
    private final Map<Thread, List<Integer>> affinity = new WeakHashMap<>();
    /** By their numbers; the first has the process's. */
    private final TreeMap<Integer, TaskThread> threads = new TreeMap<>();

    private boolean alive = true;

    /** Its first group has the user's number. */
    Task(int pid, String command, int user, List<Integer> moreGroups, int descriptorLimit) {
        this.pid = pid;
        this.command = command;
        this.user = user;
        this.groups = List.copyOf(moreGroups);
        this.descriptors = new DescriptorTable(descriptorLimit);
        threads.put(pid, new TaskThread(this, pid, command));
    }

    int pid() {
        return pid;
    }

    /** What it was started as. */
    String command() {
        return command;
    }

    /** What the kernel calls it. */
    String shortName() {
        return command.length() > COMM_LENGTH ? command.substring(0, COMM_LENGTH) : command;
    }

    int user() {
        return user;
    }

    /** The supplementary ones. */
    List<Integer> groups() {
        return groups;
    }

    boolean isIn(long group) {
        return user == group || groups.stream().anyMatch(number -> number == group);
    }

    /** Root has them all, the others none. */
    boolean hasCapabilities() {
        return user == ROOT;
    }

    DescriptorTable descriptors() {
        return descriptors;
    }

    Map<Thread, List<Integer>> affinity() {
        return affinity;
    }

    /** By their numbers. */
    SortedMap<Integer, TaskThread> threads() {
        return threads;
    }

    TaskThread start(int number, String name) {
        TaskThread thread = new TaskThread(this, number, name);
        threads.put(number, thread);
        return thread;
    }

    void end(TaskThread thread) {
        thread.exit();
        threads.remove(thread.number(), thread);
    }

    boolean isAlive() {
        return alive;
    }

    void checkAlive() {
        if (!alive) {
            throw new ClosedException("the emulated process " + pid);
        }
    }

    /** What the process has of a file beyond a descriptor: memory that is mapped, an import of its GPU. */
    static final class Area {
        private final Set<Area> among;
        private final Runnable release;

        private Area(Set<Area> among, Runnable release) {
            this.among = among;
            this.release = release;
            among.add(this);
        }

        /** munmap(2), or what is like it; or the end of the process before. */
        void end() {
            if (among.remove(this)) {
                release.run();
            }
        }
    }

    /** Several that end together. */
    final class Holding {
        private final Set<Area> held = new LinkedHashSet<>();

        private Holding() {
            holdings.add(this);
        }

        Area add(Runnable release) {
            return new Area(held, release);
        }

        void end() {
            holdings.remove(this);
            List.copyOf(held).forEach(Area::end);
        }
    }

    Area mapped(Runnable unmap) {
        return new Area(areas, unmap);
    }

    /** How many pieces of memory are mapped. */
    int mappings() {
        return areas.size();
    }

    Holding holding() {
        return new Holding();
    }

    /** do_exit(): whatever it has open is closed, in the order of the numbers. */
    void exit() {
        alive = false;
        List.copyOf(areas).forEach(Area::end);
        List.copyOf(holdings).forEach(Holding::end);
        descriptors.closeAll();
    }

    @Override
    public String toString() {
        return pid + " (" + shortName() + ")";
    }
}
