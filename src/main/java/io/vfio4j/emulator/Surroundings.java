package io.vfio4j.emulator;

import java.util.List;

/**
 * Where the user's process runs, and as whom.
 *
 * @param user whose it is
 * @param groups its supplementary groups
 * @param ptraceScope {@code kernel.yama.ptrace_scope}
 * @param container whether it is in a PID namespace of its own
 */
record Surroundings(int user, List<Integer> groups, int ptraceScope, boolean container) {}
