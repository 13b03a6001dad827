package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** /proc, as far as it tells of processes: fs/proc/base.c, fs/proc/fd.c, fs/proc/array.c. */
final class Procfs {
    private static final String ALL_CAPABILITIES = "000001ffffffffff";
    private static final String NO_CAPABILITIES = "0000000000000000";
    /** PROC_PID_INIT_INO of include/linux/proc_ns.h. */
    private static final String HOST_PID_NAMESPACE = "pid:[4026531836]";

    private final Processes processes;
    private final ProcessLimits limits;

    private Procfs(Processes processes, ProcessLimits limits) {
        this.processes = processes;
        this.limits = limits;
    }

    static void mount(FileTree files, Processes processes, ProcessLimits limits) {
        files.put("/proc", new Procfs(processes, limits).root());
        files.put("/proc/sys/kernel/yama/ptrace_scope", Integer.toString(processes.ptraceScope()));
    }

    /** Names that are numbers, each a process; and self. */
    private FileTree.Directory root() {
        return new FileTree.Directory() {
            @Override
            Optional<FileTree.Node> madeUp(String name) {
                if (name.equals("self")) {
                    return Optional.of(new FileTree.Link(
                            Integer.toString(processes.current().pid())));
                }
                Optional<Integer> number = number(name);
                Optional<FileTree.Node> process =
                        number.flatMap(processes::find).map(task -> directoryOf(task));
                // The threads' numbers are there as well, though not listed.
                return process.isPresent()
                        ? process
                        : number.flatMap(processes::findByThread)
                                .flatMap(task -> threadOf(task, number.get()))
                                .map(thread -> directoryOf(thread));
            }

            @Override
            List<String> madeUpNames() {
                List<String> names = new ArrayList<>(List.of("self"));
                processes.pids().forEach(pid -> names.add(Integer.toString(pid)));
                return names;
            }
        };
    }

    private FileTree.Directory directoryOf(Task task) {
        FileTree.Directory directory = new FileTree.Directory();
        directory.put("comm", text(task.shortName() + "\n"));
        directory.put("cmdline", text(task.command() + "\0"));
        directory.put("status", text(status(task)));
        directory.put("limits", text(limits.text()));
        directory.put("stat", text(task.pid() + " (" + task.shortName() + ") S 1 1 1 0 -1 4194304 0 0\n"));
        directory.put("fd", new Descriptors(task) {
            @Override
            FileTree.Node node(OpenFile file) {
                return new FileTree.Link(file.name());
            }
        });
        directory.put("fdinfo", new Descriptors(task) {
            @Override
            FileTree.Node node(OpenFile file) {
                return text("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1036\n" + file.fdinfo());
            }
        });
        directory.put("task", new Threads(task));
        FileTree.Directory namespaces = new FileTree.Directory();
        namespaces.put("pid", new FileTree.Link(processes.inContainer() ? "pid:[4026532201]" : HOST_PID_NAMESPACE));
        directory.put("ns", namespaces);
        return directory;
    }

    private static Optional<TaskThread> threadOf(Task task, int number) {
        return Optional.ofNullable(task.threads().get(number));
    }

    /** {@code /proc/PID/task/TID}: what was opened there tells nothing of a thread that has ended. */
    private FileTree.Directory directoryOf(TaskThread thread) {
        FileTree.Directory directory = new FileTree.Directory();
        directory.put("comm", of(thread, () -> thread.name() + "\n"));
        directory.put(
                "status",
                of(
                        thread,
                        () -> status(thread.task())
                                .replace(
                                        "\nPid:\t" + thread.task().pid() + "\n", "\nPid:\t" + thread.number() + "\n")));
        directory.put("stat", of(thread, () -> stat(thread)));
        directory.put("schedstat", of(thread, thread::schedstat));
        directory.put("syscall", of(thread, () -> {
            processes.checkAttachable(thread.task());
            return syscall(thread);
        }));
        return directory;
    }

    private static FileTree.Text of(TaskThread thread, FileTree.Show show) {
        return FileTree.Text.readOnly(() -> {
            if (!thread.isAlive()) {
                throw new KernelError(Errno.ESRCH);
            }
            return show.show();
        });
    }

    /** Up to guest_time, the 43rd: do_task_stat(). */
    private static String stat(TaskThread thread) {
        return thread.number() + " (" + thread.name() + ") S 1 1 1 0 -1 4194368" + " 0".repeat(33) + " "
                + thread.guestTicks() + " 0\n";
    }

    /** proc_pid_syscall(), of a thread that waits in ioctl(2), which is call 16, or of one that runs. */
    private static String syscall(TaskThread thread) {
        return thread.sleepsOn().isPresent()
                ? "16 0x" + Integer.toHexString(thread.sleepsOn().getAsInt()) + " 0x"
                        + Long.toHexString(Kvm.KVM_RUN.number())
                        + " 0x0 0x0 0x55aa 0xff 0x7ff4f65fd530 0x7ff4f7b9bd6b\n"
                : "running\n";
    }

    /** A directory for each thread. */
    private final class Threads extends FileTree.Directory {
        private final Task task;

        Threads(Task task) {
            this.task = task;
        }

        @Override
        Optional<FileTree.Node> madeUp(String name) {
            return number(name).flatMap(number -> threadOf(task, number)).map(thread -> directoryOf(thread));
        }

        @Override
        List<String> madeUpNames() {
            return task.threads().keySet().stream().map(String::valueOf).toList();
        }
    }

    private static FileTree.Text text(String text) {
        return FileTree.Text.readOnly(() -> text);
    }

    private static String status(Task task) {
        String ids = ("\t" + task.user()).repeat(4);
        String capabilities = task.hasCapabilities() ? ALL_CAPABILITIES : NO_CAPABILITIES;
        return "Name:\t" + task.shortName() + "\nState:\tS (sleeping)\nTgid:\t" + task.pid() + "\nPid:\t" + task.pid()
                + "\nUid:" + ids + "\nGid:" + ids + "\nGroups:\t"
                + task.groups().stream().map(group -> group + " ").collect(Collectors.joining()) + "\nCapInh:\t"
                + NO_CAPABILITIES + "\nCapPrm:\t" + capabilities
                + "\nCapEff:\t" + capabilities + "\nCapBnd:\t" + ALL_CAPABILITIES + "\n";
    }

    private static Optional<Integer> number(String name) {
        return name.matches("0|[1-9]\\d{0,8}") ? Optional.of(Integer.valueOf(name)) : Optional.empty();
    }

    /** Something for each descriptor of a process, for who may look into it. */
    private abstract class Descriptors extends FileTree.Directory {
        private final Task task;

        Descriptors(Task task) {
            this.task = task;
        }

        abstract FileTree.Node node(OpenFile file);

        @Override
        Optional<FileTree.Node> madeUp(String name) throws KernelError {
            processes.checkReadable(task);
            return number(name).flatMap(task.descriptors()::find).map(this::node);
        }

        @Override
        List<String> madeUpNames() throws KernelError {
            processes.checkReadable(task);
            return task.descriptors().numbers().stream().map(String::valueOf).toList();
        }
    }
}
