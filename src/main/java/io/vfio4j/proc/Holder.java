package io.vfio4j.proc;

import java.io.Serializable;

/**
 * A process that has a file open.
 *
 * @param pid its number, as this process sees it
 * @param command its name as the kernel keeps it, at most 15 characters, control characters replaced; empty when it could not be read
 * @param self whether it is this very process
 */
public record Holder(int pid, String command, boolean self) implements Serializable {
    /** For people: {@code 4711 (qemu-system-x86)}. */
    @Override
    public String toString() {
        return command.isEmpty() ? Integer.toString(pid) : pid + " (" + command + ")";
    }
}
