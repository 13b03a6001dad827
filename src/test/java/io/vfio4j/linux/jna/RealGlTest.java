package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.linux.uapi.DrmFourcc;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Debian's Mesa, in software, over vgem: the calls are those on a GPU, and the pixels are compared one by one. */
@Tag("real-kernel")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RealGlTest {
    private static final long SEED = 20_160_907;
    /** Odd, so that pairs of pixels are left open, and unequal. */
    private static final int WIDTH = 61;

    private static final int HEIGHT = 47;
    private static final int OFFSET = 4096;
    private static final int STRIDE = 320;

    /** Opened once: a driver in software in an emulated processor takes its time. */
    private static final Map<Readback, GraphicsContext> CARDS = new EnumMap<>(Readback.class);

    private static JnaLinux linux;
    private static Vgem vgem;

    @BeforeAll
    static void open() throws IOException {
        linux = JnaLinux.open();
        vgem = new Vgem(linux);
        for (Readback readback : Readback.values()) {
            CARDS.put(readback, openCard(readback));
        }
    }

    @AfterAll
    static void close() {
        CARDS.values().forEach(GraphicsContext::close);
        vgem.close();
        assertEquals(List.of(), threads());
    }

    /** Where closing waits for the end, so that it can be seen what is left. */
    private record Awaited(EglContext context) implements GraphicsContext {
        @Override
        public String name() {
            return context.name();
        }

        @Override
        public ImportedImage importImage(DmaBufImage image) throws GraphicsException {
            return context.importImage(image);
        }

        @Override
        public void close() {
            context.close();
            context.awaitEnd();
        }
    }

    private static GraphicsContext openCard(Readback readback) throws GraphicsException {
        return new Awaited(new EglGraphics().open(List.of(Vgem.CARD), readback));
    }

    private static GraphicsContext openCard() throws GraphicsException {
        return open(List.of(Vgem.CARD));
    }

    private static GraphicsContext open(List<String> nodes) throws GraphicsException {
        return new Awaited((EglContext) linux.graphics().open(nodes));
    }

    private static DmaBufImage image(Vgem.Buffer buffer, int format, long modifier) {
        int number = buffer.descriptor().acquire();
        buffer.descriptor().release();
        return new DmaBufImage(number, WIDTH, HEIGHT, format, modifier, OFFSET, STRIDE);
    }

    private static DmaBufImage image(Vgem.Buffer buffer) {
        return image(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, DrmFourcc.DRM_FORMAT_MOD_LINEAR);
    }

    private static Vgem.Buffer randomBuffer(long seed) throws IOException {
        Vgem.Buffer buffer = vgem.create(OFFSET + HEIGHT * STRIDE);
        fill(buffer, seed);
        return buffer;
    }

    private static void fill(Vgem.Buffer buffer, long seed) {
        byte[] noise = new byte[buffer.bytes().size()];
        new Random(seed).nextBytes(noise);
        buffer.bytes().putBytes(0, noise);
    }

    private static ByteBuffer target() {
        return ByteBuffer.allocateDirect(WIDTH * HEIGHT * 4).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void assertSamePicture(Vgem.Buffer buffer, int format, ByteBuffer read, String what) {
        ByteBuffer bytes = ByteBuffer.wrap(
                        buffer.bytes().getBytes(0, buffer.bytes().size()))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int expected = ExpectedPixels.pixel(format, bytes, OFFSET + y * STRIDE, x);
                int actual = read.getInt((y * WIDTH + x) * 4);
                if (expected != actual) {
                    assertEquals(
                            Integer.toHexString(expected),
                            Integer.toHexString(actual),
                            what + ", seed " + SEED + ", at " + x + "," + y);
                }
            }
        }
    }

    static Stream<Arguments> waysAndFormats() {
        return Stream.of(Readback.values())
                .flatMap(readback -> Stream.of(GlFormat.values()).map(format -> Arguments.of(readback, format)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("waysAndFormats")
    void every_format_comes_back_pixel_for_pixel(Readback readback, GlFormat format) throws Exception {
        int fourcc = fourcc(format);
        for (long modifier : new long[] {DrmFourcc.DRM_FORMAT_MOD_LINEAR, DrmFourcc.DRM_FORMAT_MOD_INVALID}) {
            try (Vgem.Buffer buffer = randomBuffer(SEED);
                    ImportedImage imported = CARDS.get(readback).importImage(image(buffer, fourcc, modifier))) {
                ByteBuffer read = target();
                imported.read(read);
                assertSamePicture(buffer, fourcc, read, readback + " " + format);
            }
        }
    }

    private static int fourcc(GlFormat format) throws ReflectiveOperationException {
        return DrmFourcc.class.getField("DRM_FORMAT_" + format).getInt(null);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("waysAndFormats")
    void each_read_sees_what_is_there_then(Readback readback, GlFormat format) throws Exception {
        int fourcc = fourcc(format);
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard(readback);
                ImportedImage imported = context.importImage(image(buffer, fourcc, DrmFourcc.DRM_FORMAT_MOD_LINEAR))) {
            ByteBuffer read = target();
            for (int i = 0; i < 3; i++) {
                fill(buffer, SEED + i);
                imported.read(read);
                assertSamePicture(buffer, fourcc, read, readback + ", read " + i);
            }
        }
    }

    @Test
    void the_import_outlives_the_descriptor_and_leaves_the_target_as_it_was() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard()) {
            Descriptor second = linux.duplicate(buffer.descriptor(), "copy");
            int number = second.acquire();
            second.release();
            DmaBufImage image =
                    new DmaBufImage(number, WIDTH, HEIGHT, DrmFourcc.DRM_FORMAT_XRGB8888, 0, OFFSET, STRIDE);
            try (ImportedImage imported = context.importImage(image)) {
                second.close();
                ByteBuffer larger = ByteBuffer.allocateDirect(WIDTH * HEIGHT * 4 + 16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(WIDTH * HEIGHT * 4, -1)
                        .position(3)
                        .limit(5);
                imported.read(larger);
                assertEquals(3, larger.position());
                assertEquals(5, larger.limit());
                larger.clear();
                assertEquals(-1, larger.getLong(WIDTH * HEIGHT * 4), "wrote beyond the picture");
                assertSamePicture(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, larger, "larger target");
            }
        }
    }

    @Test
    void pictures_of_several_sizes_and_formats_live_together() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard();
                ImportedImage small = context.importImage(new DmaBufImage(
                        image(buffer).descriptor(), 3, 2, DrmFourcc.DRM_FORMAT_RGB565, 0, OFFSET, STRIDE));
                ImportedImage grey = context.importImage(image(buffer, DrmFourcc.DRM_FORMAT_C8, 0));
                ImportedImage plain = context.importImage(image(buffer))) {
            ByteBuffer read = target();
            for (int i = 0; i < 2; i++) {
                grey.read(read);
                assertSamePicture(buffer, DrmFourcc.DRM_FORMAT_C8, read, "grey");
                plain.read(read);
                assertSamePicture(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, read, "plain");
                small.read(read);
                for (int pixel = 0; pixel < 6; pixel++) {
                    ByteBuffer bytes = ByteBuffer.wrap(buffer.bytes().getBytes(0, OFFSET + 2 * STRIDE))
                            .order(ByteOrder.LITTLE_ENDIAN);
                    int line = OFFSET + pixel / 3 * STRIDE;
                    assertEquals(
                            ExpectedPixels.pixel(DrmFourcc.DRM_FORMAT_RGB565, bytes, line, pixel % 3),
                            read.getInt(4 * pixel));
                }
            }
        }
    }

    @Test
    void what_the_gpu_does_not_take_is_named() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard()) {
            assertTrue(context.name().matches("llvmpipe .* on /dev/dri/card0"), context.name());
            assertRefused(
                    context,
                    image(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, DrmFourcc.I915_FORMAT_MOD_Y_TILED),
                    "llvmpipe",
                    "61x47 XRGB8888 (XR24) with modifier I915 Y_TILED",
                    "eglCreateImageKHR says EGL_BAD_MATCH");
            int nv12 = 'N' | 'V' << 8 | '1' << 16 | '2' << 24;
            assertRefused(context, image(buffer, nv12, 0), "61x47 NV12 with modifier LINEAR");
            int number = image(buffer).descriptor();
            assertRefused(
                    context,
                    new DmaBufImage(number, 1 << 30, 1, DrmFourcc.DRM_FORMAT_C8, 0, 0, 1 << 30),
                    "1073741824x1 C8",
                    "its limit is");
            assertRefused(
                    context,
                    new DmaBufImage(number, WIDTH, HEIGHT, DrmFourcc.DRM_FORMAT_XRGB8888, 0, 0, WIDTH * 4 - 1),
                    "has lines of 244 bytes, and a stride of 243");
            int size = buffer.bytes().size();
            assertRefused(
                    context,
                    new DmaBufImage(number, WIDTH, 1, DrmFourcc.DRM_FORMAT_XRGB8888, 0, size - WIDTH * 4 + 1, STRIDE),
                    "ends at byte " + (size + 1) + ", its dma-buf at byte " + size);
            assertRefused(
                    context,
                    new DmaBufImage(number, 1, HEIGHT, DrmFourcc.DRM_FORMAT_C8, 0, 0, Integer.MAX_VALUE),
                    "its dma-buf at byte");
            assertRefused(
                    context,
                    new DmaBufImage(123_456, WIDTH, HEIGHT, DrmFourcc.DRM_FORMAT_XRGB8888, 0, 0, STRIDE),
                    "descriptor 123456 is no dma-buf",
                    "EBADF");
            try (Descriptor file = linux.open("/proc/self/exe", Access.READ)) {
                int noDmaBuf = file.acquire();
                file.release();
                assertRefused(
                        context,
                        new DmaBufImage(noDmaBuf, 1, 1, DrmFourcc.DRM_FORMAT_XRGB8888, 0, 0, 4),
                        "eglCreateImageKHR says EGL_");
            }
            // None of that has harmed it.
            try (ImportedImage imported = context.importImage(image(buffer))) {
                ByteBuffer read = target();
                imported.read(read);
                assertSamePicture(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, read, "after refusals");
            }
        }
    }

    private static void assertRefused(GraphicsContext context, DmaBufImage image, String... parts) {
        GraphicsException refusal = assertThrows(GraphicsException.class, () -> context.importImage(image));
        for (String part : parts) {
            assertTrue(refusal.getMessage().contains(part), () -> part + " is not in: " + refusal.getMessage());
        }
    }

    @Test
    void targets_that_do_not_fit_are_refused() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard();
                ImportedImage imported = context.importImage(image(buffer))) {
            int bytes = WIDTH * HEIGHT * 4;
            for (ByteBuffer wrong : List.of(
                    ByteBuffer.allocate(bytes),
                    ByteBuffer.allocateDirect(bytes - 1),
                    ByteBuffer.allocateDirect(bytes).asReadOnlyBuffer())) {
                assertThrows(IllegalArgumentException.class, () -> imported.read(wrong));
            }
        }
    }

    @Test
    void the_first_node_that_can_read_back_is_taken_and_each_other_one_says_why_not() throws Exception {
        GraphicsException refusal = assertThrows(
                GraphicsException.class,
                () -> linux.graphics().open(List.of("/dev/dri/none", "/dev/null", Vgem.RENDER)));
        assertTrue(
                refusal.getMessage()
                        .matches("No GPU can be used: /dev/dri/none: open: ENOENT .*; /dev/null: .*; " + Vgem.RENDER
                                + ": llvmpipe .* makes no buffer here \\(gbm_bo_create: .*"),
                refusal.getMessage());
        for (List<String> nodes : List.of(List.of(Vgem.RENDER, Vgem.CARD), List.<String>of())) {
            try (GraphicsContext context = open(nodes)) {
                assertTrue(context.name().endsWith(" on " + Vgem.CARD), context.name());
            }
        }
    }

    @Test
    void it_closes_in_any_order_and_as_often_as_one_likes() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED)) {
            GraphicsContext context = openCard();
            GraphicsContext other = openCard();
            ImportedImage first = context.importImage(image(buffer));
            ImportedImage second = context.importImage(image(buffer));
            ImportedImage elsewhere = other.importImage(image(buffer));
            ByteBuffer read = target();
            first.close();
            first.close();
            assertEquals(
                    "the image is closed",
                    assertThrows(GraphicsException.class, () -> first.read(read))
                            .getMessage());
            second.read(read);
            context.close();
            context.close();
            for (ImportedImage closed : List.of(first, second)) {
                assertEquals(
                        "the GPU is closed",
                        assertThrows(GraphicsException.class, () -> closed.read(read))
                                .getMessage());
                closed.close();
            }
            assertThrows(GraphicsException.class, () -> context.importImage(image(buffer)));
            // Another one of the same node goes on.
            fill(buffer, SEED + 1);
            elsewhere.read(read);
            assertSamePicture(buffer, DrmFourcc.DRM_FORMAT_XRGB8888, read, "other context");
            other.close();
            elsewhere.close();
        }
        assertEquals(Readback.values().length, threads().size());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("vfio4j-gl"))
                .toList();
    }

    @Test
    void a_thousand_imports_leave_nothing_behind() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard()) {
            ByteBuffer read = target();
            importOften(context, buffer, read, 100);
            int descriptors = count("/proc/self/fd");
            long maps = lines("/proc/self/maps");
            importOften(context, buffer, read, 1000);
            assertEquals(descriptors, count("/proc/self/fd"), "descriptors");
            // The JVM's own come and go, by ones and twos.
            assertTrue(lines("/proc/self/maps") - maps < 100, () -> "maps were " + maps);
        }
    }

    private static void importOften(GraphicsContext context, Vgem.Buffer buffer, ByteBuffer read, int times)
            throws IOException {
        for (int i = 0; i < times; i++) {
            int format = i % 2 == 0 ? DrmFourcc.DRM_FORMAT_XRGB8888 : DrmFourcc.DRM_FORMAT_YUYV;
            try (ImportedImage imported = context.importImage(image(buffer, format, 0))) {
                imported.read(read);
            }
            assertThrows(
                    GraphicsException.class,
                    () -> context.importImage(image(buffer, format, DrmFourcc.I915_FORMAT_MOD_X_TILED)));
        }
    }

    @Test
    void contexts_that_are_closed_leave_nothing_behind() throws Exception {
        try (Vgem.Buffer buffer = randomBuffer(SEED)) {
            int before = -1;
            for (int i = 0; i < 12; i++) {
                try (GraphicsContext context = openCard();
                        ImportedImage imported = context.importImage(image(buffer))) {
                    imported.read(target());
                    // This one the context has to close.
                    context.importImage(image(buffer));
                }
                assertThrows(GraphicsException.class, () -> linux.graphics().open(List.of(Vgem.RENDER)));
                if (i == 1) {
                    before = count("/proc/self/fd");
                }
            }
            assertEquals(before, count("/proc/self/fd"));
        }
    }

    private static int count(String directory) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of(directory))) {
            return (int) entries.count();
        }
    }

    private static long lines(String file) throws IOException {
        return Files.readAllLines(Path.of(file)).size();
    }

    @Test
    void a_read_allocates_nothing_on_either_thread() throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int format : new int[] {DrmFourcc.DRM_FORMAT_XRGB8888, DrmFourcc.DRM_FORMAT_YUYV}) {
            try (Vgem.Buffer buffer = randomBuffer(SEED);
                    GraphicsContext context = openCard();
                    ImportedImage imported = context.importImage(image(buffer, format, 0))) {
                ByteBuffer read = target();
                long[] gl = Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().equals("vfio4j-gl " + Vgem.CARD))
                        .mapToLong(Thread::getId)
                        .toArray();
                for (int i = 0; i < 200; i++) {
                    imported.read(read);
                }
                long there = LongStream.of(threads.getThreadAllocatedBytes(gl)).sum();
                long here = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 200; i++) {
                    imported.read(read);
                }
                long mine = threads.getCurrentThreadAllocatedBytes() - here;
                long its = LongStream.of(threads.getThreadAllocatedBytes(gl)).sum() - there;
                assertTrue(mine < 200 && its < 200, mine + " and " + its + " bytes by 200 reads");
            }
        }
    }

    @Test
    void many_threads_read_at_once_and_an_interrupt_waits() throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(6);
        try (Vgem.Buffer buffer = randomBuffer(SEED);
                GraphicsContext context = openCard();
                ImportedImage plain = context.importImage(image(buffer));
                ImportedImage drawn = context.importImage(image(buffer, DrmFourcc.DRM_FORMAT_UYVY, 0))) {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<Boolean>> results = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                boolean first = i % 2 == 0;
                results.add(executor.submit(() -> {
                    start.await();
                    ByteBuffer read = target();
                    for (int n = 0; n < 50; n++) {
                        Thread.currentThread().interrupt();
                        (first ? plain : drawn).read(read);
                        if (!Thread.interrupted()) {
                            return false;
                        }
                        assertSamePicture(
                                buffer,
                                first ? DrmFourcc.DRM_FORMAT_XRGB8888 : DrmFourcc.DRM_FORMAT_UYVY,
                                read,
                                "thread");
                    }
                    return true;
                }));
            }
            start.countDown();
            for (Future<Boolean> result : results) {
                assertTrue(result.get(), "the interrupt was lost");
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void a_large_picture_is_exact_up_to_its_last_corner() throws Exception {
        int width = 3840;
        int height = 8;
        for (GlFormat format : List.of(GlFormat.RGB565, GlFormat.YUYV, GlFormat.XRGB8888)) {
            for (Readback readback : Arrays.asList(Readback.values())) {
                try (Vgem.Buffer buffer = vgem.create(width * 4 * height)) {
                    fill(buffer, SEED);
                    int fourcc = fourcc(format);
                    ByteBuffer bytes = ByteBuffer.wrap(
                                    buffer.bytes().getBytes(0, buffer.bytes().size()))
                            .order(ByteOrder.LITTLE_ENDIAN);
                    ByteBuffer read =
                            ByteBuffer.allocateDirect(width * 4 * height).order(ByteOrder.LITTLE_ENDIAN);
                    int number = image(buffer).descriptor();
                    try (ImportedImage imported = CARDS.get(readback)
                            .importImage(new DmaBufImage(number, width, height, fourcc, 0, 0, width * 4))) {
                        imported.read(read);
                    }
                    for (int i = 0; i < width * height; i++) {
                        int expected = ExpectedPixels.pixel(fourcc, bytes, i / width * width * 4, i % width);
                        assertEquals(expected, read.getInt(4 * i), format + " " + readback + " pixel " + i);
                    }
                }
            }
        }
    }
}
