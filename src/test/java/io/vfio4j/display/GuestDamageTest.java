package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.display.pixels.Damage;
import io.vfio4j.display.pixels.DamageHistory;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From what a guest draws to the rectangles that a frontend repaints. */
class GuestDamageTest {
    private static final int ROUNDS = 120;

    @ParameterizedTest
    @CsvSource({"XRGB8888, LINEAR, true", "XRGB8888, Y, false", "RGB565, X, true", "YUYV, LINEAR, true", "C8, YF, false"
    })
    void whatTheGuestMadeDirtyIsNeverMissedAndNoOtherTileIsNamed(
            EmulatedFormat format, EmulatedTiling tiling, boolean mappable) throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        VgpuProfile profile = VgpuProfile.V6
                .withSize(419, 192)
                .withFormat(format)
                .withTiling(tiling)
                .withMappableDmabufs(mappable);
        try (EmulatedHost host = EmulatedHost.of(profile);
                EventLoop loop = EventLoop.stepped(host.systemCalls());
                Display display = Display.attach(
                        loop,
                        VfioDevice.open(
                                host.systemCalls(),
                                MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
                Frame frame = new Frame()) {
            EmulatedGuest guest = host.vgpu().guest();
            Screen screen = display.screen();
            Damage damage = new Damage();
            DamageHistory keen = damage.history();
            DamageHistory lazy = damage.history();
            BitSet owedToTheLazy = new BitSet();
            int[] before = {};
            for (int round = 0; round < ROUNDS; round++) {
                act(guest, random);
                assertTrue(screen.capture(frame));
                damage.update(frame);
                int[] now = new int[frame.width() * frame.height()];
                frame.pixels().get(0, now);
                BitSet expected = changedTiles(before, now, frame.width(), frame.height());
                BitSet dirty = new BitSet();
                guest.takeDirtyAreas()
                        .forEach(area -> mark(
                                dirty, area.x(), area.y(), area.width(), area.height(), frame.width(), frame.height()));
                keen.take();
                BitSet told = told(keen, frame);
                String where = "seed " + seed + ", round " + round;
                assertEquals(expected, told, where);
                BitSet beyond = (BitSet) told.clone();
                beyond.andNot(dirty);
                assertTrue(beyond.isEmpty(), where + ": the guest did not touch tiles " + beyond);
                if (now.length != before.length) {
                    owedToTheLazy.clear();
                }
                owedToTheLazy.or(expected);
                if (random.nextInt(5) == 0) {
                    lazy.take();
                    assertEquals(owedToTheLazy, told(lazy, frame), where);
                    owedToTheLazy.clear();
                }
                before = now;
            }
        }
    }

    private static void act(EmulatedGuest guest, Random random) {
        switch (random.nextInt(8)) {
            case 0 -> guest.flip();
            case 1 -> guest.setMode(64 + random.nextInt(400), 64 + 64 * random.nextInt(3));
            case 2 -> {
                // Nothing happens.
            }
            default -> guest.draw(1 + random.nextInt(12));
        }
    }

    /** By comparing pixel by pixel; everything after a mode change. */
    private static BitSet changedTiles(int[] before, int[] now, int width, int height) {
        BitSet tiles = new BitSet();
        if (before.length != now.length) {
            mark(tiles, 0, 0, width, height, width, height);
            return tiles;
        }
        for (int i = 0; i < now.length; i++) {
            if (((before[i] ^ now[i]) & 0xff_ffff) != 0) {
                mark(tiles, i % width, i / width, 1, 1, width, height);
            }
        }
        return tiles;
    }

    private static BitSet told(DamageHistory history, Frame frame) {
        BitSet tiles = new BitSet();
        for (Rectangle r : history.rectangles()) {
            mark(tiles, r.x(), r.y(), r.width(), r.height(), frame.width(), frame.height());
        }
        return tiles;
    }

    private static void mark(BitSet tiles, int x, int y, int width, int height, int screenWidth, int screenHeight) {
        int columns = (screenWidth + 31) / 32;
        for (int row = y / 32; row * 32 < Math.min(y + height, screenHeight); row++) {
            for (int column = x / 32; column * 32 < Math.min(x + width, screenWidth); column++) {
                tiles.set(row * columns + column);
            }
        }
    }
}
