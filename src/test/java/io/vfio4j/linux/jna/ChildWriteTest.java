package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.PendingWrite;
import io.vfio4j.linux.uapi.Errno;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
@Timeout(60)
class ChildWriteTest {
    private final JnaLinux calls = JnaLinux.open();

    @TempDir
    private Path directory;

    private static boolean outcome(PendingWrite write) throws LinuxException {
        while (!write.isDone()) {
            Thread.onSpinWait();
        }
        return write.isDone();
    }

    @Test
    void whatIsWrittenIsThere() throws Exception {
        Path file = Files.writeString(directory.resolve("-an attribute"), "");
        assertTrue(outcome(calls.writeApart(file.toString(), "1\n")));
        assertEquals("1\n", Files.readString(file));
    }

    @Test
    void aWriterThatIsKeptWaitingKeepsNobodyElse() throws Exception {
        Path pipe = directory.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        PendingWrite write = calls.writeApart(pipe.toString(), "1\n");
        assertEquals(false, write.isDone(), "nobody reads from the pipe yet");
        assertEquals("1\n", Files.readString(pipe));
        assertTrue(outcome(write));
    }

    @Test
    void aRefusalHasItsErrnoWheneverItIsAskedFor() throws Exception {
        PendingWrite full = calls.writeApart("/dev/full", "1\n");
        for (int i = 0; i < 2; i++) {
            LinuxException refusal = assertThrows(LinuxException.class, () -> outcome(full));
            assertEquals(Errno.ENOSPC, refusal.errno());
            assertEquals("/dev/full", refusal.target());
        }
        PendingWrite directly = calls.writeApart(directory.toString(), "1\n");
        assertEquals(
                Errno.EISDIR,
                assertThrows(LinuxException.class, () -> outcome(directly)).errno());
    }
}
