package io.vfio4j.emulator;

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
                return number(name).flatMap(processes::find).map(task -> directoryOf(task));
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
        FileTree.Directory namespaces = new FileTree.Directory();
        namespaces.put("pid", new FileTree.Link(processes.inContainer() ? "pid:[4026532201]" : HOST_PID_NAMESPACE));
        directory.put("ns", namespaces);
        return directory;
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
