package io.vfio4j.linux.jna;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.PendingWrite;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** A write that tee(1) makes: a program that every Linux has, that writes at once what it reads, and says why it could not. */
final class ChildWrite implements PendingWrite {
    /** Longer than any message of tee's. */
    private static final int MESSAGE_MOST = 4096;

    private final Process tee;
    private final String path;
    private final ReentrantLock turn = new ReentrantLock();
    private Optional<String> message = Optional.empty();

    private ChildWrite(Process tee, String path) {
        this.tee = tee;
        this.path = path;
    }

    static ChildWrite start(String path, String text) throws LinuxException {
        ProcessBuilder builder = new ProcessBuilder("tee", "--", path).redirectOutput(ProcessBuilder.Redirect.DISCARD);
        // Whose messages are those of Errno.
        builder.environment().put("LC_ALL", "C");
        Process tee;
        try {
            tee = builder.start();
        } catch (IOException e) {
            throw new LinuxException(Errno.ENOENT, "start tee to write", path)
                    .withAdvice("The program tee (coreutils) writes for us, so that it and not this process waits: "
                            + e.getMessage() + ".");
        }
        try (OutputStream input = tee.getOutputStream()) {
            input.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException endedAlready) {
            // It says why when it is asked.
        }
        return new ChildWrite(tee, path);
    }

    @Override
    public boolean isDone() throws LinuxException {
        if (tee.isAlive()) {
            return false;
        }
        if (tee.exitValue() != 0) {
            throw refusal();
        }
        return true;
    }

    /** For example {@code tee: /sys/…/remove: No such device}. */
    private LinuxException refusal() {
        String said = message();
        String meaning = said.substring(said.lastIndexOf(": ") + 1).strip();
        int errno = Errno.withMeaning(meaning).orElse(Errno.EIO);
        LinuxException refusal = new LinuxException(errno, "write", path);
        return errno == Errno.EIO ? refusal.withAdvice("tee said: " + said + ".") : refusal;
    }

    private String message() {
        turn.lock();
        try {
            if (message.isEmpty()) {
                message = Optional.of(
                        new String(tee.getErrorStream().readNBytes(MESSAGE_MOST), StandardCharsets.UTF_8).strip());
            }
        } catch (IOException e) {
            message = Optional.of(String.valueOf(e.getMessage()));
        } finally {
            turn.unlock();
        }
        return message.get();
    }
}
