package io.vfio4j.display.pixels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.linux.uapi.Vfio.DeviceGfxPlaneInfo;
import io.vfio4j.vfio.PlaneType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dma-bufs are held as long as they are of use, and not a moment longer. */
class DmaBufCacheTest {
    private static final int KEPT = 5;

    private static long calls(Scene scene, String name) {
        return scene.host.trace().stream().filter(call -> call.startsWith(name)).count();
    }

    private static long fetches(Scene scene) {
        return calls(scene, "VFIO_DEVICE_GET_GFX_DMABUF");
    }

    private static void rewrite(Scene scene, Consumer<ByteBuffer> change) {
        scene.host.faults().rewrite(Vfio.VFIO_DEVICE_QUERY_GFX_PLANE, reply -> {
            change.accept(ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN));
            return reply;
        });
    }

    private static Scene scene(boolean mappable) throws Exception {
        return new Scene(VgpuProfile.V6.withSize(320, 200).withMappableDmabufs(mappable));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGuestThatGoesRoundItsBuffersHasEachFetchedOnce(boolean mappable) throws Exception {
        try (Scene scene = scene(mappable);
                Frame frame = new Frame()) {
            for (int i = 0; i < 50; i++) {
                assertTrue(scene.screen.capture(frame));
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
            assertEquals(3, fetches(scene));
            assertEquals(mappable ? 3 : 1, calls(scene, "mmap"));
            assertEquals(3, scene.screen.stats().dmaBufs());
            assertEquals(mappable ? 3 : 0, scene.screen.stats().mappings());
            assertEquals(mappable ? 0 : 3, scene.screen.stats().imports());
            assertEquals(mappable ? 3 : 0, scene.host.mappings());
            assertEquals(mappable ? 0 : 3, scene.host.imports());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oldBuffersAreLetGoWithAllThatHangsOnThem(boolean mappable) throws Exception {
        try (Scene scene = scene(mappable);
                Frame frame = new Frame()) {
            for (int i = 0; i < 60; i++) {
                scene.guest().setMode(200 + 8 * (i % 7), 100 + i);
                for (int flips = 0; flips < 3; flips++) {
                    assertTrue(scene.screen.capture(frame));
                    ScreenTest.assertShows(scene.guest(), frame);
                    scene.guest().flip();
                    scene.vgpu().vblank(1);
                }
                assertTrue(scene.host.dmaBufs() <= KEPT);
                assertTrue(
                        scene.vgpu().framebuffers() <= KEPT,
                        () -> "of " + scene.vgpu().framebuffers());
                assertTrue(scene.host.mappings() + scene.host.imports() <= KEPT);
            }
            assertEquals(KEPT, scene.screen.stats().dmaBufs());
        }
    }

    @Test
    void aBufferThatOnlyWasLookedAtIsHeldToo() throws Exception {
        try (Scene scene = scene(true)) {
            for (int i = 0; i < 20; i++) {
                scene.guest().setMode(200 + 8 * i, 100);
                assertTrue(scene.screen.plane(PlaneType.PRIMARY).isPresent());
                assertTrue(scene.vgpu().framebuffers() <= KEPT);
            }
            assertEquals(0, scene.host.mappings());
        }
    }

    @Test
    void imagesOfTheCursorPushOutNoScreens() throws Exception {
        try (Scene scene = scene(true);
                Frame frame = new Frame();
                Cursor cursor = new Cursor()) {
            scene.guest().cursor();
            scene.guest().moveCursor(30, 40);
            for (int i = 0; i < 3; i++) {
                scene.screen.capture(frame);
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
            for (int i = 0; i < 20; i++) {
                scene.guest().cursorSize(64 << i % 3);
                assertTrue(scene.screen.cursor(cursor));
            }
            long before = fetches(scene);
            for (int i = 0; i < 6; i++) {
                scene.screen.capture(frame);
                scene.guest().flip();
                scene.vgpu().vblank(1);
            }
            assertEquals(before, fetches(scene));
            assertTrue(scene.host.dmaBufs() <= 2 * KEPT);
        }
    }

    @Test
    void anIdThatComesBackWithAnotherSizeIsFetchedAnew() throws Exception {
        try (Scene scene = scene(true);
                Frame frame = new Frame()) {
            scene.screen.capture(frame);
            assertEquals(1, fetches(scene));
            rewrite(scene, plane -> {
                plane.putInt(DeviceGfxPlaneInfo.HEIGHT, 100);
                plane.putInt(DeviceGfxPlaneInfo.SIZE_MEMBER, 100 * 1280);
            });
            for (int i = 0; i < 3; i++) {
                scene.screen.capture(frame);
                assertEquals(100, frame.height());
                assertEquals(2, fetches(scene), "an id that was used again");
                assertEquals(1, scene.screen.stats().dmaBufs());
                assertEquals(1, scene.host.mappings());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anotherStrideIsTheSameBufferSeenOtherwise(boolean mappable) throws Exception {
        // 330 pixels have a stride of 1344 bytes.
        try (Scene scene = new Scene(VgpuProfile.V6.withSize(330, 200).withMappableDmabufs(mappable));
                Frame frame = new Frame()) {
            scene.screen.capture(frame);
            int straight = frame.pixel(40, 0);
            rewrite(scene, plane -> plane.putInt(DeviceGfxPlaneInfo.STRIDE, 1320));
            scene.screen.capture(frame);
            // The second line begins 24 bytes earlier in what is the first one's padding and the second one.
            assertEquals(straight, frame.pixel(40, 0));
            assertEquals(scene.guest().pixel(40 - 6, 1), frame.pixel(40, 1) & 0xff_ffff);
            assertEquals(1, fetches(scene));
            assertEquals(mappable ? 0 : 1, scene.host.imports());
            scene.host.faults().clear();
            scene.screen.capture(frame);
            ScreenTest.assertShows(scene.guest(), frame);
            assertEquals(1, fetches(scene));
        }
    }

    @Test
    void whatWasHandedOutStaysWhateverComes() throws Exception {
        try (Scene scene = scene(true);
                Frame frame = new Frame()) {
            List<DmaBuf> handedOut = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                scene.guest().setMode(200 + 8 * i, 100);
                handedOut.add(scene.screen.dmaBuf(PlaneType.PRIMARY).orElseThrow());
                scene.screen.capture(frame);
            }
            assertEquals(12, scene.host.dmaBufs());
            assertEquals(12, fetches(scene), "fetching twice what is open crashes mbochs");
            handedOut.forEach(DmaBuf::close);
            scene.guest().setMode(640, 480);
            scene.screen.capture(frame);
            assertEquals(KEPT, scene.host.dmaBufs());
            DmaBuf last = scene.screen.dmaBuf(PlaneType.PRIMARY).orElseThrow();
            scene.screen.close();
            assertEquals(1, scene.host.dmaBufs());
            last.close();
        }
    }

    @Test
    void onASharedDeviceNothingIsFetchedAndTheErrorSaysWhy() throws Exception {
        try (Scene scene = scene(true)) {
            scene.screen.close();
            Screen shared =
                    Screen.of(scene.device, scene.device.planeAccess(), false, ScreenOptions.DEFAULTS, Witness.NONE);
            try {
                assertTrue(shared.plane(PlaneType.PRIMARY).isPresent());
                UnreadablePixelsException e = assertThrows(UnreadablePixelsException.class, shared::capture);
                assertTrue(e.getMessage().contains("shared"), e::getMessage);
                assertThrows(UnreadablePixelsException.class, () -> shared.dmaBuf(PlaneType.PRIMARY));
                assertThrows(UnreadablePixelsException.class, () -> shared.lend((pixels, w, h, stride) -> {}));
                assertEquals(0, fetches(scene));
            } finally {
                shared.close();
            }
        }
        try (Scene scene = new Scene(ScreenTest.REGION)) {
            scene.screen.close();
            Screen shared =
                    Screen.of(scene.device, scene.device.planeAccess(), false, ScreenOptions.DEFAULTS, Witness.NONE);
            try {
                ScreenTest.assertShows(scene.guest(), shared.capture().orElseThrow());
                assertFalse(shared.cursor(new Cursor()));
                assertEquals(Optional.empty(), shared.cursor());
            } finally {
                shared.close();
            }
        }
    }
}
