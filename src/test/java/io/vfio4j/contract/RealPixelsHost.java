package io.vfio4j.contract;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;

/** A real kernel with the module vgpu_mdev, whose pictures are formulas. */
final class RealPixelsHost implements PixelsHost {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");
    private static final Path TYPES = Path.of("/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types");

    private final SystemCalls calls = JnaLinux.open();

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    /** Its dma-bufs are its own memory, which a GPU in software cannot read. */
    @Override
    public boolean offers(Setup setup) {
        return setup.path() != CapturePath.DMABUF_GPU;
    }

    @Override
    public Shown create(Setup setup) throws IOException {
        boolean region = setup.path() == CapturePath.REGION_MAPPED || setup.path() == CapturePath.REGION_READ;
        parameter("dialect", "v6");
        parameter("stepped", "Y");
        parameter("kvm_required", "N");
        parameter("format", fourcc(setup.format()));
        parameter("modifier", setup.tiling().name().toLowerCase(Locale.ROOT));
        parameter("plane", region ? "region" : "dmabuf");
        parameter("region_mmap", setup.path() == CapturePath.REGION_READ ? "N" : "Y");
        parameter("dmabuf_mmap", setup.path() == CapturePath.DMABUF_MAPPED ? "Y" : "N");
        UUID uuid = UUID.randomUUID();
        try (Stream<Path> types = Files.list(TYPES)) {
            RealHost.write(types.findFirst().orElseThrow().resolve("create"), uuid.toString());
        }
        return new RealShown(uuid, setup.format());
    }

