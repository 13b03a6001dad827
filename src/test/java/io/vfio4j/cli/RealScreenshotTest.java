package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.IntBinaryOperator;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures of real devices, pixel for pixel: of vgpu_mdev, whose README has the formulas, and of the kernel's own samples. */
@Tag("real-kernel")
class RealScreenshotTest {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");
    private static final Map<String, String> DEFAULTS =
            Map.of("format", "XR24", "modifier", "linear", "plane", "dmabuf", "region_mmap", "Y", "dmabuf_mmap", "N");

    private final SystemCalls calls = JnaLinux.open();
    private final List<Path> created = new ArrayList<>();

    @TempDir
    private Path directory;

    @AfterEach
    void putEverythingBack() throws IOException {
        for (Path device : created) {
            Files.writeString(device.resolve("remove"), "1");
        }
        for (Map.Entry<String, String> parameter : DEFAULTS.entrySet()) {
            parameter(parameter.getKey(), parameter.getValue());
        }
    }

    private static void parameter(String name, String value) throws IOException {
        Files.writeString(PARAMETERS.resolve(name), value);
    }

    private Path create(String parent, String type) throws IOException {
        UUID uuid = UUID.randomUUID();
        try (Stream<Path> types = Files.list(Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types"))) {
            Path wanted = types.filter(path -> path.getFileName().toString().endsWith(type))
                    .findFirst()
                    .orElseThrow();
            Files.writeString(wanted.resolve("create"), uuid.toString());
        }
        Path device = Path.of(MdevDevice.BUS, uuid.toString());
        created.add(device);
        return device;
    }

    private Path createVgpu() throws IOException {
        parameter("dialect", "port");
        parameter("stepped", "1");
        parameter("kvm_required", "N");
        return create("vgpu_mdev", "");
    }

    private static void control(Path vgpu, String attribute, String value) throws IOException {
        Files.writeString(vgpu.resolve("vgpu").resolve(attribute), value);
    }

    private CommandRun command(String command, Path device, String... options) {
        String[] arguments = Stream.concat(
                        Stream.of(
                                command,
                                device.getFileName().toString(),
                                "-o",
                                directory.resolve("picture").toString()),
                        Stream.of(options))
                .toArray(String[]::new);
        return CommandRun.onRealKernel(arguments);
    }

    private String shoot(Path device, String... options) {
        CommandRun run = command("screenshot", device, options);
        assertEquals(0, run.exitCode(), run.err());
        return run.out();
    }

    private void assertPicture(int width, int height, IntBinaryOperator expected) throws IOException {
        BufferedImage picture = ImageIO.read(directory.resolve("picture").toFile());
        assertEquals(width, picture.getWidth());
        assertEquals(height, picture.getHeight());
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int wanted = expected.applyAsInt(x, y) & 0xffffff;
                int found = picture.getRGB(x, y) & 0xffffff;
                if (wanted != found) {
                    throw new AssertionError("pixel " + x + "," + y + ": " + Integer.toHexString(found)
                            + " in place of " + Integer.toHexString(wanted));
                }
            }
        }
    }

    /** On pipe A. */
    private static int drawn(int frame, int x, int y) {
        return (x + frame & 0xff) << 16 | (y + 2 * frame & 0xff) << 8 | frame & 0xff;
    }

    /** What is left of a colour. */
    private static int shown(String format, int colour) {
        return switch (format) {
            case "RG16" ->
                widened(colour >> 19 & 0x1f, 5) << 16
                        | widened(colour >> 10 & 0x3f, 6) << 8
                        | widened(colour >> 3 & 0x1f, 5);
            case "C8" -> ((colour >> 16) + (colour >> 8) + colour & 0xff) * 0x010101;
            default -> colour;
        };
    }

    private static int widened(int value, int bits) {
        return value << 8 - bits | value >> 2 * bits - 8;
    }

    @ParameterizedTest
    @CsvSource({
        "XR24, linear, dmabuf, Y, by a mapped dma-buf",
        "AR24, x, dmabuf, Y, by a mapped dma-buf",
        "XB24, y, dmabuf, Y, by a mapped dma-buf",
        "AB24, linear, dmabuf, Y, by a mapped dma-buf",
        "RG16, linear, dmabuf, Y, by a mapped dma-buf",
        "RG16, x, dmabuf, Y, by a mapped dma-buf",
        "XR30, yf, dmabuf, Y, by a mapped dma-buf",
        "XB30, linear, dmabuf, Y, by a mapped dma-buf",
        "C8, linear, dmabuf, Y, by a mapped dma-buf",
        "YUYV, linear, dmabuf, Y, by a mapped dma-buf",
        "UYVY, x, dmabuf, Y, by a mapped dma-buf",
        "YVYU, y, dmabuf, Y, by a mapped dma-buf",
        "VYUY, yf, dmabuf, Y, by a mapped dma-buf",
        "XR24, linear, region, Y, by a mapped region",
        "RG16, x, region, Y, by a mapped region",
        "AR24, linear, region, Y, by a mapped region",
        "XB24, linear, region, Y, by a mapped region",
        "AB24, y, region, Y, by a mapped region",
        "XR30, linear, region, Y, by a mapped region",
        "XB30, x, region, Y, by a mapped region",
        "C8, linear, region, Y, by a mapped region",
        "YUYV, x, region, Y, by a mapped region",
        "UYVY, linear, region, Y, by a mapped region",
        "YVYU, linear, region, Y, by a mapped region",
        "VYUY, linear, region, Y, by a mapped region",
        "XR24, y, region, N, by reading a region",
        "C8, linear, region, N, by reading a region"
    })
    void thePictureOfATestVgpuIsTheOneThatItDrew(
            String format, String modifier, String plane, String mappable, String by) throws IOException {
        parameter("format", format);
        parameter("modifier", modifier);
        parameter("plane", plane);
        parameter("dmabuf_mmap", mappable);
        parameter("region_mmap", mappable);
        Path vgpu = createVgpu();
        control(vgpu, "mode", "334x202");
        control(vgpu, "flip", "A");
        String picture = Files.readString(vgpu.resolve("vgpu/picture"));
        int frame = Integer.parseInt(picture.replaceAll("(?s)A frame (\\d+) .*", "$1"));
        assertTrue(frame > 0, picture);
        String out = shoot(vgpu, "--no-cursor");
        assertTrue(out.contains("334x202 " + format) && out.contains(by), out);
        boolean yuv = format.contains("U");
        assertPicture(
                334,
                202,
                (x, y) -> yuv
                        ? throughYuv(drawn(frame, x, y), drawn(frame, x & ~1, y))
                        : shown(format, drawn(frame, x, y)));
    }

    /** What is left of a colour after BT.601 in limited range and back, with the chroma of the left pixel of its pair. */
    private static int throughYuv(int colour, int left) {
        int luma = 16 + (66 * red(colour) + 129 * green(colour) + 25 * blue(colour) + 128 >> 8);
        int u = (112 * blue(left) - 38 * red(left) - 74 * green(left) + 128 >> 8);
        int v = (112 * red(left) - 94 * green(left) - 18 * blue(left) + 128 >> 8);
        int scaled = 298 * (luma - 16) + 128;
        return clamped(scaled + 409 * v >> 8) << 16
                | clamped(scaled - 100 * u - 208 * v >> 8) << 8
                | clamped(scaled + 516 * u >> 8);
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

    private static int clamped(int value) {
        return Math.max(0, Math.min(255, value));
    }

    @Test
    void theCursorIsDrawnOverIt() throws IOException {
        parameter("dmabuf_mmap", "Y");
        Path vgpu = createVgpu();
        control(vgpu, "mode", "320x200");
        control(vgpu, "cursor", "A");
        control(vgpu, "cursor_position", "30 20");
        String picture = Files.readString(vgpu.resolve("vgpu/picture"));
        int frame = Integer.parseInt(picture.replaceAll("(?s)A frame (\\d+) .*", "$1"));
        int image = Integer.parseInt(picture.replaceAll("(?s)A frame.*? cursor (\\d+) .*", "$1"));
        String out = shoot(vgpu);
        assertTrue(out.contains("with the cursor at 30,20"), out);
        assertPicture(320, 200, (x, y) -> {
            boolean covered = x >= 30 && y >= 20 && x - 30 + y - 20 < 64;
            return covered ? (image & 0xff) << 16 | x - 30 << 8 | y - 20 : drawn(frame, x, y);
        });
    }

    @Test
    void theSampleMdpyShowsWhatIsDrawnIntoIt() throws IOException {
        Path mdpy = create("mdpy", "mdpy-vga");
        String out = shoot(mdpy);
        assertTrue(out.contains("640x480 XR24 by a mapped region"), out);
        // As mdpy_reset of samples/vfio-mdev/mdpy.c leaves it.
        assertPicture(640, 480, (x, y) -> y * 255 / 480 * 0x010101);
        IntBinaryOperator known = (x, y) -> x * y * 0x9e37 ^ x << 13 ^ y;
        try (VfioDevice device = VfioDevice.open(
                calls, MdevDevice.find(calls, UUID.fromString(mdpy.getFileName().toString())))) {
            int index = device.plane(PlaneType.PRIMARY, PlaneAccess.REGION)
                    .orElseThrow()
                    .source();
            RegionInfo region = device.region(index);
            try (Mapping screen = device.map(region, 0, 640 * 480 * 4, Access.READ_WRITE)) {
                for (int y = 0; y < 480; y++) {
                    for (int x = 0; x < 640; x++) {
                        screen.putInt((y * 640 + x) * 4, known.applyAsInt(x, y));
                    }
                }
            }
        }
        shoot(mdpy);
        assertPicture(640, 480, known);
        CommandRun raw = command("frame", mdpy);
        assertEquals(0, raw.exitCode(), raw.err());
        byte[] bytes = Files.readAllBytes(directory.resolve("picture"));
        assertEquals(2 << 20, bytes.length, "all of its memory, which is a power of two");
        ByteBuffer pixels = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int[] place : new int[][] {{0, 0}, {1, 0}, {0, 1}, {300, 200}, {639, 479}}) {
            assertEquals(known.applyAsInt(place[0], place[1]), pixels.getInt((place[1] * 640 + place[0]) * 4));
        }
    }

    @Test
    void theSampleMbochsSaysWhyItCannotBeRead() throws IOException {
        Path mbochs = create("mbochs", "mbochs-small");
        CommandRun nothing = command("screenshot", mbochs);
        assertEquals(1, nothing.exitCode());
        assertTrue(nothing.err().contains("nothing is scanned out"), nothing.err());
        setBochsMode(mbochs);
        CommandRun unreadable = command("screenshot", mbochs);
        assertEquals(1, unreadable.exitCode());
        assertTrue(unreadable.err().contains("cannot be read: DMABUF_MAPPED: "), unreadable.err());
        assertTrue(unreadable.err().contains("DMABUF_GPU: "), unreadable.err());
        assertFalse(Files.exists(directory.resolve("picture")));
    }

    /** The registers of Bochs's display: 16 bits each, from 0x500 on in BAR 2. They outlive the descriptor. */
    private void setBochsMode(Path mbochs) throws IOException {
        try (VfioDevice device = VfioDevice.open(
                        calls,
                        MdevDevice.find(
                                calls, UUID.fromString(mbochs.getFileName().toString())));
                NativeMemory value = calls.allocate(2)) {
            RegionInfo mmio = device.region(Vfio.VFIO_PCI_BAR2_REGION_INDEX);
            for (int[] write : new int[][] {{1, 640}, {2, 480}, {3, 32}, {4, 0x41}}) {
                value.putShort(0, write[1]);
                assertEquals(2, device.write(mmio, 0x500 + 2L * write[0], value, 2));
            }
        }
    }

    @Test
    void theModeIsSetAndTheMonitorSavedOnARealKernel() throws IOException {
        parameter("dmabuf_mmap", "Y");
        Path vgpu = createVgpu();
        CommandRun mode = CommandRun.onRealKernel("mode", vgpu.getFileName().toString(), "800x600");
        assertEquals(0, mode.exitCode(), mode.err());
        assertTrue(mode.out().contains("  guest    800x600 XR24\n"), mode.out());
        assertEquals("800x600", Files.readString(vgpu.resolve("vgpu/mode")).strip());
        CommandRun saved = command("edid", vgpu);
        assertEquals(0, saved.exitCode(), saved.err());
        CommandRun other = CommandRun.onRealKernel("mode", vgpu.getFileName().toString(), "1024x768");
        assertEquals(0, other.exitCode(), other.err());
        CommandRun set = CommandRun.onRealKernel(
                "edid",
                vgpu.getFileName().toString(),
                "--set",
                directory.resolve("picture").toString());
        assertEquals(0, set.exitCode(), set.err());
        assertEquals("800x600", Files.readString(vgpu.resolve("vgpu/mode")).strip());
        shoot(vgpu);
        assertEquals(800, ImageIO.read(directory.resolve("picture").toFile()).getWidth());
    }
}
