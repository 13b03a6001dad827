package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A real kernel with its samples mdpy and mbochs, and processes of it. */
final class RealMdevHost implements MdevHost {
    private static final long INTERVAL_NANOS = 5_000_000;

    private final SystemCalls calls;

    RealMdevHost(SystemCalls calls) {
        this.calls = calls;
    }

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    @Override
    public Divided divided() {
        return new Divided("mbochs", "mbochs-small", "mbochs-large");
    }

    @Override
    public OtherProcess openNode(String path) throws IOException {
        return Child.start("bash", "bash", "-c", "exec 9<>\"$0\"; echo open; read -r", path);
    }

    @Override
    public OtherProcess openDevice(MdevDevice device) throws IOException {
        return Child.start(
                "java",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                System.getProperty("java.class.path"),
                DeviceUser.class.getName(),
                device.uuid().toString());
    }

    /** A process that has a device open until its standard input ends. */
    static final class DeviceUser {
        private DeviceUser() {}

        public static void main(String[] arguments) throws IOException {
            SystemCalls calls = JnaLinux.open();
            VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, UUID.fromString(arguments[0])));
            try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
                out.write("open\n".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                new FileInputStream(FileDescriptor.in).read();
            } finally {
                device.close();
            }
        }
    }

    @Override
    public void endOnRemoval(OtherProcess process, MdevDevice device) {
        Path driver = Path.of(device.path(), "driver");
        Thread watcher = new Thread(
                () -> {
                    while (Files.exists(driver)) {
                        LockSupport.parkNanos(INTERVAL_NANOS);
                    }
                    ((Child) process).kill();
                },
                "end on removal");
        watcher.setDaemon(true);
        watcher.start();
    }

    @Override
    public long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            // Only those of ours: the JVM opens jars when it likes.
            return descriptors.filter(RealMdevHost::isOurs).count();
        }
    }

    private static boolean isOurs(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.contains("vfio") || target.contains("eventfd") || target.contains("eventpoll");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    @Override
    public void close() {}

    private record Child(Process process, String command) implements OtherProcess {
        private static Child start(String command, String... words) throws IOException {
            Process process = new ProcessBuilder(words)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            byte[] greeting = process.getInputStream().readNBytes("open\n".length());
            if (greeting.length == 0) {
                throw new IOException(String.join(" ", words) + " did not open it");
            }
            return new Child(process, command);
        }

        @Override
        public int pid() {
            return Math.toIntExact(process.pid());
        }

        private void kill() {
            process.destroyForcibly();
        }

        @Override
        public void close() throws IOException {
            kill();
            try {
                process.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while " + process + " ends", e);
            }
        }
    }
}
