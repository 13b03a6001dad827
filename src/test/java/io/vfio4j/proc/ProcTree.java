package io.vfio4j.proc;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** A /proc that a test writes, and that only can be listed and read. */
public final class ProcTree {
    private final Map<String, List<String>> directories = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();
    private final Map<String, Integer> refusals = new HashMap<>();

    public ProcTree(int self) {
        directories.put("/proc", new ArrayList<>(List.of("cpuinfo", "self")));
        links.put("/proc/self", Integer.toString(self));
        links.put("/proc/self/ns/pid", "pid:[4026531836]");
    }

    public void process(int pid, String command, String... descriptors) {
        directories.get("/proc").add(Integer.toString(pid));
        String path = "/proc/" + pid;
        texts.put(path + "/comm", command + "\n");
        stat(pid, pid + " (" + command + ") S 1 1 1 0 -1 4194560 5 6");
        List<String> numbers = new ArrayList<>();
        for (int i = 0; i < descriptors.length; i++) {
            numbers.add(Integer.toString(i));
            links.put(path + "/fd/" + i, descriptors[i]);
        }
        directories.put(path + "/fd", numbers);
        if (Integer.toString(pid).equals(links.get("/proc/self"))) {
            directories.put("/proc/self/fd", numbers);
            for (int i = 0; i < descriptors.length; i++) {
                links.put("/proc/self/fd/" + i, descriptors[i]);
            }
        }
    }

    public void stat(int pid, String text) {
        texts.put("/proc/" + pid + "/stat", text);
    }

    /** What the kernel tells of a descriptor of the process itself. */
    public void fdInfo(int number, String text) {
        texts.put("/proc/self/fdinfo/" + number, text);
    }

    public void link(String path, String target) {
        links.put(path, target);
    }

    public void refuse(String path, int errno) {
        refusals.put(path, errno);
    }

    public void unmount() {
        directories.clear();
        texts.clear();
        links.clear();
    }

    public SystemCalls calls() {
        return over(Optional.empty());
    }

    /** In front of a host, which answers for everything but /proc. */
    public SystemCalls before(SystemCalls host) {
        return over(Optional.of(host));
    }

    private SystemCalls over(Optional<SystemCalls> host) {
        return (SystemCalls) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, args) -> {
                    if (args != null && args[0] instanceof String path && path.startsWith("/proc")) {
                        return answer(method.getName(), path);
                    }
                    try {
                        return method.invoke(host.orElseThrow(), args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private Object answer(String method, String path) throws LinuxException {
        return switch (method) {
            case "list" -> List.copyOf(get(directories, "opendir", path));
            case "readText" -> get(texts, "read", path);
            case "readLink" -> get(links, "readlink", path);
            default -> throw new UnsupportedOperationException(method);
        };
    }

    private <T> T get(Map<String, T> nodes, String operation, String path) throws LinuxException {
        if (refusals.containsKey(path)) {
            throw new LinuxException(Objects.requireNonNull(refusals.get(path)), operation, path);
        }
        T node = nodes.get(path);
        if (node == null) {
            throw new LinuxException(Errno.ENOENT, operation, path);
        }
        return node;
    }
}
