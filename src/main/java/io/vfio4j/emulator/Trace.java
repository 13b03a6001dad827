package io.vfio4j.emulator;

import java.util.ArrayDeque;
import java.util.List;

/** The calls that were made, the oldest forgotten first. Used under the kernel's lock. */
final class Trace {
    private static final int LIMIT = 1 << 16;

    private final ArrayDeque<String> calls = new ArrayDeque<>();

    void add(String call) {
        if (calls.size() == LIMIT) {
            calls.remove();
        }
        calls.add(call);
    }

    List<String> calls() {
        return List.copyOf(calls);
    }

    void clear() {
        calls.clear();
    }
}
