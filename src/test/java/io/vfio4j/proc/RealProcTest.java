package io.vfio4j.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The /proc of the machine that runs the tests. */
@EnabledOnOs(OS.LINUX)
class RealProcTest {
    private final SystemCalls calls = JnaLinux.open();

    @TempDir
    private Path directory;

    @Test
    void thisProcessAndAnotherAreFound() throws Exception {
        Path file = Files.writeString(directory.resolve("held"), "x").toRealPath();
        assertEquals(List.of(), Holders.of(calls, file.toString()).list());
        Process child = new ProcessBuilder("bash", "-c", "exec 9<>\"$0\"; echo open; read -r", file.toString()).start();
        try (Descriptor ours = calls.open(file.toString(), Access.READ)) {
            assertEquals('o', child.getInputStream().read());
            Holders holders = Holders.of(calls, file.toString());
            assertFalse(ours.isClosed());
            assertTrue(holders.includesSelf());
            assertEquals(2, holders.list().size());
            assertTrue(holders.list().contains(new Holder(Math.toIntExact(child.pid()), "bash", false)));
        } finally {
            child.destroyForcibly().waitFor();
        }
        assertEquals(List.of(), Holders.of(calls, file.toString()).list());
    }
}