    private static String fourcc(PixelFormat format) {
        StringBuilder letters = new StringBuilder(4);
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            letters.append((char) (format.fourcc() >>> shift & 0xff));
        }
        return letters.toString().trim();
    }

    private static void parameter(String name, String value) throws IOException {
        RealHost.write(PARAMETERS.resolve(name), value);
    }

    @Override
    public long held() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"));
                Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return descriptors.filter(RealPixelsHost::isOurs).count()
                    + maps.filter(map -> map.contains("vfio") || map.contains("dmabuf"))
                            .count();
        }
    }

    private static boolean isOurs(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.contains("vfio") || target.contains("dmabuf") || target.contains("event");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }

    /** Others find the module as it was loaded. */
    @Override
    public void close() throws IOException {
        parameter("format", "XR24");
        parameter("modifier", "linear");
        parameter("plane", "dmabuf");
        parameter("region_mmap", "Y");
        parameter("dmabuf_mmap", "N");
    }

    /** native/kernel/README.md, "Pictures". */
    private final class RealShown implements Shown {
        private final UUID uuid;
        private final PixelFormat format;
        private final Path device;
        private int width;
        private int height;

        RealShown(UUID uuid, PixelFormat format) {
            this.uuid = uuid;
            this.format = format;
            this.device = Path.of(MdevDevice.BUS, uuid.toString());
        }

        @Override
        public MdevDevice mdev() throws IOException {
            return MdevDevice.find(calls, uuid);
        }

        private void control(String attribute, String value) throws IOException {
            pictureNow = List.of();
            RealHost.write(device.resolve("vgpu").resolve(attribute), value);
        }

        private String read(String attribute) throws IOException {
            return Files.readString(device.resolve("vgpu").resolve(attribute)).trim();
        }

        @Override
        public void mode(int wanted, int high) throws IOException {
            control("mode", wanted + "x" + high);
        }

        @Override
        public void flip() throws IOException {
            control("flip", "A");
        }

        @Override
        public void draw() throws IOException {
            control("draw", "A");
        }

        @Override
        public void vblank(int count) throws IOException {
            control("step", Integer.toString(count));
        }

        @Override
        public void pipe(boolean on) throws IOException {
            control("pipe", on ? "A on" : "A off");
        }

        @Override
        public void cursor(int x, int y) throws IOException {
            control("cursor", "A");
            control("cursor", "A show");
            control("cursor_position", x + " " + y);
        }

        /** "A frame 3 draws 0..2 cursor 5 at 40,20", of which the numbers. Stays so until the guest is told to do something. */
        private List<Integer> picture() throws IOException {
            if (pictureNow.isEmpty()) {
                String line = read("picture").lines().findFirst().orElseThrow();
                pictureNow = Stream.of(line.split("[^-0-9]+"))
                        .filter(number -> !number.isEmpty())
                        .map(Integer::valueOf)
                        .toList();
            }
            return pictureNow;
        }

        private List<Integer> pictureNow = List.of();

        /** Reads once what all pixels depend on. */
        private void look() throws IOException {
            pictureNow = List.of();
            picture();
            String[] mode = read("mode").split("x");
            width = Integer.parseInt(mode[0]);
            height = Integer.parseInt(mode[1]);
        }

        @Override
        public int pixel(int x, int y) throws IOException {
            if (x == 0 && y == 0) {
                look();
            }
            return shown(x, y);
        }

        private int shown(int x, int y) {
            int colour = drawn(x, y);
            int red = colour >> 16 & 0xff;
            int green = colour >> 8 & 0xff;
            int blue = colour & 0xff;
            return switch (format) {
                case XRGB8888, ARGB8888, XBGR8888, ABGR8888, XRGB2101010, XBGR2101010 -> colour;
                case RGB565 ->
                    (red & 0xf8 | red >> 5) << 16 | (green & 0xfc | green >> 6) << 8 | blue & 0xf8 | blue >> 5;
                case C8 -> (red + green + blue & 0xff) * 0x01_0101;
                case YUYV, UYVY, YVYU, VYUY -> yuv(colour, drawn(x & ~1, y));
            };
        }

        private int drawn(int x, int y) {
            int frame = pictureNow.get(0);
            long firstDraw = pictureNow.get(1);
            long draws = pictureNow.get(2);
            int columns = width / 8;
            int rows = height / 16;
            if (draws > firstDraw && x / 8 < columns && y / 16 < rows) {
                long cell = (long) (y / 16) * columns + x / 8;
                long cells = (long) columns * rows;
                for (long draw = draws - 1; draw >= firstDraw; draw--) {
                    if (draw % cells == cell) {
                        return (int) ((draw * 0x9e37_79b1L & 0xffff_ffffL) >> 8);
                    }
                }
            }
            return (x + frame & 0xff) << 16 | (y + 2 * frame & 0xff) << 8 | frame & 0xff;
        }

        private static int yuv(int colour, int left) {
            int y = 16 + ((66 * red(colour) + 129 * green(colour) + 25 * blue(colour) + 128) >> 8);
            int u = 128 + ((112 * blue(left) - 38 * red(left) - 74 * green(left) + 128) >> 8);
            int v = 128 + ((112 * red(left) - 94 * green(left) - 18 * blue(left) + 128) >> 8);
            int luma = 298 * (y - 16) + 128;
            return clamp(luma + 409 * (v - 128) >> 8) << 16
                    | clamp(luma - 100 * (u - 128) - 208 * (v - 128) >> 8) << 8
                    | clamp(luma + 516 * (u - 128) >> 8);
        }

        private static int red(int colour) {
            return colour >> 16 & 0xff;
        }

        private static int green(int colour) {
            return colour >> 8 & 0xff;
        }

        private static int blue(int colour) {
            return colour & 0xff;
        }

        private static int clamp(int value) {
            return Math.max(0, Math.min(255, value));
        }

        @Override
        public int tolerance() {
            return 0;
        }

        @Override
        public int cursorPixel(int x, int y) throws IOException {
            return x + y < 64 ? 0xff00_0000 | (picture().get(3) & 0xff) << 16 | x << 8 | y : 0;
        }

        @Override
        public int framebuffers() throws IOException {
            return Integer.parseInt(read("buffers_alive"));
        }

        @Override
        public void close() throws IOException {
            RealHost.write(device.resolve("remove"), "1");
        }
    }
}
