package io.vfio4j.contract;

import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A stock QEMU that has mediated devices, and a guest without an operating system. It knows nothing of whoever looks at them. */
public final class Qemu implements TestOwner {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long GLANCE_MILLIS = 20;
    private static final String DEVICE = "anon_inode:[vfio-device]";

    private final Process process;
    private final Path monitor;
    private final int devices;

    private Qemu(Process process, Path monitor, int devices) {
        this.process = process;
        this.monitor = monitor;
        this.devices = devices;
    }

    /** Starts it, and waits until it has the devices open and its monitor answers. */
    public static Qemu start(Path directory, List<UUID> devices) throws IOException, InterruptedException {
        return start(directory, devices, List.of("-accel", "tcg"));
    }

    /** The same with a VM of KVM, whose threads have names. */
    public static Qemu startWithKvm(Path directory, List<UUID> devices, int vcpus)
            throws IOException, InterruptedException {
        return start(
                directory,
                devices,
                List.of("-accel", "kvm", "-smp", Integer.toString(vcpus), "-name", "guest,debug-threads=on"));
    }

    private static Qemu start(Path directory, List<UUID> devices, List<String> machine)
            throws IOException, InterruptedException {
        Path monitor = directory.resolve("monitor-" + UUID.randomUUID());
        Path log = directory.resolve("qemu.log");
        List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-m",
                "64",
                "-nodefaults",
                "-vga",
                "none",
                "-display",
                "none",
                "-monitor",
                "unix:" + monitor + ",server=on,wait=off"));
        command.addAll(machine);
        for (UUID device : devices) {
            command.add("-device");
            command.add("vfio-pci,sysfsdev=" + MdevDevice.BUS + "/" + device + ",display=off");
        }
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Qemu qemu = new Qemu(process, monitor, devices.size());
        boolean success = false;
        try {
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (!qemu.isReady()) {
                if (process.waitFor(GLANCE_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new IOException("QEMU has ended: " + Files.readString(log));
                }
                if (System.nanoTime() - end > 0) {
                    throw new IOException("QEMU does not get ready: " + Files.readString(log));
                }
            }
            success = true;
            return qemu;
        } finally {
            if (!success) {
                process.destroyForcibly();
            }
        }
    }

    private boolean isReady() {
        try {
            return goesOn();
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public int pid() {
        return (int) process.pid();
    }

    /** It has every device open, and its monitor says that the guest runs. */
    @Override
    public boolean goesOn() throws IOException {
        return process.isAlive() && openDevices() == devices && status().contains("VM status: running");
    }

    private long openDevices() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return descriptors.filter(Qemu::isDevice).count();
        }
    }

    private static boolean isDevice(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().equals(DEVICE);
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    /** What {@code info status} says. */
    private String status() throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(monitor));
            channel.write(ByteBuffer.wrap("info status\n".getBytes(StandardCharsets.US_ASCII)));
            StringBuilder answer = new StringBuilder();
            ByteBuffer bytes = ByteBuffer.allocate(4096);
            while (!answer.toString().contains("VM status: ")
                    || answer.lastIndexOf("\n") < answer.indexOf("VM status: ")) {
                if (channel.read(bytes.clear()) < 0) {
                    throw new IOException("the monitor has said only: " + answer);
                }
                answer.append(StandardCharsets.US_ASCII.decode(bytes.flip()));
            }
            return answer.toString();
        }
    }

    /** Kills it. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU ends", e);
        }
    }
}
