package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Native;
import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.uapi.DrmFourcc;
import java.io.File;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** GL as far as a machine without a GPU has it. Pixels are compared by {@code RealGlTest}, in a real kernel. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class EglGraphicsTest {
    @TempDir
    Path directory;

    private final Graphics graphics = new EglGraphics();

    @Test
    void each_library_that_is_missing_is_named_with_its_package() {
        Throwable one = GlAvailability.causeOf(library -> {
                    if (library == GlLibrary.GBM) {
                        throw new UnsatisfiedLinkError("libgbm.so.1: cannot open shared object file");
                    }
                })
                .orElseThrow();
        assertEquals(
                "libgbm.so.1 cannot be loaded, or is too old. Install the GL libraries of the system; on Debian: apt install"
                        + " libgbm1 libgl1-mesa-dri.",
                one.getMessage());
        assertEquals(
                "libgbm.so.1: cannot open shared object file", one.getCause().getMessage());
        Throwable all = GlAvailability.causeOf(library -> {
                    throw new UnsatisfiedLinkError(library.file());
                })
                .orElseThrow();
        assertTrue(
                all.getMessage()
                        .startsWith("libEGL.so.1, libgbm.so.1, libGLESv2.so.2 cannot be loaded, or are too old."),
                all.getMessage());
        assertTrue(all.getMessage().contains("apt install libegl1 libgbm1 libgles2 libgl1-mesa-dri"), all.getMessage());
        assertEquals(2, all.getSuppressed().length);
        assertEquals(Optional.empty(), GlAvailability.causeOf(library -> {}));
    }

    @Test
    void a_library_that_the_system_does_not_have_is_a_cause_and_no_crash() {
        assertTrue(GlAvailability.causeOf(library -> {
                    com.sun.jna.NativeLibrary.getInstance("libnosuchgl.so.1");
                })
                .isPresent());
    }

    private List<String> report(String... options) throws Exception {
        Path report = directory.resolve("report");
        Path output = directory.resolve("output");
        String classPath = Stream.of(JnaLinux.class, GlReport.class, Native.class)
                .map(type -> Path.of(URI.create(type.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toString()))
                        .toString())
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath, GlReport.class.getName(), report.toString()));
        int exit = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start()
                .waitFor();
        assertEquals(0, exit, Files.readString(output));
        return Files.readAllLines(report);
    }

    @Test
    void nothing_is_loaded_before_somebody_asks() throws Exception {
        assumeTrue(graphics.isAvailable(), "no GL here");
        List<String> report = report();
        assertEquals(List.of("before []", "available true"), report.subList(0, 2));
        assertTrue(report.get(2).matches("after \\[.*libEGL.*, libGLESv2.*, libgbm.*\\]"), report.get(2));
    }

    @Test
    void gl_can_be_switched_off_alone_and_with_everything_else() throws Exception {
        assertEquals(
                List.of(
                        "before []",
                        "available false",
                        "cause Switched off by -Dio.vfio4j.gl=off.",
                        "after []",
                        "refused There is no GL: Switched off by -Dio.vfio4j.gl=off."),
                report("-Dio.vfio4j.gl=off"));
        assertEquals(
                List.of(
                        "before []",
                        "available false",
                        "cause Switched off by -Dio.vfio4j.jna=off.",
                        "after []",
                        "refused There is no GL: Switched off by -Dio.vfio4j.jna=off."),
                report("-Dio.vfio4j.jna=off"));
    }

    @Test
    void where_no_gpu_can_be_used_each_node_says_why() {
        assumeTrue(
                graphics.isAvailable(),
                () -> "no GL here: "
                        + graphics.unavailabilityCause().orElseThrow().getMessage());
        GraphicsException refusal =
                assertThrows(GraphicsException.class, () -> graphics.open(List.of("/dev/dri/none", "/dev/null")));
        assertTrue(
                refusal.getMessage()
                        .matches(
                                "No GPU can be used: /dev/dri/none: open: ENOENT \\(.*\\); /dev/null: it is no DRM node .*"),
                refusal.getMessage());
        assertEquals(1, refusal.getCause().getSuppressed().length);
        assertFalse(Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("vfio4j-gl")));
    }

    /** Mesa's software renderer starts here, on our thread, and is asked for its extensions. */
    @Test
    void without_any_node_the_renderer_says_what_it_lacks() {
        assumeTrue(graphics.isAvailable(), "no GL here");
        assumeTrue(!Files.exists(Path.of("/dev/dri")), "there is a GPU here, which may be usable");
        for (int i = 0; i < 3; i++) {
            GraphicsException refusal = assertThrows(GraphicsException.class, () -> graphics.open(List.of()));
            assertTrue(
                    refusal.getMessage()
                            .matches("No GPU can be used \\(there is no /dev/dri/renderD\\* or card\\*\\): "
                                    + "EGL's own choice: llvmpipe .* has no EGL_EXT_image_dma_buf_import"),
                    refusal.getMessage());
        }
    }

    @Test
    void every_format_has_its_name() throws Exception {
        Set<String> names = Stream.of(DrmFourcc.class.getFields())
                .map(Field::getName)
                .filter(name -> name.startsWith("DRM_FORMAT_") && !name.contains("_MOD_"))
                .map(name -> name.substring("DRM_FORMAT_".length()))
                .collect(Collectors.toSet());
        assertTrue(names.remove("R8"), "what C8 is imported as");
        assertEquals(names, Stream.of(GlFormat.values()).map(GlFormat::name).collect(Collectors.toSet()));
        for (GlFormat format : GlFormat.values()) {
            int fourcc = DrmFourcc.class.getField("DRM_FORMAT_" + format).getInt(null);
            assertEquals(Optional.of(format), GlFormat.of(fourcc));
            assertTrue(GlNames.format(fourcc).startsWith(format + " ("), GlNames.format(fourcc));
        }
        assertEquals("XRGB8888 (XR24)", GlNames.format(DrmFourcc.DRM_FORMAT_XRGB8888));
        assertEquals("C8 (C8)", GlNames.format(DrmFourcc.DRM_FORMAT_C8));
        assertEquals("0x00000001", GlNames.format(1));
        assertEquals("I915 Yf_TILED", GlNames.modifier(DrmFourcc.I915_FORMAT_MOD_Yf_TILED));
        assertEquals("0x0300000000000001", GlNames.modifier(0x0300_0000_0000_0001L));
    }

    @Test
    void every_error_has_the_name_that_its_header_has() throws Exception {
        for (Field constant : EglAbi.class.getDeclaredFields()) {
            String name = constant.getName();
            int value = constant.getInt(null);
            if (value >= EglAbi.EGL_SUCCESS && value <= EglAbi.EGL_CONTEXT_LOST) {
                assertEquals(name, GlNames.eglError(value));
            }
        }
        for (Field constant : GlesAbi.class.getDeclaredFields()) {
            int value = constant.getInt(null);
            if (value >= GlesAbi.GL_INVALID_ENUM && value <= GlesAbi.GL_CONTEXT_LOST_KHR) {
                assertEquals(constant.getName().replace("_KHR", ""), GlNames.glError(value));
            }
        }
        assertEquals("GL error 0x00000001", GlNames.glError(1));
        assertEquals("EGL error 0x00000001", GlNames.eglError(1));
    }
}
