package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.cli.ServeRun;
import io.vfio4j.contract.ServedHost.Kind;
import io.vfio4j.contract.ServedHost.Shown;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code vfio4j serve UUID}, seen by a VNC client that nobody here wrote, on every kernel. */
@Timeout(value = 240, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ServeContract {
    private ServedHost host;
    private final List<Shown> created = new ArrayList<>();

    abstract ServedHost openHost();

    @BeforeEach
    void open() {
        host = openHost();
    }

    @AfterEach
    void close() throws IOException, InterruptedException {
        for (Shown shown : created) {
            shown.remove();
        }
        host.close();
    }

    private Shown create(Kind kind) throws IOException {
        return create(kind, UUID.randomUUID());
    }

    private Shown create(Kind kind, UUID uuid) throws IOException {
        Shown shown = host.create(kind, uuid);
        created.add(shown);
        return shown;
    }

    private void remove(Shown shown) throws IOException, InterruptedException {
        created.remove(shown);
        shown.remove();
    }

    private ServeRun serve(Shown... devices) {
        return ServeRun.on(
                host.systemCalls(),
                List.of(devices).stream().map(shown -> shown.uuid().toString()).toArray(String[]::new));
    }

    private static VncViewer view(ServeRun serve, Shown shown) throws InterruptedException {
        return VncViewer.connect(serve.port(shown.uuid().toString()));
    }

    /** Every pixel. */
    private static void awaitPicture(VncViewer viewer, Shown shown) throws IOException, InterruptedException {
        int width = shown.width();
        int height = shown.height();
        int[] expected = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                expected[y * width + x] = shown.pixel(x, y);
            }
        }
        viewer.await("the picture of " + shown.uuid(), image -> isExactly(image, width, height, expected));
    }

    /** The sentence, as it is drawn for clients, at the size that they had. */
    private static void awaitPlaceholder(VncViewer viewer, String why) throws InterruptedException {
        viewer.await("'" + why + "'", image -> {
            try (Frame frame = new Frame()) {
                Placeholder.draw(frame, image.getWidth(), image.getHeight(), why);
                int[] expected = new int[image.getWidth() * image.getHeight()];
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = frame.pixel(i % image.getWidth(), i / image.getWidth()) & 0xff_ffff;
                }
                return isExactly(image, image.getWidth(), image.getHeight(), expected);
            }
        });
    }

    private static boolean isExactly(BufferedImage image, int width, int height, int[] expected) {
        if (image.getWidth() != width || image.getHeight() != height) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if ((image.getRGB(i % width, i / width) & 0xff_ffff) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private static String awaitAbsence(ServeRun serve, Shown shown) throws InterruptedException {
        Map<String, Object> line = serve.await(
                "device",
                device -> shown.uuid().toString().equals(device.get("device"))
                        && Boolean.FALSE.equals(device.get("shown")));
        return (String) Optional.ofNullable(line.get("why")).orElseThrow();
    }

    @Test
    void picturesAreExactAndFollowTheIrq() throws Exception {
        Shown shown = create(Kind.IRQ);
        try (ServeRun serve = serve(shown);
                VncViewer viewer = view(serve, shown)) {
            awaitPicture(viewer, shown);
            for (int i = 0; i < 5; i++) {
                shown.flip();
                awaitPicture(viewer, shown);
            }
        }
    }

    @Test
    void picturesInARegionAreExact() throws Exception {
        Shown shown = create(Kind.MDPY);
        try (ServeRun serve = serve(shown);
                VncViewer viewer = view(serve, shown)) {
            awaitPicture(viewer, shown);
        }
    }

    @Test
    void whatCannotBeReadSaysWhy() throws Exception {
        Shown shown = create(Kind.MBOCHS);
        try (ServeRun serve = serve(shown);
                VncViewer viewer = view(serve, shown)) {
            // The sample's first answer after a change of mode is none.
            String why = (String) serve.await(
                            "device", line -> String.valueOf(line.get("why")).contains(" cannot be shown: "))
                    .get("why");
            assertTrue(why.contains("DMABUF_MAPPED: "), why);
            assertTrue(why.contains("DMABUF_GPU: "), why);
            awaitPlaceholder(viewer, why);
        }
    }

    @Test
    void aDeviceThatGoesAndComesKeepsItsClientsAndDisturbsNoOthers() throws Exception {
        Shown going = create(Kind.IRQ);
        Shown other = create(Kind.MDPY);
        try (ServeRun serve = serve(going, other);
                VncViewer viewer = view(serve, going);
                VncViewer beside = view(serve, other)) {
            awaitPicture(viewer, going);
            awaitPicture(beside, other);

            remove(going);
            String why = awaitAbsence(serve, going);
            assertTrue(why.contains("is being removed from the host"), why);
            serve.await(
                    "device",
                    line -> going.uuid().toString().equals(line.get("device"))
                            && String.valueOf(line.get("why")).contains("There is no mediated device of this UUID"));
            assertTrue(viewer.isConnected());

            Shown again = create(Kind.IRQ, going.uuid());
            awaitPicture(viewer, again);
            again.flip();
            awaitPicture(viewer, again);
            serve.await(
                    "device",
                    line -> going.uuid().toString().equals(line.get("device"))
                            && Boolean.TRUE.equals(line.get("shown")));
            assertTrue(beside.isConnected());
            awaitPicture(beside, other);
        }
    }

    @Test
    void whoComesWhileTheDeviceIsAwaySeesWhy() throws Exception {
        Shown going = create(Kind.IRQ);
        try (ServeRun serve = serve(going)) {
            int port = serve.port(going.uuid().toString());
            remove(going);
            String gone = (String) serve.await(
                            "device", line -> String.valueOf(line.get("why")).contains("There is no mediated device"))
                    .get("why");
            try (VncViewer late = VncViewer.connect(port)) {
                awaitPlaceholder(late, gone + "\nWaiting for it.");
            }
        }
    }
}
