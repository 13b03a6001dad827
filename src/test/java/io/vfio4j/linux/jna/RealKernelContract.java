package io.vfio4j.linux.jna;

import io.vfio4j.contract.SystemCallsContract;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;

/** What the two ways to the real kernel have in common. */
abstract class RealKernelContract extends SystemCallsContract {
    @TempDir
    Path directory;

    /** Time passes by itself, while the test's poll waits. */
    @Override
    protected void letPass(Duration time) {}

    @Override
    protected Descriptor unpollable() throws Exception {
        Path file = Files.writeString(directory.resolve("regular"), "text");
        return systemCalls().open(file.toString(), Access.READ);
    }

    @Override
    protected Tree tree() throws Exception {
        Files.writeString(directory.resolve("attribute"), "a text\nof two lines\n");
        Files.createSymbolicLink(directory.resolve("link"), Path.of("attribute"));
        return new Tree(directory.toString(), "attribute", "a text\nof two lines\n", "link", "attribute");
    }

    @Override
    protected int ownPid() {
        return (int) ProcessHandle.current().pid();
    }

    @Override
    protected OtherProcess otherProcess() throws Exception {
        Process process = new ProcessBuilder("sleep", "600").start();
        return new OtherProcess() {
            @Override
            public int pid() {
                return (int) process.pid();
            }

            @Override
            public void end() throws Exception {
                process.destroyForcibly().waitFor();
            }
        };
    }

    @Override
    protected String socketDirectory() {
        return directory.toString();
    }

    /** Documentation/admin-guide/devices.txt. */
    @Override
    protected Device device() {
        return new Device("/dev/null", 1, 3);
    }
}
