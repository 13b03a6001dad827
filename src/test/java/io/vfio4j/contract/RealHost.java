package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/** A real kernel with the module vgpu_mdev, whose vGPUs are driven through sysfs. */
final class RealHost implements TestHost {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");
    private static final Path PARENT = Path.of("/sys/class/mdev_bus/vgpu_mdev");

    private final SystemCalls calls;

    RealHost(SystemCalls calls) {
        this.calls = calls;
    }

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    @Override
    public TestVgpu create(String dialect) throws IOException {
        return create(dialect, false);
    }

    @Override
    public TestVgpu createForVm(String dialect) throws IOException {
        return create(dialect, true);
    }

    @Override
    public Set<AttachPath> paths() {
        Set<AttachPath> paths = EnumSet.noneOf(AttachPath.class);
        if (Files.exists(Path.of("/dev/vfio/vfio"))) {
            paths.add(AttachPath.GROUP);
        }
        if (Files.exists(Path.of("/dev/iommu"))) {
            paths.add(AttachPath.CDEV);
        }
        return paths;
    }

    private TestVgpu create(String dialect, boolean forVm) throws IOException {
        write(PARAMETERS.resolve("kvm_required"), forVm ? "Y" : "N");
        write(PARAMETERS.resolve("dialect"), dialect);
        write(PARAMETERS.resolve("stepped"), "1");
        UUID uuid = UUID.randomUUID();
        try (Stream<Path> types = Files.list(PARENT.resolve("mdev_supported_types"))) {
            write(types.findFirst().orElseThrow().resolve("create"), uuid.toString());
        }
        return new RealVgpu(calls, uuid);
    }

    @Override
    public long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            // Only those of ours: the JVM opens jars when it likes.
            return descriptors.filter(RealHost::isOurs).count();
        }
    }

    private static boolean isOurs(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.contains("vfio")
                    || target.contains("eventfd")
                    || target.contains("timerfd")
                    || target.contains("eventpoll")
                    || target.contains("kvm")
                    || target.contains("iommu")
                    || target.contains("dmabuf");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    @Override
    public void close() {}

    static void write(Path attribute, String value) throws IOException {
        Files.writeString(attribute, value);
    }

    private static final class RealVgpu implements TestVgpu {
        private final SystemCalls calls;
        private final UUID uuid;
        private final Path device;
        private final CountDownLatch removed = new CountDownLatch(1);
        private boolean removing;

        private RealVgpu(SystemCalls calls, UUID uuid) {
            this.calls = calls;
            this.uuid = uuid;
            this.device = Path.of(MdevDevice.BUS, uuid.toString());
        }

        @Override
        public MdevDevice mdev() throws IOException {
            return MdevDevice.find(calls, uuid);
        }

        @Override
        public void flip() throws IOException {
            control("flip", "A");
        }

        @Override
        public void flipAsync() throws IOException {
            control("flip", "A async");
        }

        @Override
        public void cursor() throws IOException {
            control("cursor", "A");
        }

        @Override
        public void pipe(boolean on) throws IOException {
            control("pipe", on ? "A on" : "A off");
        }

        @Override
        public void vblank(int count) throws IOException {
            control("step", Integer.toString(count));
        }

        @Override
        public Signalled signalled() throws IOException {
            boolean tellsPlanes = List.of("v2", "v4", "v5", "v6").contains(read("dialect"));
            return new Signalled(
                    count("signalled_primary"), count("signalled_cursor"), tellsPlanes ? 0 : count("signalled_raw"));
        }

        @Override
        public boolean armed() throws IOException {
            return read("armed").contains("1");
        }

        @Override
        public boolean masked() throws IOException {
            return read("masked").equals("1");
        }

        @Override
        public long forbiddenCalls() throws IOException {
            return count("forbidden_calls");
        }

        @Override
        public void beginRemoval() {
            removing = true;
            Thread remover = new Thread(
                    () -> {
                        try {
                            write(device.resolve("remove"), "1");
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        removed.countDown();
                    },
                    "remover");
            remover.setDaemon(true);
            remover.start();
        }

        @Override
        public boolean isRemoved() {
            return removed.getCount() == 0 && !Files.exists(device);
        }

        @Override
        public void close() throws IOException {
            if (!removing) {
                beginRemoval();
            }
            try {
                removed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while " + uuid + " is removed", e);
            }
        }

        private void control(String attribute, String value) throws IOException {
            write(device.resolve("vgpu").resolve(attribute), value);
        }

        private String read(String attribute) throws IOException {
            return Files.readString(device.resolve("vgpu").resolve(attribute)).trim();
        }

        private long count(String attribute) throws IOException {
            return Long.parseUnsignedLong(read(attribute));
        }
    }
}
