package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** The files that exist: /sys, /proc, /dev, sockets in /run and /tmp, and nothing else. Used under the kernel's lock. */
final class FileTree {
    /** MAXSYMLINKS of include/linux/namei.h. */
    private static final int MOST_LINKS = 40;

    /** What a path may lead to. */
    sealed interface Node permits Directory, Link, Text, Device, Socket {}

    /** What was put into it, and what a filesystem such as proc makes up when somebody looks. */
    static non-sealed class Directory implements Node {
        private final TreeMap<String, Node> children = new TreeMap<>();

        /** Another child, made up. */
        Optional<Node> madeUp(String name) throws KernelError {
            return Optional.empty();
        }

        /** The names of what {@link #madeUp} knows. */
        List<String> madeUpNames() throws KernelError {
            return List.of();
        }

        void put(String name, Node node) {
            children.put(name, node);
        }

        private Optional<Node> child(String name) throws KernelError {
            Node put = children.get(name);
            return put == null ? madeUp(name) : Optional.of(put);
        }

        private List<String> names() throws KernelError {
            TreeSet<String> names = new TreeSet<>(madeUpNames());
            names.addAll(children.keySet());
            return new ArrayList<>(names);
        }
    }

    /** A symbolic link. */
    record Link(String target) implements Node {}

    /** An attribute: either side may be absent, as the mode bits of the real one say. */
    record Text(Optional<Show> show, Optional<Store> store) implements Node {
        static Text readOnly(Show show) {
            return new Text(Optional.of(show), Optional.empty());
        }

        static Text writeOnly(Store store) {
            return new Text(Optional.empty(), Optional.of(store));
        }
    }

    /** A character device. */
    record Device(Opening opening, int major, int minor, Ownership ownership) implements Node {
        /** /dev/vfio/vfio and /dev/kvm: MISC_MAJOR of include/uapi/linux/major.h. */
        static final int MISC = 10;
        /** What alloc_chrdev_region() may have found for the groups: it counts down from 254, and from 511 then. */
        static final int VFIO_GROUPS = 511;
        /** The same for the devices' own nodes. */
        static final int VFIO_DEVICES = 510;
    }

    /** Whose a file is, and its mode bits. */
    record Ownership(int permissions, long owner, long group) {
        private static final int ROOT = 0;
        private static final int READ = 4;
        private static final int WRITE = 2;

        static Ownership ofRoot(int permissions) {
            return new Ownership(permissions, ROOT, ROOT);
        }

        /** generic_permission() of fs/namei.c: the first of owner, group and others that fits decides; CAP_DAC_OVERRIDE always. */
        boolean permits(Task task, Access access) {
            int wanted = switch (access) {
                case READ -> READ;
                case WRITE -> WRITE;
                case READ_WRITE -> READ | WRITE;
            };
            int shift = task.user() == owner ? 6 : task.isIn(group) ? 3 : 0;
            return task.hasCapabilities() || (permissions >>> shift & wanted) == wanted;
        }
    }

    /** Where a UNIX socket is bound, though it may be closed by now. */
    record Socket(UnixSocket bound, Ownership ownership) implements Node {}

    interface Show {
        String show() throws KernelError;
    }

    interface Store {
        /** Acts, and says what the write still waits for. */
        Pending store(String text) throws KernelError;
    }

    interface Opening {
        OpenFile open(Access access) throws KernelError;
    }

    /** What a blocking call waits for; asked under the kernel's lock. */
    interface Pending {
        Pending NOTHING = () -> true;

        boolean isComplete();
    }

    private final Directory root = new Directory();
    /** Where they differ from what the kernel gives a file of its kind. */
    private final Map<Node, Ownership> ownerships = new IdentityHashMap<>();

    /** Makes a directory and those above it. */
    void makeDirectory(String path) {
        parent(path + "/.");
    }

    /** The same, and everybody may put files into it. */
    void makeDirectoryForAll(String path) {
        ownerships.put(parent(path + "/."), Ownership.ofRoot(01777));
    }

    /** Puts a node, making the directories above it. */
    void put(String path, Node node) {
        parent(path).put(lastName(path), node);
    }

    void put(String path, String text) {
        put(path, Text.readOnly(() -> text + "\n"));
    }

    /** Puts a link the way sysfs does: relative to the directory that it is in. */
    void link(String path, String target) {
        String[] from = path.substring(1).split("/");
        String[] to = target.substring(1).split("/");
        int common = 0;
        while (common < from.length - 1 && common < to.length && from[common].equals(to[common])) {
            common++;
        }
        StringBuilder relative = new StringBuilder("../".repeat(from.length - 1 - common));
        relative.append(String.join("/", List.of(to).subList(common, to.length)));
        put(path, new Link(relative.toString()));
    }

    /** The last step of bind(2): the directory has to be there, the name must not. The mode is that of the socket. */
    void bind(String path, UnixSocket socket, Task task) throws KernelError {
        Node directory = directoryOf(path);
        if (exists(path)) {
            throw new KernelError(Errno.EADDRINUSE);
        }
        if (!(directory instanceof Directory)) {
            throw new KernelError(Errno.ENOTDIR);
        }
        permit(directory, task, Access.WRITE);
        put(path, new Socket(socket, new Ownership(0600, task.user(), task.user())));
    }

