package io.vfio4j.contract;

import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.loop.EventLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.io.TempDir;

/** The contract, kept by real kernels, where a stock QEMU has the devices, or a program in C. */
abstract class RealHandoverContract extends HandoverContract {
    @TempDir
    Path directory;

    @Override
    TestHost openHost() {
        return new RealHost(JnaLinux.open());
    }

    @Override
    String socketPath() {
        return directory.resolve("vgpu.sock").toString();
    }

    @Override
    EventLoop loopBesideTheTest(TestHost on) throws IOException {
        return EventLoop.start(on.systemCalls(), "giving side");
    }

    @Override
    TestOwner startVmm(TestHost on, List<TestVgpu> devices) throws Exception {
        List<UUID> uuids = new ArrayList<>();
        for (TestVgpu device : devices) {
            uuids.add(device.mdev().uuid());
        }
        return Qemu.start(directory, uuids);
    }

    @Override
    TestOwner startOffering(TestHost on, TestVgpu device, String socket) throws Exception {
        return HandoverProgram.start(device.mdev().uuid(), socket);
    }
}
