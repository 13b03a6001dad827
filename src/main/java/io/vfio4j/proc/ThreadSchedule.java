package io.vfio4j.proc;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The {@code schedstat} of a thread, held open: to be read often, by one system call each. The file stands for the thread, not for
 * its number, which another one may get. Everybody may read it. One thread at a time.
 */
public final class ThreadSchedule implements AutoCloseable {
    /** Three numbers of 64 bits in decimal, with room to see that there is more. */
    private static final int BYTES = 128;

    private final SystemCalls calls;
    private final String path;
    private final Descriptor file;
    private final NativeMemory text;

    private ThreadSchedule(SystemCalls calls, String path, Descriptor file) {
        this.calls = calls;
        this.path = path;
        this.file = file;
        this.text = calls.allocate(BYTES);
    }

    /**
     * Opens it.
     *
     * @param calls the host
     * @param pid the thread's process
     * @param thread the thread's number
     * @return the file; the caller closes it
     * @throws LinuxException ENOENT when there is no such thread, with advice where the kernel does not count at all; EMFILE
     */
    public static ThreadSchedule open(SystemCalls calls, int pid, int thread) throws LinuxException {
        String directory = "/proc/" + pid + "/task/" + thread;
        String path = directory + "/schedstat";
        try {
            return new ThreadSchedule(calls, path, calls.open(path, Access.READ));
        } catch (LinuxException e) {
            throw e.errno() == Errno.ENOENT && calls.exists(directory + "/comm")
                    ? e.withAdvice(
                            "This kernel does not count how long threads wait: it is built without CONFIG_SCHED_INFO"
                                    + " (CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT brings it).")
                    : e;
        }
    }

    /**
     * What has been counted up to now.
     *
     * @return the times; empty from the thread's end on
     * @throws IOException what the kernel says; {@link io.vfio4j.linux.MalformedReplyException}
     */
    public Optional<SchedulerTimes> read() throws IOException {
        int length;
        try {
            length = calls.read(file, text, BYTES, 0);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ESRCH || e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
        return Optional.of(SchedulerTimes.parse(new String(text.getBytes(0, length), StandardCharsets.US_ASCII), path));
    }

    /** Closes the file. To be called once. */
    @Override
    public void close() {
        file.close();
        text.close();
    }
}
