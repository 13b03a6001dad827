package io.vfio4j.emulator;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.linux.uapi.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The GPU of an emulated host, in software: imports every dma-buf of the host's vGPUs, in every format and layout that there is, and
 * reads them back on the calling thread.
 */
final class SoftwareGraphics implements Graphics {
    static final String OPEN = "eglInitialize";
    static final String IMPORT = "eglCreateImage";
    static final String READ = "glReadPixels";

    private static final List<String> NODES = List.of("/dev/dri/renderD128", "/dev/dri/card0");

    private final Kernel kernel;
    private final Task task;

    SoftwareGraphics(Kernel kernel, Task task) {
        this.kernel = kernel;
        this.task = task;
    }

    private interface Body<T> {
        T run() throws KernelError, GraphicsException;
    }

    /** What was asked for begins every message. */
    private <T> T call(String operation, String target, Body<T> body) throws GraphicsException {
        kernel.lock();
        try {
            kernel.enter(task, operation, target, "");
            return body.run();
        } catch (KernelError error) {
            throw new GraphicsException(
                    operation + " of " + target + ": " + error.getMessage() + ", " + Errno.meaning(error.errno()),
                    error);
        } catch (ClosedException closed) {
            throw new GraphicsException(operation + " of " + target + ": " + closed.getMessage(), closed);
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public boolean isAvailable() {
        return unavailabilityCause().isEmpty();
    }

    @Override
    public Optional<Throwable> unavailabilityCause() {
        kernel.lock();
        try {
            return kernel.faults().hasGraphics() ? Optional.empty() : Optional.of(missing());
        } finally {
            kernel.unlock();
        }
    }

    private static GraphicsException missing() {
        return new GraphicsException(
                "libEGL.so.1 cannot be loaded: the library is not there. Install libegl1 and libgl1-mesa-dri.",
                new UnsatisfiedLinkError("libEGL.so.1: cannot open shared object file: No such file or directory"));
    }

    @Override
    public GraphicsContext open(List<String> nodes) throws GraphicsException {
        List<String> wanted = nodes.isEmpty() ? NODES : nodes;
        String known = wanted.stream()
                .filter(NODES::contains)
                .findFirst()
                .orElseThrow(() -> new GraphicsException("no GPU: "
                        + String.join(
                                "; ",
                                wanted.stream()
                                        .map(node -> node + ": no such file")
                                        .toList())));
        return call(OPEN, known, () -> {
            if (!kernel.faults().hasGraphics()) {
                throw missing();
            }
            return new Context(known);
        });
    }

    /** Imports end with it, or with the process. */
    private final class Context implements GraphicsContext {
        private final String node;
        private final Task.Holding holding = task.holding();
        private boolean closed;

        Context(String node) {
            this.node = node;
        }

        @Override
        public String name() {
            return "software of the emulated host on " + node;
        }

        @Override
        public ImportedImage importImage(DmaBufImage image) throws GraphicsException {
            String described = describe(image);
            return call(IMPORT, described, () -> {
                if (closed) {
                    throw new GraphicsException(described + ": the GPU is closed");
                }
                if (kernel.faults().refusesImport(image)) {
                    throw new GraphicsException(described + ": EGL_BAD_MATCH");
                }
                EmulatedFormat format = EmulatedFormat.of(image.format())
                        .orElseThrow(() -> new GraphicsException(described + ": the format is not supported"));
                EmulatedTiling tiling = EmulatedTiling.of(image.modifier())
                        .orElseThrow(() -> new GraphicsException(described + ": the modifier is not supported"));
                if (!(task.descriptors().file(image.descriptor()) instanceof DmaBuf buffer)) {
                    throw new GraphicsException(described + ": the descriptor is no dma-buf");
                }
                Layout layout = new Layout(image.width(), image.height(), format, tiling, image.strideBytes());
                check(image, layout, buffer.size(), described);
                return new Imported(this, buffer, layout, image.offsetBytes(), described);
            });
        }

        @Override
        public void close() {
            kernel.lock();
            try {
                closed = true;
                holding.end();
                kernel.signalChange();
            } finally {
                kernel.unlock();
            }
        }
    }

    private static void check(DmaBufImage image, Layout layout, long size, String described) throws GraphicsException {
        int pixelBytes = layout.format().pixelBytes();
        int unit = layout.tiling().tileWidthBytes(pixelBytes);
        long line = (image.width() + layout.format().group() - 1L)
                / layout.format().group()
                * layout.format().group()
                * pixelBytes;
        if (line > image.strideBytes() || image.strideBytes() % unit != 0) {
            throw new GraphicsException(described + ": EGL_BAD_ATTRIBUTE, a line has " + line + " bytes");
        }
        if (layout.tiling() != EmulatedTiling.LINEAR && image.offsetBytes() % EmulatedTiling.TILE_BYTES != 0) {
            throw new GraphicsException(described + ": EGL_BAD_ATTRIBUTE, no tile begins at " + image.offsetBytes());
        }
        int rows = layout.tiling().tileRows(pixelBytes);
        long lines = (image.height() + rows - 1L) / rows * rows;
        // The last line of a linear picture need not be whole.
        long needed = layout.tiling() == EmulatedTiling.LINEAR
                ? (lines - 1) * image.strideBytes() + line
                : lines * image.strideBytes();
        if (image.offsetBytes() + needed > size) {
            throw new GraphicsException(described + ": EGL_BAD_ACCESS, the dma-buf has " + size + " bytes, the image "
                    + (image.offsetBytes() + needed));
        }
    }

    private static String describe(DmaBufImage image) {
        String format = EmulatedFormat.of(image.format())
                .map(Enum::name)
                .orElse(String.format(Locale.ROOT, "fourcc 0x%08x", image.format()));
        return image.width() + "x" + image.height() + " " + format + ", "
                + EmulatedTiling.of(image.modifier())
                        .map(tiling -> tiling == EmulatedTiling.LINEAR ? "linear" : tiling + "-tiled")
                        .orElse(String.format(Locale.ROOT, "modifier 0x%016x", image.modifier()))
                + ", stride " + image.strideBytes();
    }

    /** Holds the dma-buf, not a descriptor. */
    private final class Imported implements ImportedImage {
        private final Context context;
        private final DmaBuf buffer;
        private final Layout layout;
        private final int offset;
        private final String described;
        private final byte[] line;
        private final int[] colours;
        private final Task.Area held;
        private boolean closed;

        Imported(Context context, DmaBuf buffer, Layout layout, int offset, String described) {
            this.context = context;
            this.buffer = buffer;
            this.layout = layout;
            this.offset = offset;
            this.described = described;
            this.line = new byte[layout.format().lineBytes(layout.width())];
            this.colours = new int[layout.width()];
            buffer.get();
            kernel.countImports(1);
            this.held = context.holding.add(() -> {
                closed = true;
                kernel.countImports(-1);
                buffer.put();
            });
        }

        @Override
        public void read(ByteBuffer target) throws GraphicsException {
            long needed = 4L * layout.width() * layout.height();
            if (!target.isDirect() || target.isReadOnly() || target.capacity() < needed) {
                throw new IllegalArgumentException("a picture of " + needed + " bytes into " + target);
            }
            call(READ, described, () -> {
                if (closed) {
                    throw new GraphicsException(
                            described + ": the " + (context.closed ? "GPU" : "image") + " is closed");
                }
                read(
                        buffer.bytes(),
                        target.duplicate()
                                .clear()
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .asIntBuffer());
                return 0;
            });
        }

        private void read(ByteBuffer from, IntBuffer to) {
            for (int y = 0; y < layout.height(); y++) {
                layout.tiling()
                        .get(from, offset, layout.strideBytes(), layout.format().pixelBytes(), y, line, line.length);
                layout.format().decode(line, layout.width(), colours);
                to.put(y * layout.width(), colours);
            }
        }

        @Override
        public void close() {
            kernel.lock();
            try {
                held.end();
                kernel.signalChange();
            } finally {
                kernel.unlock();
            }
        }
    }
}
