package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.DrmFourcc;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What went wrong once is not wrong for ever, and what one reader does is not felt by another. */
class ScreenRecoveryTest {
    private static final Duration A_WHILE = Duration.ofSeconds(11);

    private static void rewrite(Scene scene, Consumer<ByteBuffer> change) {
        scene.host.faults().rewrite(Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, reply -> {
            change.accept(ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN));
            return reply;
        });
    }

    @Test
    void aMappingThatIsOutgrownStaysForWhoReadsIt() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(330, 200).withMappableDmabufs(true));
                Frame frame = new Frame();
                Frame other = new Frame()) {
            AtomicInteger stride = new AtomicInteger(1320);
            rewrite(scene, plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, stride.get()));
            AtomicBoolean read = new AtomicBoolean();
            // After the first reader has mapped, before it reads.
            scene.host.faults().before("DMA_BUF_IOCTL_SYNC", 1, () -> {
                stride.set(1344);
                try {
                    read.set(scene.screen.capture(other));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertTrue(scene.screen.capture(frame));
            assertTrue(read.get());
            assertEquals(1, scene.host.mappings(), "the outgrown one is gone");
        }
    }

    @Test
    void aMappingThatCannotGrowIsStillThereForWhatFits() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(330, 200).withMappableDmabufs(true));
                Frame frame = new Frame()) {
            AtomicInteger stride = new AtomicInteger(1320);
            rewrite(scene, plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, stride.get()));
            assertTrue(scene.screen.capture(frame));
            stride.set(1344);
            scene.host.faults().fail("mmap", 1, Errno.ENOMEM);
            assertTrue(scene.screen.capture(frame));
            assertEquals(Optional.of(CapturePath.DMABUF_GPU), frame.path());
            stride.set(1320);
            assertTrue(scene.screen.capture(frame));
            assertEquals(Optional.of(CapturePath.DMABUF_MAPPED), frame.path());
        }
    }

    @Test
    void aRegionThatCouldNotBeMappedOnceIsMappedTheNextTimeAndNotReadMeanwhile() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.MDPY.withSize(128, 64));
                Frame frame = new Frame()) {
            scene.host.faults().fail("mmap", 1, Errno.ENOMEM);
            assertEquals(
                    Errno.ENOMEM,
                    assertThrows(LinuxException.class, () -> scene.screen.capture(frame))
                            .errno());
            assertTrue(scene.screen.capture(frame));
            assertEquals(Optional.of(CapturePath.REGION_MAPPED), frame.path());
        }
    }

    @Test
    void anImportThatWasRefusedIsTriedAgainAfterAWhile() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(128, 64));
                Frame frame = new Frame()) {
            scene.host.faults().refuseImports(image -> image.modifier() == DrmFourcc.DRM_FORMAT_MOD_LINEAR);
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame));
            scene.host.faults().clear();
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame), "not at once");
            scene.host.clock().advance(A_WHILE);
            assertTrue(scene.screen.capture(frame));
        }
    }

    @Test
    void aGpuThatWasLostIsOpenedAnew() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(128, 64));
                Frame frame = new Frame()) {
            assertTrue(scene.screen.capture(frame));
            scene.host.faults().fail("glReadPixels", 1, Errno.EIO);
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame));
            scene.host.faults().fail("eglCreateImage", 1, Errno.EIO);
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame));
            assertEquals(0, scene.host.imports(), "the GPU is closed");
            assertEquals(Optional.empty(), scene.screen.stats().gpu());
            assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame), "not at once");
            scene.host.clock().advance(A_WHILE);
            assertTrue(scene.screen.capture(frame));
            assertTrue(scene.screen.stats().gpu().isPresent());
        }
    }

    @Test
    void oneFailedReadIsForgottenByTheNext() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(128, 64));
                Frame frame = new Frame()) {
            for (int i = 0; i < 5; i++) {
                scene.host.faults().fail("glReadPixels", 1, Errno.EIO);
                assertThrows(UnreadablePixelsException.class, () -> scene.screen.capture(frame));
                assertTrue(scene.screen.capture(frame));
            }
        }
    }

    @Test
    void aFramebufferOfMbochsIsFetchedOnceHoweverManyTheGuestGoesThrough() throws Exception {
        try (Scene scene = new Scene(VgpuProfile.MBOCHS.withSize(320, 200))) {
            for (int i = 0; i < 21; i++) {
                scene.guest().setMode(320 + 8 * (i % 7), 200);
                assertTrue(scene.screen.plane(PlaneType.PRIMARY).isPresent());
            }
            long fetches = scene.host.trace().stream()
                    .filter(call -> call.startsWith("VFIO_DEVICE_GET_GFX_DMABUF"))
                    .count();
            assertEquals(7, fetches);
            assertEquals(0, scene.vgpu().forbiddenCalls());
        }
    }
}
