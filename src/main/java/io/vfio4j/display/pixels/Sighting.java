package io.vfio4j.display.pixels;

import io.vfio4j.vfio.Plane;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a query has found: the plane, and the buffer that it is in, pinned. Used again by the next one. */
final class Sighting {
    Optional<Plane> plane = Optional.empty();

    @Nullable
    PixelBuffer buffer;

    PixelBuffer require() {
        return Objects.requireNonNull(buffer);
    }

    void forget() {
        plane = Optional.empty();
        buffer = null;
    }
}
