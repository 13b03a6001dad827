package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/** A GPU's device and its thread. */
final class EglContext implements GraphicsContext {
    private static final String DIRECTORY = "/dev/dri";

    private final GlThread thread;
    private final EglDevice device;

    private EglContext(GlThread thread, EglDevice device) {
        this.thread = thread;
        this.device = device;
    }

    static EglContext open(List<String> nodes, Readback readback) throws GraphicsException {
        GlThread thread = GlThread.start("vfio4j-gl");
        Opening opening = new Opening(nodes, readback);
        boolean success = false;
        try {
            thread.call(opening);
            EglDevice device = opening.opened;
            thread.rename("vfio4j-gl " + device.node());
            success = true;
            return new EglContext(thread, device);
        } finally {
            if (!success) {
                thread.end(() -> {});
                thread.join();
            }
        }
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public ImportedImage importImage(DmaBufImage image) throws GraphicsException {
        Import imported = new Import(image);
        thread.call(imported::begin);
        return imported;
    }

    @Override
    public void close() {
        thread.end(device::close);
    }

    /** Waits until it is closed, and its thread has ended. */
    void awaitEnd() {
        thread.join();
    }

    @Override
    public String toString() {
        return name();
    }

    /** Finds the first node that works. */
    private static final class Opening implements GlThread.Work {
        private final List<String> nodes;
        private final Readback readback;
        private final List<GraphicsException> refusals = new ArrayList<>();
        private EglDevice opened;

        Opening(List<String> nodes, Readback readback) {
            this.nodes = nodes;
            this.readback = readback;
        }

        @Override
        public void run() throws GraphicsException {
            List<String> tried = nodes.isEmpty() ? nodesOfTheSystem() : nodes;
            for (String node : tried) {
                try {
                    opened = EglDevice.open(node, readback);
                    return;
                } catch (GraphicsException refusal) {
                    refusals.add(refusal);
                }
            }
            if (nodes.isEmpty()) {
                try {
                    opened = EglDevice.openAny(readback);
                    return;
                } catch (GraphicsException refusal) {
                    refusals.add(refusal);
                }
            }
            StringBuilder message = new StringBuilder("No GPU can be used");
            if (tried.isEmpty()) {
                message.append(" (there is no ").append(DIRECTORY).append("/renderD* or card*)");
            }
            String separator = ": ";
            for (GraphicsException refusal : refusals) {
                message.append(separator).append(refusal.getMessage());
                separator = "; ";
            }
            GraphicsException failure = new GraphicsException(message.toString(), refusals.get(0));
            refusals.stream().skip(1).forEach(failure::addSuppressed);
            throw failure;
        }

        /** Those for rendering first: to open them takes fewer rights, and cannot disturb who shows pictures on the others. */
        private static List<String> nodesOfTheSystem() {
            return Stream.of("renderD", "card").flatMap(Opening::nodesThatBegin).toList();
        }

        private static Stream<String> nodesThatBegin(String prefix) {
            String[] names = new File(DIRECTORY).list();
            return Stream.of(names == null ? new String[0] : names)
                    .filter(name -> name.matches(prefix + "[0-9]{1,9}"))
                    .sorted(Comparator.comparingInt(name -> Integer.parseInt(name.substring(prefix.length()))))
                    .map(name -> DIRECTORY + "/" + name);
        }
    }

    /** An import. Its own lock is for the target: what is handed to the thread allocates nothing. */
    private final class Import implements ImportedImage, GlThread.Work {
        private final ReentrantLock turn = new ReentrantLock(true);
        private final DmaBufImage image;
        private final long bytes;

        /** The thread's own; null before the import and after the end. */
        private EglPicture picture;

        private ByteBuffer target;

        Import(DmaBufImage image) {
            this.image = image;
            this.bytes = 4L * image.width() * image.height();
        }

        void begin() throws GraphicsException {
            picture = device.importImage(image);
        }

        @Override
        public void read(ByteBuffer target) throws GraphicsException {
            if (!target.isDirect() || target.isReadOnly() || target.capacity() < bytes) {
                throw new IllegalArgumentException(
                        "no direct buffer of " + bytes + " bytes that can be written: " + target);
            }
            turn.lock();
            try {
                // JNA counts from the position; at 0, as it mostly is, nothing needs to be allocated.
                this.target =
                        target.position() == 0 ? target : target.duplicate().clear();
                thread.call(this);
            } finally {
                this.target = null;
                turn.unlock();
            }
        }

        @Override
        public void run() throws GraphicsException {
            if (picture == null || target == null) {
                throw new GraphicsException("the image is closed");
            }
            picture.read(target);
        }

        @Override
        public void close() {
            // Where the GPU is closed, all its images are.
            thread.post(this::end);
        }

        private void end() {
            if (picture != null) {
                picture.close();
                picture = null;
            }
        }

        @Override
        public String toString() {
            return GlNames.image(image) + " on " + name();
        }
    }
}
