package io.vfio4j.contract;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** A real kernel with vgpu_mdev, and its own samples mdpy and mbochs. */
final class RealServedHost implements ServedHost {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");
    private static final int SAMPLE_WIDTH = 640;
    private static final int SAMPLE_HEIGHT = 480;

    private final SystemCalls calls = JnaLinux.open();

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    @Override
    public Shown create(Kind kind, UUID uuid) throws IOException {
        return switch (kind) {
            case IRQ -> vgpu(uuid);
            case MDPY -> mdpy(uuid);
            case MBOCHS -> mbochs(uuid);
        };
    }

    private static Path create(UUID uuid, String parent, String type) throws IOException {
        RealHost.write(
                Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types", parent + "-" + type, "create"),
                uuid.toString());
        return Path.of(MdevDevice.BUS, uuid.toString());
    }

    private static void parameter(String name, String value) throws IOException {
        RealHost.write(PARAMETERS.resolve(name), value);
    }

    private static Shown vgpu(UUID uuid) throws IOException {
        parameter("dialect", "v6");
        parameter("stepped", "Y");
        parameter("kvm_required", "N");
        parameter("format", "XR24");
        parameter("modifier", "linear");
        parameter("plane", "dmabuf");
        parameter("dmabuf_mmap", "Y");
        Flipping made = new Flipping(uuid, create(uuid, "vgpu_mdev", "vga"));
        RealHost.write(made.device.resolve("vgpu/mode"), made.width() + "x" + made.height());
        // It has one from the start, which is drawn for clients that know of no cursors: LiveScreenContract's subject.
        RealHost.write(made.device.resolve("vgpu/cursor"), "A hide");
        made.flip();
        return made;
    }

    /** Its memory is the device's, and outlives whoever had it open. */
    private Shown mdpy(UUID uuid) throws IOException {
        Still made = new Still(uuid, create(uuid, "mdpy", "vga"));
        try (VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid))) {
            int index = device.plane(PlaneType.PRIMARY, PlaneAccess.REGION)
                    .orElseThrow()
                    .source();
            RegionInfo region = device.region(index);
            try (Mapping screen =
                    device.map(region, 0, SAMPLE_WIDTH * SAMPLE_HEIGHT * Integer.BYTES, Access.READ_WRITE)) {
                for (int y = 0; y < SAMPLE_HEIGHT; y++) {
                    for (int x = 0; x < SAMPLE_WIDTH; x++) {
                        screen.putInt((y * SAMPLE_WIDTH + x) * Integer.BYTES, made.pixel(x, y));
                    }
                }
            }
        }
        return made;
    }

    private Shown mbochs(UUID uuid) throws IOException {
        Still made = new Still(uuid, create(uuid, "mbochs", "small"));
        try (VfioDevice device = VfioDevice.open(calls, MdevDevice.find(calls, uuid))) {
            setBochsMode(device, SAMPLE_WIDTH, SAMPLE_HEIGHT);
        }
        return made;
    }

    /** The registers of Bochs's display: 16 bits each, from 0x500 on in BAR 2. */
    static void setBochsMode(VfioDevice device, int width, int height) throws IOException {
        RegionInfo mmio = device.region(Vfio.VFIO_PCI_BAR2_REGION_INDEX);
        try (NativeMemory value = device.systemCalls().allocate(Short.BYTES)) {
            for (int[] write : new int[][] {{1, width}, {2, height}, {3, 32}, {4, 0x41}}) {
                value.putShort(0, write[1]);
                device.write(mmio, 0x500 + 2L * write[0], value, Short.BYTES);
            }
        }
    }

    /** Others find the module as it was loaded. */
    @Override
    public void close() throws IOException {
        parameter("dmabuf_mmap", "N");
    }

    private static void takeAway(Path device) throws IOException, InterruptedException {
        Remover.write(device.resolve("remove"), "1").await();
    }

    /** native/kernel/README.md, "Pictures". */
    private static final class Flipping implements Shown {
        private final UUID uuid;
        private final Path device;
        /** Which picture is shown: read after each flip, and not for each pixel. */
        private int frame;

        Flipping(UUID uuid, Path device) {
            this.uuid = uuid;
            this.device = device;
        }

        @Override
        public UUID uuid() {
            return uuid;
        }

        @Override
        public int width() {
            return 334;
        }

        @Override
        public int height() {
            return 202;
        }

        @Override
        public int pixel(int x, int y) {
            return (x + frame & 0xff) << 16 | (y + 2 * frame & 0xff) << 8 | frame & 0xff;
        }

        @Override
        public void flip() throws IOException {
            RealHost.write(device.resolve("vgpu/flip"), "A");
            RealHost.write(device.resolve("vgpu/step"), "1");
            frame = Integer.parseInt(
                    Files.readString(device.resolve("vgpu/picture")).replaceAll("(?s)A frame (\\d+) .*", "$1"));
        }

        @Override
        public void remove() throws IOException, InterruptedException {
            takeAway(device);
        }
    }

    /** A sample, with what was drawn into it. */
    private record Still(UUID uuid, Path device) implements Shown {
        @Override
        public int width() {
            return SAMPLE_WIDTH;
        }

        @Override
        public int height() {
            return SAMPLE_HEIGHT;
        }

        @Override
        public int pixel(int x, int y) {
            return (x * y * 0x9e37 ^ x << 13 ^ y) & 0xff_ffff;
        }

        @Override
        public void flip() {
            throw new UnsupportedOperationException("nobody draws into a sample that is open");
        }

        @Override
        public void remove() throws IOException, InterruptedException {
            takeAway(device);
        }
    }
}
