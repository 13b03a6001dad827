package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import java.util.List;
import java.util.Optional;

/** The machine's own GPUs, through EGL and OpenGL ES. Loads nothing before it is asked for something. */
final class EglGraphics implements Graphics {
    @Override
    public boolean isAvailable() {
        return GlAvailability.CAUSE.isEmpty();
    }

    @Override
    public Optional<Throwable> unavailabilityCause() {
        return GlAvailability.CAUSE;
    }

    @Override
    public GraphicsContext open(List<String> nodes) throws GraphicsException {
        return open(nodes, Readback.BEST);
    }

    EglContext open(List<String> nodes, Readback readback) throws GraphicsException {
        if (GlAvailability.CAUSE.isPresent()) {
            Throwable cause = GlAvailability.CAUSE.get();
            throw new GraphicsException("There is no GL: " + cause.getMessage(), cause);
        }
        return EglContext.open(List.copyOf(nodes), readback);
    }
}
