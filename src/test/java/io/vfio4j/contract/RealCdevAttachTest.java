package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.AttachOptions;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a real kernel that has both paths. */
@Tag("real-kernel-cdev")
class RealCdevAttachTest extends AttachContract {
    private static final Path IOMMU = Path.of("/dev/iommu");

    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }

    @Override
    Stream<AttachPath> paths() {
        return Stream.of(AttachPath.GROUP, AttachPath.CDEV);
    }

    private interface Body {
        void run() throws Exception;
    }

    private static void without(Path node, Body body) throws Exception {
        Path away = node.resolveSibling(node.getFileName() + ".away");
        Files.move(node, away);
        try {
            body.run();
        } finally {
            Files.move(away, node);
        }
    }

    @Test
    void withoutTheNodeOfIommufdTheGroupIsTaken() throws Exception {
        SystemCalls calls = JnaLinux.open();
        try (TestVgpu vgpu = openHost().create("port")) {
            without(IOMMU, () -> {
                try (VfioDevice device = VfioDevice.open(calls, vgpu.mdev())) {
                    assertEquals(Optional.of(AttachPath.GROUP), device.path());
                    assertEquals(6, device.info().irqs());
                }
                assertEquals(Errno.ENOENT, refused(vgpu).errno());
            });
        }
    }

    private static LinuxException refused(TestVgpu vgpu) throws IOException {
        HostDevice host = HostDevice.of(JnaLinux.open(), vgpu.mdev());
        return assertThrows(
                LinuxException.class,
                () -> VfioDevice.open(JnaLinux.open(), host, AttachOptions.DEFAULTS.withPath(AttachPath.CDEV))
                        .close());
    }

    @Test
    void withoutEitherNodeBothReasonsAreSaid() throws Exception {
        try (TestVgpu vgpu = openHost().create("port")) {
            Path group = Path.of("/dev/vfio/" + vgpu.mdev().group().orElseThrow());
            without(
                    IOMMU,
                    () -> without(group, () -> {
                        LinuxException e = assertThrows(
                                LinuxException.class,
                                () -> VfioDevice.open(JnaLinux.open(), vgpu.mdev())
                                        .close());
                        assertTrue(e.getMessage().contains("open " + group + ": ENOENT"), e.getMessage());
                        assertTrue(e.getMessage().contains("open /dev/iommu: ENOENT"), e.getMessage());
                    }));
        }
    }
}
