package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;

/** The contract, kept by real kernels, with a VMM in a JVM of its own. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealKvmProcessTest extends KvmProcessContract {
    private static final String DEBUGFS = "/sys/kernel/debug";

    private final SystemCalls calls = JnaLinux.open();

    @Override
    SystemCalls systemCalls() {
        return calls;
    }

    @Override
    long openDescriptors() throws IOException {
        return new RealHost(calls).openDescriptors();
    }

    @Override
    TestVmm startVmm() throws IOException {
        return new Vmm();
    }

    @Override
    boolean hasDebugfs() throws IOException {
        return Files.readString(Path.of("/proc/filesystems")).contains("debugfs");
    }

    @Override
    void mountDebugfs() throws IOException {
        run("mount", "-t", "debugfs", "debugfs", DEBUGFS);
    }

    @AfterEach
    void unmountDebugfs() throws IOException {
        if (Files.exists(Path.of(DEBUGFS, "kvm"))) {
            run("umount", DEBUGFS);
        }
    }

    private static void run(String... command) throws IOException {
        try {
            int code = new ProcessBuilder(command).inheritIO().start().waitFor();
            if (code != 0) {
                throw new IOException(List.of(command) + " has ended with " + code);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private static final class Vmm implements TestVmm {
        private final Process process;
        private final BufferedReader answers;
        private final PrintStream orders;

        Vmm() throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            GuestProgram.class.getName())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
            orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
            expect("ready");
        }

        private void expect(String wanted) throws IOException {
            String line = answers.readLine();
            if (!wanted.equals(line)) {
                process.destroyForcibly();
                throw new IOException("the VMM said " + line + " instead of " + wanted);
            }
        }

        @Override
        public int pid() {
            return (int) process.pid();
        }

        @Override
        public int vmDescriptor() throws IOException {
            try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
                return descriptors
                        .filter(Vmm::isVm)
                        .map(each -> Integer.valueOf(each.getFileName().toString()))
                        .findFirst()
                        .orElseThrow();
            }
        }

        private static boolean isVm(Path descriptor) {
            try {
                return Files.readSymbolicLink(descriptor).toString().equals("anon_inode:kvm-vm");
            } catch (IOException closedMeanwhile) {
                return false;
            }
        }

        /** The guest's thread has a name in Java. */
        @Override
        public int vcpuThread() throws IOException {
            try (Stream<Path> threads = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
                for (Path thread : threads.toList()) {
                    if (Files.readString(thread.resolve("comm")).strip().equals("vCPU 0")) {
                        return Integer.parseInt(thread.getFileName().toString());
                    }
                }
            }
            throw new IOException("no thread is called vCPU 0");
        }

        @Override
        public void interrupt(int times) throws IOException {
            orders.println(times);
            expect("done");
        }

        @Override
        public void close() throws IOException {
            process.destroyForcibly();
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }
}
