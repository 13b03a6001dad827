package io.vfio4j.emulator;

import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import java.util.List;
import java.util.Optional;

/** Not there yet. */
final class SoftwareGraphics implements Graphics {
    @Override
    public boolean isAvailable() {
        return false;
    }

    @Override
    public Optional<Throwable> unavailabilityCause() {
        return Optional.of(new GraphicsException("there is no GPU yet"));
    }

    @Override
    public GraphicsContext open(List<String> nodes) throws GraphicsException {
        throw new GraphicsException("there is no GPU yet");
    }
}
