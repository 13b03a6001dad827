package io.vfio4j.contract;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

/** The contract, kept by the kernel in memory. */
class EmulatorSystemCallsTest extends SystemCallsContract {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);

    @Override
    protected SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    protected void letPass(Duration time) {
        host.clock().advance(time);
    }

    @Override
    protected Descriptor unpollable() throws Exception {
        return host.systemCalls().open("/dev/vfio/vfio", Access.READ_WRITE);
    }

    @Override
    protected Tree tree() throws Exception {
        SystemCalls calls = host.systemCalls();
        String device = "/sys/class/mdev_bus/"
                + calls.list("/sys/class/mdev_bus").get(0) + "/" + host.vgpu().uuid();
        return new Tree(
                device,
                "uevent",
                calls.readText(device + "/uevent"),
                "mdev_type",
                calls.readLink(device + "/mdev_type"));
    }

    @Override
    protected int ownPid() {
        return host.pid();
    }

    @Override
    protected OtherProcess otherProcess() {
        EmulatedProcess process = host.process("sleep");
        return new OtherProcess() {
            @Override
            public int pid() {
                return process.pid();
            }

            @Override
            public void end() {
                process.end();
            }
        };
    }

    @Override
    protected String socketDirectory() {
        return "/run";
    }

    /** {@code VFIO_MINOR} of include/linux/miscdevice.h. */
    @Override
    protected Device device() {
        return new Device("/dev/vfio/vfio", 10, 196);
    }

    @AfterEach
    void closeHost() {
        host.close();
    }
}
