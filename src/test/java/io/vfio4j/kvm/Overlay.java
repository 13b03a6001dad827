package io.vfio4j.kvm;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A host of whose files some are otherwise. */
final class Overlay {
    private final SystemCalls host;
    private final Map<String, String> texts = new HashMap<>();
    private final Map<String, String> targets = new HashMap<>();
    private final Set<String> absent = new HashSet<>();

    Overlay(SystemCalls host) {
        this.host = host;
    }

    Overlay text(String path, String text) {
        texts.put(path, text);
        return this;
    }

    Overlay absent(String path) {
        absent.add(path);
        return this;
    }

    /** Of this process's own descriptors. */
    Overlay linkTarget(String target, String instead) {
        targets.put(target, instead);
        return this;
    }

    SystemCalls calls() {
        return (SystemCalls) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {SystemCalls.class}, (proxy, method, args) -> {
                    if (args != null && args[0] instanceof String path) {
                        if (absent.contains(path)) {
                            throw new LinuxException(Errno.ENOENT, method.getName(), path);
                        }
                        if (method.getName().equals("readText") && texts.containsKey(path)) {
                            return Objects.requireNonNull(texts.get(path));
                        }
                    }
                    try {
                        Object answer = method.invoke(host, args);
                        boolean ofOwn =
                                args != null && args[0] instanceof String path && path.startsWith("/proc/self/fd/");
                        return ofOwn && targets.containsKey(answer) ? targets.get(answer) : answer;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
