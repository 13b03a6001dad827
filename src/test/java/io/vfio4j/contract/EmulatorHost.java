package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.SignalCounts;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The emulated host in virtual time. */
final class EmulatorHost implements TestHost {
    private final EmulatedHost host = EmulatedHost.builder().build();
    private final DeviceNodes nodes;

    /** As Debian's kernels are. */
    EmulatorHost() {
        this(DeviceNodes.GROUP);
    }

    EmulatorHost(DeviceNodes nodes) {
        this.nodes = nodes;
    }

    /** For what only an emulated host can be told. */
    EmulatedHost emulated() {
        return host;
    }

    @Override
    public SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    public TestVgpu create(String dialect) {
        return create(VgpuProfile.named(dialect));
    }

    @Override
    public TestVgpu createForVm(String dialect) {
        return create(VgpuProfile.named(dialect).withKvmRequired(true));
    }

    private TestVgpu create(VgpuProfile profile) {
        return new EmulatorVgpu(host, host.create(profile.withNodes(nodes)));
    }

    @Override
    public Set<AttachPath> paths() {
        return switch (nodes) {
            case GROUP -> Set.of(AttachPath.GROUP);
            case CDEV -> Set.of(AttachPath.CDEV);
            case GROUP_AND_CDEV -> Set.of(AttachPath.GROUP, AttachPath.CDEV);
        };
    }

    @Override
    public long openDescriptors() {
        return host.openDescriptors();
    }

    @Override
    public void close() {
        host.close();
    }

    private static final class EmulatorVgpu implements TestVgpu {
        private final EmulatedHost host;
        private final Vgpu vgpu;
        private Optional<Removal> removal = Optional.empty();

        private EmulatorVgpu(EmulatedHost host, Vgpu vgpu) {
            this.host = host;
            this.vgpu = vgpu;
            vgpu.stepped(true);
        }

        @Override
        public MdevDevice mdev() throws IOException {
            return MdevDevice.find(host.systemCalls(), vgpu.uuid());
        }

        @Override
        public void flip() {
            vgpu.guest().flip();
        }

        @Override
        public void flipAsync() {
            vgpu.guest().flipAsync(Pipe.A);
        }

        @Override
        public void cursor() {
            vgpu.guest().cursor();
        }

        @Override
        public void pipe(boolean on) {
            vgpu.guest().pipe(Pipe.A, on);
        }

        @Override
        public void vblank(int count) {
            vgpu.vblank(count);
        }

        @Override
        public Signalled signalled() {
            SignalCounts counts = vgpu.signalled();
            boolean tellsPlanes =
                    List.of("v2", "v4", "v5", "v6").contains(vgpu.profile().name());
            return new Signalled(counts.primary(), counts.cursor(), tellsPlanes ? 0 : counts.raw());
        }

        @Override
        public boolean armed() {
            return vgpu.armed();
        }

        @Override
        public boolean masked() {
            return vgpu.masked();
        }

        @Override
        public long forbiddenCalls() {
            return vgpu.forbiddenCalls();
        }

        @Override
        public void beginRemoval() {
            removal = Optional.of(vgpu.remove());
        }

        @Override
        public boolean isRemoved() {
            return removal.map(Removal::isComplete).orElse(false);
        }

        @Override
        public void close() {
            if (removal.isEmpty()) {
                beginRemoval();
            }
            if (!isRemoved()) {
                throw new IllegalStateException(vgpu.name() + " is still open");
            }
        }
    }
}
