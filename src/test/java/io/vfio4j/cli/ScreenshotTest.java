package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.VgpuProfile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands {@code screenshot} and {@code frame}. */
class ScreenshotTest {
    @TempDir
    private Path directory;

    private String file() {
        return directory.resolve("picture").toString();
    }

    private BufferedImage picture() throws IOException {
        return ImageIO.read(directory.resolve("picture").toFile());
    }

    private CommandRun shoot(EmulatedHost host, String... options) {
        return command(host, "screenshot", options);
    }

    private CommandRun command(EmulatedHost host, String command, String... options) {
        String[] arguments = Stream.concat(
                        Stream.of(command, host.vgpu().uuid().toString(), "-o", file()), Stream.of(options))
                .toArray(String[]::new);
        CommandRun run = CommandRun.on(host, arguments);
        assertEquals(List.of(), host.openFiles(), "open files");
        return run;
    }

    private static void assertPicture(EmulatedGuest guest, BufferedImage picture) {
        assertPicture(guest, picture, 0);
    }

    private static void assertPicture(EmulatedGuest guest, BufferedImage picture, int tolerance) {
        assertEquals(guest.width(), picture.getWidth());
        assertEquals(guest.height(), picture.getHeight());
        for (int y = 0; y < guest.height(); y++) {
            for (int x = 0; x < guest.width(); x++) {
                int expected = guest.shownPixel(x, y);
                int actual = picture.getRGB(x, y);
                for (int shift = 0; shift < 24; shift += 8) {
                    int difference = Math.abs((expected >> shift & 0xff) - (actual >> shift & 0xff));
                    if (difference > tolerance) {
                        throw new AssertionError("pixel " + x + "," + y + ": " + Integer.toHexString(actual)
                                + " in place of " + Integer.toHexString(expected));
                    }
                }
            }
        }
    }

