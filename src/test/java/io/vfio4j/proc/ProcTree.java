package io.vfio4j.proc;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A /proc that a test writes, and that only can be listed and read. */
final class ProcTree {
    private final Map<String, List<String>> directories = new HashMap<>();
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();
    private final Map<String, Integer> refusals = new HashMap<>();

    ProcTree(int self) {
        directories.put("/proc", new ArrayList<>(List.of("cpuinfo", "self")));
        links.put("/proc/self", Integer.toString(self));
        links.put("/proc/self/ns/pid", "pid:[4026531836]");
    }

    void process(int pid, String command, String... descriptors) {
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
    }

    void stat(int pid, String text) {
        texts.put("/proc/" + pid + "/stat", text);
    }

    void link(String path, String target) {
        links.put(path, target);
    }

    void refuse(String path, int errno) {
        refusals.put(path, errno);
    }

    void unmount() {
        directories.clear();
        texts.clear();
        links.clear();
    }

    SystemCalls calls() {
        return (SystemCalls) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, args) -> {
                    String path = (String) args[0];
                    return switch (method.getName()) {
                        case "list" -> List.copyOf(get(directories, "opendir", path));
                        case "readText" -> get(texts, "read", path);
                        case "readLink" -> get(links, "readlink", path);
                        default -> throw new UnsupportedOperationException(method.getName());
                    };
                });
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
