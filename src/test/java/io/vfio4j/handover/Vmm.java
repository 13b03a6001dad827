package io.vfio4j.handover;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A process of an emulated host that has every vGPU of the host open, as a VMM would. */
final class Vmm {
    final EmulatedHost host;
    final EmulatedProcess process;
    final List<VfioDevice> devices = new ArrayList<>();

    Vmm(EmulatedHost host) throws IOException {
        this(host, host.process("qemu-system-x86_64"));
    }

    Vmm(EmulatedHost host, EmulatedProcess process) throws IOException {
        this.host = host;
        this.process = process;
        for (Vgpu vgpu : host.vgpus()) {
            open(vgpu);
        }
        host.clearTrace();
    }

    VfioDevice open(Vgpu vgpu) throws IOException {
        VfioDevice device = VfioDevice.open(process.systemCalls(), MdevDevice.find(process.systemCalls(), vgpu.uuid()));
        devices.add(device);
        return device;
    }

    int pid() {
        return process.pid();
    }

    /** The name of the nth device. */
    String name(int index) {
        return host.vgpus().get(index).uuid().toString();
    }

    /** How it calls itself in messages. */
    String description() {
        return "process " + pid() + " (qemu-system-x86)";
    }

    /** Nothing of ours is open, and the VMM has what it had. */
    void assertUndisturbed() throws IOException {
        assertEquals(List.of(), host.openFiles());
        for (VfioDevice device : devices) {
            assertEquals(device.regions().size(), device.info().regions());
        }
        for (Vgpu vgpu : host.vgpus()) {
            assertEquals(0, vgpu.forbiddenCalls());
            assertEquals(0, vgpu.leakedContexts());
        }
    }
}
