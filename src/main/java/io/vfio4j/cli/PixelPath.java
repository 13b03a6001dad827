package io.vfio4j.cli;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.vfio.PlaneAccess;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The value of {@code --pixels}: the way to the pixels. */
enum PixelPath {
    AUTO,
    MAP,
    GPU,
    READ;

    /** Of a device that hands out its planes so. */
    ScreenOptions options(Set<PlaneAccess> access) {
        return switch (this) {
            case AUTO -> ScreenOptions.DEFAULTS;
            case MAP ->
                ScreenOptions.DEFAULTS.withPath(
                        access.contains(PlaneAccess.REGION) ? CapturePath.REGION_MAPPED : CapturePath.DMABUF_MAPPED);
            case GPU -> ScreenOptions.DEFAULTS.withPath(CapturePath.DMABUF_GPU);
            case READ -> ScreenOptions.DEFAULTS.withPath(CapturePath.REGION_READ);
        };
    }

    /** In words. */
    static String words(CapturePath path) {
        return switch (path) {
            case REGION_MAPPED -> "a mapped region";
            case REGION_READ -> "reading a region";
            case DMABUF_MAPPED -> "a mapped dma-buf";
            case DMABUF_GPU -> "a GPU that imported the dma-buf";
        };
    }

    static final class Converter implements ITypeConverter<PixelPath> {
        @Override
        public PixelPath convert(String text) {
            return Arrays.stream(values())
                    .filter(path -> path.name().equalsIgnoreCase(text))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("'" + text + "' is no way to pixels; there are "
                            + Arrays.stream(values())
                                    .map(path -> path.name().toLowerCase(Locale.ROOT))
                                    .collect(Collectors.joining(", "))));
        }
    }
}
