package io.vfio4j.proc;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The processes that have a file open, as far as this process may see: what the links in {@code /proc/PID/fd} say. A process
 * that has only mapped a file, or whose threads have descriptors of their own, does not show.
 *
 * @param list the processes, by number
 * @param unreadable how many processes there are whose descriptors this process may not read
 * @param partial whether /proc shows only a part of the host's processes: it is not mounted, it hides those of other users, or
 *     this process is in a PID namespace (a container)
 */
public record Holders(List<Holder> list, int unreadable, boolean partial) implements Serializable {
    private static final String PROC = "/proc";
    private static final String DELETED = " (deleted)";

    /** {@code PROC_PID_INIT_INO} of include/linux/proc_ns.h: the number of the host's own PID namespace. */
    private static final String HOST_PID_NAMESPACE = "pid:[4026531836]";

    /** {@code PF_KTHREAD} of include/linux/sched.h, in the ninth field of {@code /proc/PID/stat}. */
    private static final long KERNEL_THREAD = 0x0020_0000;

    private static final int FLAGS_FIELD = 9;
    private static final int STATE_FIELD = 3;

    /**
     * Keeps a copy of the list.
     *
     * @param list the processes, by number
     * @param unreadable how many could not be looked into
     * @param partial whether there may be others
     */
    public Holders {
        list = List.copyOf(list);
    }

    /**
     * Finds who has a file open, whatever directory it has as its root.
     *
     * @param calls the host
     * @param path for example {@code /dev/vfio/12}
     * @return never fails: what cannot be seen is counted
     */
    public static Holders of(SystemCalls calls, String path) {
        return of(calls, List.of(path));
    }

    /**
     * Finds who has any of some files open.
     *
     * @param calls the host
     * @param paths absolute paths
     * @return never fails: what cannot be seen is counted
     */
    public static Holders of(SystemCalls calls, Collection<String> paths) {
        List<String> wanted = List.copyOf(paths);
        return find(calls, target -> wanted.stream().anyMatch(path -> isLinkTo(target, path)));
    }

    /**
     * Finds who has a descriptor of some kind.
     *
     * @param calls the host
     * @param target says yes to the text of a link in {@code /proc/PID/fd}, for example {@code anon_inode:[vfio-device]}
     * @return never fails: what cannot be seen is counted
     */
    public static Holders find(SystemCalls calls, Predicate<String> target) {
        return new Search(calls, target).run();
    }

    /**
     * Whether a link in {@code /proc/PID/fd} leads to a file: also if that was removed meanwhile, which the link says, or if the
     * process has another root, whose path is then in front.
     *
     * @param target the link's text
     * @param path an absolute path
     * @return whether it is that file
     */
    public static boolean isLinkTo(String target, String path) {
        String plain = target.endsWith(DELETED) ? target.substring(0, target.length() - DELETED.length()) : target;
        return plain.startsWith("/") && plain.endsWith(path);
    }

    /**
     * Whether every process was looked into, so that an empty list means that nobody has the file open.
     *
     * @return false where something could not be seen
     */
    public boolean complete() {
        return unreadable == 0 && !partial;
    }

    /**
     * Whether this very process is among them.
     *
     * @return false also where its own descriptors could not be read
     */
    public boolean includesSelf() {
        return list.stream().anyMatch(Holder::self);
    }

    /**
     * The processes in words.
     *
     * @return for example {@code 4711 (qemu-system-x86), 4712 (watch)}; empty where there are none
     */
    public String describe() {
        return list.stream().map(Holder::toString).collect(Collectors.joining(", "));
    }

    /**
     * What could not be seen, in words.
     *
     * @return a sentence; empty where everything was seen
     */
    public Optional<String> blindSpot() {
        if (partial) {
            return Optional.of("Not every process of the host can be seen from here.");
        }
        return switch (unreadable) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of("One process could not be looked into; root can.");
            default -> Optional.of(unreadable + " processes could not be looked into; root can.");
        };
    }

    /** One walk through /proc. Whatever ends meanwhile has nothing open. */
    private static final class Search {
        private final SystemCalls calls;
        private final Predicate<String> target;
        private final List<Holder> found = new ArrayList<>();
        private int unreadable;

        private Search(SystemCalls calls, Predicate<String> target) {
            this.calls = calls;
            this.target = target;
        }

        private Holders run() {
            List<String> names;
            try {
                names = calls.list(PROC);
            } catch (LinuxException notMounted) {
                return new Holders(List.of(), 0, true);
            }
            String self = link(PROC + "/self");
            List<Integer> pids = names.stream()
                    .filter(name -> name.matches("[1-9]\\d{0,8}"))
                    .map(Integer::valueOf)
                    .sorted()
                    .toList();
            for (int pid : pids) {
                look(pid, self.equals(Integer.toString(pid)));
            }
            // Process 1 is always there; where it is not seen, others are not either (hidepid, proc(5)).
            boolean partial = !pids.contains(1) || inNamespace();
            return new Holders(found, unreadable, partial);
        }

        private boolean inNamespace() {
            String namespace = link(PROC + "/self/ns/pid");
            return !namespace.isEmpty() && !namespace.equals(HOST_PID_NAMESPACE);
        }

        private void look(int pid, boolean self) {
            String directory = PROC + "/" + pid;
            try {
                if (holds(directory + "/fd")) {
                    found.add(new Holder(pid, command(directory), self));
                }
            } catch (LinuxException e) {
                if (!isGone(e) && mayHoldFiles(directory)) {
                    unreadable++;
                }
            }
        }

        private boolean holds(String directory) throws LinuxException {
            for (String number : calls.list(directory)) {
                try {
                    if (target.test(calls.readLink(directory + "/" + number))) {
                        return true;
                    }
                } catch (LinuxException e) {
                    if (!isGone(e)) {
                        throw e;
                    }
                    // This descriptor was closed while we looked.
                }
            }
            return false;
        }

        /** Not so threads of the kernel, and processes that have ended but are still listed: proc(5), {@code stat}. */
        private boolean mayHoldFiles(String directory) {
            String stat;
            try {
                stat = calls.readText(directory + "/stat");
            } catch (LinuxException e) {
                return !isGone(e);
            }
            // The second field is the command in parentheses, which may contain anything.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
            if (fields.length <= FLAGS_FIELD - STATE_FIELD) {
                return true;
            }
            String flags = fields[FLAGS_FIELD - STATE_FIELD];
            boolean kernelThread = flags.matches("\\d{1,18}") && (Long.parseLong(flags) & KERNEL_THREAD) != 0;
            return !kernelThread && !fields[0].equals("Z") && !fields[0].equals("X");
        }

        private String command(String directory) {
            try {
                return calls.readText(directory + "/comm").strip().replaceAll("\\p{C}", "?");
            } catch (LinuxException ended) {
                return "";
            }
        }

        private String link(String path) {
            try {
                return calls.readLink(path);
            } catch (LinuxException absent) {
                return "";
            }
        }

        private static boolean isGone(LinuxException e) {
            return e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH;
        }
    }
}