    static Stream<VgpuProfile> profiles() {
        VgpuProfile small = VgpuProfile.V5.withSize(320, 200);
        return Stream.of(
                small,
                small.withMappableDmabufs(true),
                small.withTiling(EmulatedTiling.X),
                small.withMappableDmabufs(true).withTiling(EmulatedTiling.Y),
                VgpuProfile.MAINLINE.withSize(321, 201),
                VgpuProfile.MDPY,
                VgpuProfile.MDPY.withMappableRegions(false));
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void thePictureIsTheGuestsPixelForPixel(VgpuProfile profile) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(profile)) {
            EmulatedGuest guest = host.vgpu().guest();
            guest.flip();
            guest.draw(100);
            CommandRun run = shoot(host);
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().startsWith(file() + ": " + guest.width() + "x" + guest.height()), run.out());
            assertPicture(guest, picture());
            host.clock().advance(Duration.ofMillis(20));
            guest.flip();
            host.clock().advance(Duration.ofMillis(20));
            assertEquals(0, shoot(host, "--no-cursor").exitCode());
            assertPicture(guest, picture());
        }
    }

    @ParameterizedTest
    @EnumSource(EmulatedFormat.class)
    void whateverTheFormatThereIsAPicture(EmulatedFormat format) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(
                VgpuProfile.V5.withSize(320, 200).withMappableDmabufs(true).withFormat(format))) {
            host.vgpu().guest().draw(10);
            Map<String, Object> json = Json.object(shoot(host, "--json").out());
            assertEquals("DMABUF_MAPPED", json.get("pixels_by"));
            // Of 5 and 6 bits a colour, 8 can be made in two ways.
            assertPicture(host.vgpu().guest(), picture(), format == EmulatedFormat.RGB565 ? 1 : 0);
        }
    }

    @Test
    void theCursorIsDrawnUnlessItIsNotWanted() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withSize(320, 200))) {
            EmulatedGuest guest = host.vgpu().guest();
            guest.moveCursor(100, 50);
            guest.cursor();
            CommandRun run = shoot(host);
            assertEquals(0, run.exitCode(), run.err());
            assertTrue(run.out().endsWith(", with the cursor at 100,50\n"), run.out());
            BufferedImage with = picture();
            assertEquals(0, shoot(host, "--no-cursor").exitCode());
            assertPicture(guest, picture());
            int opaque = 0;
            for (int y = 0; y < 200; y++) {
                for (int x = 0; x < 320; x++) {
                    boolean inside = x >= 100 && x < 164 && y >= 50 && y < 114;
                    int pixel = inside ? guest.cursorPixel(x - 100, y - 50) : 0;
                    int expected = switch (pixel >>> 24) {
                        case 0 -> guest.pixel(x, y);
                        case 255 -> pixel;
                        default -> with.getRGB(x, y);
                    };
                    opaque += pixel >>> 24 == 255 ? 1 : 0;
                    assertEquals(expected & 0xffffff, with.getRGB(x, y) & 0xffffff, "pixel " + x + "," + y);
                }
            }
            assertTrue(opaque > 50, opaque + " opaque pixels");
        }
    }

    @Test
    void aPictureIsScaled() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withSize(320, 200))) {
            assertEquals(0, shoot(host, "--scale", "0.5").exitCode());
            assertEquals(160, picture().getWidth());
            assertEquals(100, picture().getHeight());
            int sum = 0;
            for (int corner : new int[] {
                host.vgpu().guest().pixel(0, 0), host.vgpu().guest().pixel(1, 0),
                host.vgpu().guest().pixel(0, 1), host.vgpu().guest().pixel(1, 1)
            }) {
                sum += corner & 0xff;
            }
            assertEquals(sum / 4.0, picture().getRGB(0, 0) & 0xff, 1, "the four pixels' share");
            assertEquals(0, shoot(host, "--scale", "2").exitCode());
            assertEquals(640, picture().getWidth());
            assertEquals(
                    host.vgpu().guest().pixel(319, 199) & 0xffffff, picture().getRGB(639, 398) & 0xffffff);
            assertEquals(0, shoot(host, "--scale", "100x300").exitCode());
            assertEquals(100, picture().getWidth());
            assertEquals(300, picture().getHeight());
        }
    }

    @Test
    void aPictureThatWouldBeTooLargeIsRefused() {
        CommandRun run = CommandRun.of("screenshot", "emulated:v5:size=2000x2000", "-o", file(), "--scale", "4.2");
        assertEquals(1, run.exitCode());
        assertEquals(
                "vfio4j: --scale 4.2 makes a picture of 8400x8400 pixels, which is more than 64 Mi pixels\n",
                run.err());
        assertFalse(Files.exists(directory.resolve("picture")));
    }

    @Test
    void theMetadataIsOneJsonObject() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(
                VgpuProfile.V5.withSize(320, 200).withMappableDmabufs(true).withTiling(EmulatedTiling.X))) {
            host.vgpu().guest().moveCursor(7, 8);
            host.vgpu().guest().cursor();
            Map<String, Object> json =
                    Json.object(shoot(host, "--json", "--scale", "0.1").out());
            assertEquals("screenshot", json.get("type"));
            assertEquals(file(), json.get("file"));
            assertEquals("32", json.get("width").toString());
            assertEquals("20", json.get("height").toString());
            assertEquals("DMABUF_MAPPED", json.get("pixels_by"));
            assertEquals("UNKNOWN", json.get("consistency"));
            assertTrue(json.get("consistency_reason").toString().startsWith("No display irq"), json::toString);
            String plane = json.get("plane").toString();
            assertTrue(plane.contains("width=320") && plane.contains("format=XR24"), plane);
            assertTrue(plane.contains("modifier=72057594037927937"), plane);
            String cursor = json.get("cursor").toString();
            assertTrue(cursor.contains("x=7") && cursor.contains("y=8"), cursor);
        }
    }

    @Test
    void thePictureGoesToStandardOutput() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        CommandRun run = CommandRun.withBytes(new byte[0], out, "screenshot", "emulated:v5:size=320x200", "-o", "-");
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals(
                320, ImageIO.read(new ByteArrayInputStream(out.toByteArray())).getWidth());
        CommandRun terminal = CommandRun.onTerminal("screenshot", "emulated", "-o", "-");
        assertEquals(2, terminal.exitCode());
        assertTrue(terminal.err().contains("standard output is a terminal"), terminal.err());
    }

    @Test
    void aGuestThatShowsNothingIsAFailureAndCanBeWaitedFor() throws IOException {
        try (EmulatedHost host =
                EmulatedHost.of(VgpuProfile.V5.withSize(320, 200).withDisplayOff(true))) {
            CommandRun run = shoot(host);
            assertEquals(1, run.exitCode());
            assertEquals("", run.out());
            assertEquals(
                    "vfio4j: " + host.vgpu().uuid()
                            + ": nothing is scanned out: the guest has not initialized the display, or has switched it off."
                            + " --wait DURATION waits for a picture\n",
                    run.err());
            assertFalse(Files.exists(directory.resolve("picture")));
            long before = host.clock().nanoTime();
            CommandRun waited = shoot(host, "--wait", "3s");
            assertEquals(1, waited.exitCode());
            assertTrue(waited.err().endsWith(". Waited for 3s\n"), waited.err());
            assertEquals(3e9, host.clock().nanoTime() - before, 1e8);
            host.faults()
                    .before(
                            "VFIO_DEVICE_QUERY_GFX_PLANE",
                            20,
                            () -> host.vgpu().guest().pipe(Pipe.A, true));
            CommandRun found = shoot(host, "--wait", "1h");
            assertEquals(0, found.exitCode(), found.err());
            assertPicture(host.vgpu().guest(), picture());
        }
    }

    @Test
    void aVgpuWithoutItsVmHasNoGuest() {
        try (EmulatedHost host =
                EmulatedHost.of(VgpuProfile.V5.withKvmRequired(true).withDisplayOff(true))) {
            CommandRun run = shoot(host);
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("a bare VM was made, which has no guest"), run.err());
        }
    }

    @Test
    void oneWayToThePixelsIsTakenAndNoOther() {
        try (EmulatedHost host =
                EmulatedHost.of(VgpuProfile.V5.withSize(320, 200).withMappableDmabufs(true))) {
            assertTrue(shoot(host).out().contains("by a mapped dma-buf"));
            assertTrue(shoot(host, "--pixels", "map").out().contains("by a mapped dma-buf"));
            assertTrue(shoot(host, "--pixels", "gpu").out().contains("by a GPU that imported the dma-buf"));
            CommandRun read = shoot(host, "--pixels", "read");
            assertEquals(1, read.exitCode());
            assertTrue(read.err().contains("REGION_READ"), read.err());
        }
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MDPY.withSize(320, 200))) {
            assertTrue(shoot(host, "--pixels", "map").out().contains("by a mapped region"));
            assertTrue(shoot(host, "--pixels", "read").out().contains("by reading a region"));
        }
    }

    @Test
    void aDmaBufOfASharedDeviceIsNotFetchedUnasked() {
        CommandRun ours = CommandRun.of("screenshot", "emulated", "-o", file(), "--fetch-dmabuf");
        assertEquals(2, ours.exitCode());
        assertTrue(ours.err().contains("--fetch-dmabuf is for devices of another process"), ours.err());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theBytesOfARegionAreWrittenAsTheyAre(boolean mappable) throws IOException {
        try (EmulatedHost host =
                EmulatedHost.of(VgpuProfile.MDPY.withSize(320, 200).withMappableRegions(mappable))) {
            host.vgpu().guest().draw(20);
            CommandRun run = command(host, "frame");
            assertEquals(0, run.exitCode(), run.err());
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(directory.resolve("picture")))
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int y = 0; y < 200; y++) {
                for (int x = 0; x < 320; x++) {
                    assertEquals(
                            host.vgpu().guest().pixel(x, y) & 0xffffff, bytes.getInt((y * 320 + x) * 4) & 0xffffff);
                }
            }
            assertTrue(
                    run.out().contains(bytes.capacity() + " bytes from region 16: 320x200 XR24, stride 1280"),
                    run.out());
        }
    }

    @Test
    void theBytesOfADmaBufAreWrittenAsTheyAre() throws IOException {
        try (EmulatedHost host = EmulatedHost.of(
                VgpuProfile.V5.withSize(320, 200).withMappableDmabufs(true).withTiling(EmulatedTiling.X))) {
            host.vgpu().guest().cursor();
            CommandRun run = command(host, "frame", "--json");
            assertEquals(0, run.exitCode(), run.err());
            Map<String, Object> json = Json.object(run.out());
            assertEquals("frame", json.get("type"));
            assertEquals("dma-buf", json.get("source"));
            assertEquals("primary", json.get("plane_type"));
            assertEquals(
                    Long.toString(Files.size(directory.resolve("picture"))),
                    json.get("bytes").toString());
            CommandRun cursor = command(host, "frame", "--plane", "cursor");
            assertEquals(0, cursor.exitCode(), cursor.err());
            assertTrue(cursor.out().contains("64x64 AR24"), cursor.out());
        }
    }

    @Test
    void aBufferThatNobodyCanMapIsExplained() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withSize(320, 200))) {
            CommandRun run = command(host, "frame");
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("does not let its dma-bufs be mapped, as GVT-g does not"), run.err());
        }
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withDisplayOff(true))) {
            CommandRun run = command(host, "frame");
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("the primary plane shows nothing"), run.err());
        }
    }
}
