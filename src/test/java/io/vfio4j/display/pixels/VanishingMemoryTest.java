package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Errno;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A device that is taken out while its picture is read: an error, not the end of the process. */
@EnabledOnOs(OS.LINUX)
class VanishingMemoryTest {
    private static final int WIDTH = 256;
    private static final int HEIGHT = 256;
    private static final int SIZE = WIDTH * HEIGHT * 4;
    /** So often that everything is compiled. */
    private static final int WARM = 500;

    @TempDir
    private Path directory;

    static Stream<Arguments> readers() {
        ByteBuffer target = ByteBuffer.allocateDirect(SIZE);
        Stream<Arguments> conversions = Stream.of(PixelFormat.values()).map(format -> {
            Conversion conversion = Conversion.of(format);
            // The stride of XRGB8888 for all, so that all of them read up to the end.
            return reader(
                    format.toString(),
                    bytes -> conversion.convert(bytes, 0, WIDTH * 4, WIDTH, HEIGHT, target, 0, WIDTH * 4));
        });
        Stream<Arguments> layouts = Stream.of(Tiling.values()).map(tiling -> {
            Detiler detiler = Detiler.of(tiling, Swizzle.NONE, PixelFormat.XRGB8888);
            return reader(
                    detiler.toString(),
                    bytes -> detiler.detile(bytes, 0, WIDTH * 4, WIDTH, HEIGHT, target, 0, WIDTH * 4));
        });
        return Stream.concat(conversions, layouts);
    }

    private static Arguments reader(String name, Consumer<ByteBuffer> reader) {
        return Arguments.of(name, reader);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("readers")
    void readingIsRefusedAndWorksAgainWhenTheMemoryIsBack(String name, Consumer<ByteBuffer> reader) throws Exception {
        SystemCalls linux = JnaLinux.open();
        Path path = directory.resolve("picture");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(SIZE);
            try (Descriptor descriptor = linux.open(path.toString(), Access.READ_WRITE);
                    Mapping mapping = linux.map(descriptor, 0, SIZE, Access.READ)) {
                for (int warm : new int[] {0, WARM}) {
                    for (int i = 0; i < warm; i++) {
                        mapping.read(reader);
                    }
                    for (int left : new int[] {SIZE / 2, 0}) {
                        file.setLength(left);
                        LinuxException gone = assertThrows(LinuxException.class, () -> mapping.read(reader), name);
                        assertEquals(Errno.EFAULT, gone.errno());
                    }
                    file.setLength(SIZE);
                    mapping.read(reader);
                }
            }
        }
    }
}