    private Node directoryOf(String path) throws KernelError {
        return resolve(path.substring(0, path.lastIndexOf('/') + 1));
    }

    /** unlink(2): sysfs, proc and /dev let go of nothing. */
    void unlink(String path, Task task) throws KernelError {
        Node node = walk(path, false);
        permit(directoryOf(path), task, Access.WRITE);
        if (node instanceof Directory) {
            throw new KernelError(Errno.EISDIR);
        }
        if (!(node instanceof Socket)) {
            throw new KernelError(Errno.EPERM);
        }
        remove(path);
    }

    /** Removes a node and everything below it. */
    void remove(String path) {
        Node removed = parent(path).children.remove(lastName(path));
        if (removed != null) {
            forget(removed);
        }
    }

    private void forget(Node node) {
        ownerships.remove(node);
        if (node instanceof Directory directory) {
            directory.children.values().forEach(this::forget);
        }
    }

    /** chown(2) and chmod(2). */
    void own(String path, Ownership ownership) throws KernelError {
        ownerships.put(resolve(path), ownership);
    }

    /** stat(2). */
    FileStatus status(String path) throws KernelError {
        Node node = resolve(path);
        Ownership ownership = ownership(node);
        FileStatus.Kind kind = FileStatus.Kind.REGULAR;
        if (node instanceof Directory) {
            kind = FileStatus.Kind.DIRECTORY;
        } else if (node instanceof Device) {
            kind = FileStatus.Kind.CHARACTER_DEVICE;
        } else if (node instanceof Socket) {
            kind = FileStatus.Kind.SOCKET;
        }
        return new FileStatus(
                kind,
                ownership.permissions(),
                ownership.owner(),
                ownership.group(),
                node instanceof Device device ? device.major() : 0,
                node instanceof Device device ? device.minor() : 0);
    }

    /** inode_permission(). */
    void permit(Node node, Task task, Access access) throws KernelError {
        if (!ownership(node).permits(task, access)) {
            throw new KernelError(Errno.EACCES);
        }
    }

    private Ownership ownership(Node node) {
        Ownership own = ownerships.get(node);
        if (own != null) {
            return own;
        }
        if (node instanceof Directory) {
            return Ownership.ofRoot(0755);
        }
        if (node instanceof Text text) {
            int readable = text.show().isPresent() ? 0444 : 0;
            int writable = text.store().isPresent() ? 0200 : 0;
            return Ownership.ofRoot(readable | writable);
        }
        if (node instanceof Socket socket) {
            return socket.ownership();
        }
        return node instanceof Device device ? device.ownership() : Ownership.ofRoot(0777);
    }

    Node resolve(String path) throws KernelError {
        return walk(path, true);
    }

    boolean exists(String path) {
        try {
            resolve(path);
            return true;
        } catch (KernelError error) {
            return false;
        }
    }

    List<String> list(String path) throws KernelError {
        if (!(resolve(path) instanceof Directory directory)) {
            throw new KernelError(Errno.ENOTDIR);
        }
        return directory.names();
    }

    String readLink(String path) throws KernelError {
        if (!(walk(path, false) instanceof Link link)) {
            throw new KernelError(Errno.EINVAL);
        }
        return link.target();
    }

    String readText(String path) throws KernelError {
        return text(path)
                .show()
                .orElseThrow(() -> new KernelError(Errno.EACCES))
                .show();
    }

    Pending writeText(String path, String text) throws KernelError {
        return text(path)
                .store()
                .orElseThrow(() -> new KernelError(Errno.EACCES))
                .store(text);
    }

    private Text text(String path) throws KernelError {
        Node node = resolve(path);
        if (node instanceof Directory) {
            throw new KernelError(Errno.EISDIR);
        }
        if (node instanceof Text text) {
            return text;
        }
        throw new KernelError(Errno.EINVAL);
    }

    private Node walk(String path, boolean followLast) throws KernelError {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("not an absolute path: " + path);
        }
        Deque<Directory> at = new ArrayDeque<>(List.of(root));
        Deque<String> left = new ArrayDeque<>(List.of(path.split("/")));
        int links = 0;
        while (!left.isEmpty()) {
            String name = left.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                if (at.size() > 1) {
                    at.pop();
                }
                continue;
            }
            Node child = at.peek().child(name).orElseThrow(() -> new KernelError(Errno.ENOENT));
            boolean last = left.isEmpty();
            if (child instanceof Link link && (followLast || !last)) {
                if (++links > MOST_LINKS) {
                    throw new KernelError(Errno.ELOOP);
                }
                if (link.target().startsWith("/")) {
                    at = new ArrayDeque<>(List.of(root));
                }
                String[] names = link.target().split("/");
                for (int i = names.length - 1; i >= 0; i--) {
                    left.push(names[i]);
                }
            } else if (child instanceof Directory directory) {
                at.push(directory);
            } else if (!last) {
                throw new KernelError(Errno.ENOTDIR);
            } else {
                return child;
            }
        }
        return at.peek();
    }

    private Directory parent(String path) {
        Directory at = root;
        String[] names = path.substring(1).split("/");
        for (int i = 0; i < names.length - 1; i++) {
            Node child = at.children.computeIfAbsent(names[i], name -> new Directory());
            if (!(child instanceof Directory directory)) {
                throw new IllegalArgumentException(path + " leads through a file");
            }
            at = directory;
        }
        return at;
    }

    private static String lastName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
