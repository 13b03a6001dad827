package io.vfio4j.handover;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.DeviceOwner;

/** A process, held by its pidfd: another one that gets its number is not taken for it. */
final class ProcessOwner implements DeviceOwner {
    private static final int LONGEST_COMMAND = 64;

    private final SystemCalls calls;
    private final Descriptor process;
    private final String description;

    private ProcessOwner(SystemCalls calls, Descriptor process, String description) {
        this.calls = calls;
        this.process = process;
        this.description = description;
    }

    static ProcessOwner open(SystemCalls calls, int pid) throws LinuxException {
        Descriptor process;
        try {
            process = calls.openProcess(pid);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ESRCH -> e.withAdvice("There is no such process; it may have ended.");
                case Errno.EINVAL, Errno.ENOENT ->
                    e.withAdvice("This is no number of a process; it may be that of one of its threads.");
                default -> e;
            };
        }
        String command = command(calls, pid);
        return new ProcessOwner(calls, process, "process " + pid + (command.isEmpty() ? "" : " (" + command + ")"));
    }

    /** A process may call itself anything. */
    private static String command(SystemCalls calls, int pid) {
        try {
            String text = calls.readText("/proc/" + pid + "/comm").strip().replaceAll("[^ -~]", "?");
            return text.length() > LONGEST_COMMAND ? text.substring(0, LONGEST_COMMAND) : text;
        } catch (LinuxException notShown) {
            return "";
        }
    }

    Descriptor copy(int number, String description) throws LinuxException {
        return calls.copyDescriptor(process, number, description);
    }

    void requireAlive() throws LinuxException {
        if (isGone()) {
            throw new LinuxException(Errno.ESRCH, "pidfd_getfd", description)
                    .withAdvice("The process has ended meanwhile.");
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public boolean isGone() throws LinuxException {
        return calls.hasExited(process);
    }

    @Override
    public void close() {
        process.close();
    }
}
