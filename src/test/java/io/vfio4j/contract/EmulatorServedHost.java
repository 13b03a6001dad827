package io.vfio4j.contract;

import io.vfio4j.emulator.EmulatedDialect;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** The emulated host, in real time. */
final class EmulatorServedHost implements ServedHost {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final EmulatedHost host = EmulatedHost.builder().realTime().build();

    EmulatorServedHost() {
        // As on a machine without a GPU that takes the sample's memory.
        host.faults().removeGraphics();
    }

    @Override
    public SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    public Shown create(Kind kind, UUID uuid) {
        VgpuProfile profile = switch (kind) {
            case IRQ -> VgpuProfile.V6.withSize(330, 150).withMappableDmabufs(true);
            case MDPY -> VgpuProfile.MDPY;
            case MBOCHS -> VgpuProfile.MBOCHS.withSize(640, 480);
        };
        return new EmulatedShown(host.create(profile.withUuid(uuid)));
    }

    @Override
    public void close() throws IOException {
        List<String> open = host.openFiles();
        host.close();
        if (!open.isEmpty()) {
            throw new IOException("still open: " + open);
        }
    }

    private static final class EmulatedShown implements Shown {
        private final Vgpu vgpu;

        EmulatedShown(Vgpu vgpu) {
            this.vgpu = vgpu;
            vgpu.stepped(true);
            if (vgpu.profile().dialect() == EmulatedDialect.MBOCHS) {
                // Its guest shows nothing before it has set a mode.
                vgpu.guest().setMode(vgpu.guest().width(), vgpu.guest().height());
            }
            flip();
        }

        @Override
        public UUID uuid() {
            return vgpu.uuid();
        }

        @Override
        public int width() {
            return vgpu.guest().width();
        }

        @Override
        public int height() {
            return vgpu.guest().height();
        }

        @Override
        public int pixel(int x, int y) {
            return vgpu.guest().shownPixel(x, y);
        }

        @Override
        public void flip() {
            vgpu.guest().flip();
            vgpu.vblank(1);
        }

        @Override
        public void remove() throws IOException {
            Removal removal = vgpu.remove();
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (!removal.isComplete()) {
                if (System.nanoTime() - end > 0) {
                    throw new IOException(vgpu.name() + " is still open");
                }
                Thread.onSpinWait();
            }
        }
    }
}
