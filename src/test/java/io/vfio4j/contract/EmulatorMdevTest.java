package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.PeripheralKind;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

/** On the emulated host, whose nodes appear after 300 ms of virtual time. */
class EmulatorMdevTest {
    @Nested
    class WithGroups extends MdevContract {
        @Override
        MdevHost openHost() {
            return new Host(DeviceNodes.GROUP);
        }
    }

    @Nested
    class WithNodesOfDevices extends MdevContract {
        @Override
        MdevHost openHost() {
            return new Host(DeviceNodes.CDEV);
        }
    }

    @Nested
    class WithBoth extends MdevContract {
        @Override
        MdevHost openHost() {
            return new Host(DeviceNodes.GROUP_AND_CDEV);
        }
    }

    private static final class Host implements MdevHost {
        private final EmulatedHost host;

        private Host(DeviceNodes nodes) {
            host = EmulatedHost.builder()
                    .parent(VgpuProfile.MDPY.withNodes(nodes))
                    .parent(VgpuProfile.MAINLINE.withNodes(nodes))
                    .peripheral(PeripheralKind.MTTY)
                    .aperture(256)
                    .nodesAppearAfter(Duration.ofMillis(300))
                    .build();
            // Which leaves its parent.
            host.peripherals().get(0).remove();
        }

        @Override
        public SystemCalls systemCalls() {
            return host.systemCalls();
        }

        @Override
        public Divided divided() {
            return new Divided("0000:00:02.0", "i915-GVTg_V5_8", "i915-GVTg_V5_4");
        }

        @Override
        public OtherProcess openNode(String path) throws IOException {
            EmulatedProcess process = host.process("bash");
            process.systemCalls().open(path, Access.READ_WRITE);
            return new Other(process, "bash");
        }

        @Override
        public OtherProcess openDevice(MdevDevice device) throws IOException {
            EmulatedProcess process = host.process("java");
            VfioDevice.open(process.systemCalls(), device);
            return new Other(process, "java");
        }

        @Override
        public void endOnRemoval(OtherProcess process, MdevDevice device) {
            host.clock().onInstant(() -> {
                if (!host.systemCalls().exists(device.path() + "/driver")) {
                    ((Other) process).close();
                }
                return false;
            });
        }

        @Override
        public long openDescriptors() {
            return host.openDescriptors();
        }

        @Override
        public void close() {
            host.close();
        }
    }

    private record Other(EmulatedProcess process, String command) implements MdevHost.OtherProcess {
        @Override
        public int pid() {
            return process.pid();
        }

        @Override
        public void close() {
            process.end();
        }
    }
}
