package io.vfio4j.contract;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedProcess;
import io.vfio4j.handover.DeviceSocket;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The contract, kept by the kernel in memory, on which devices are got through their groups. */
class EmulatorHandoverTest extends HandoverContract {
    @Override
    TestHost openHost() {
        return new EmulatorHost(nodes());
    }

    DeviceNodes nodes() {
        return DeviceNodes.GROUP;
    }

    @Override
    String dialect() {
        return "v6";
    }

    @Override
    String socketPath() {
        return "/run/vgpu.sock";
    }

    @Override
    EventLoop loopBesideTheTest(TestHost on) throws IOException {
        return EventLoop.stepped(on.systemCalls());
    }

    @Override
    TestOwner startVmm(TestHost on, List<TestVgpu> devices) throws IOException {
        return new Owner((EmulatorHost) on, devices, Optional.empty());
    }

    @Override
    TestOwner startOffering(TestHost on, TestVgpu device, String socket) throws IOException {
        return new Owner((EmulatorHost) on, List.of(device), Optional.of(socket));
    }

    /** A process that has devices, and may offer the first of them. */
    private static final class Owner implements TestOwner {
        private final EmulatedProcess process;
        private final List<VfioDevice> devices = new ArrayList<>();
        private final Optional<EventLoop> loop;
        private final int openAtFirst;
        private boolean ended;

        Owner(EmulatorHost on, List<TestVgpu> vgpus, Optional<String> socket) throws IOException {
            process = on.emulated().process("qemu-system-x86_64");
            SystemCalls its = process.systemCalls();
            for (TestVgpu vgpu : vgpus) {
                devices.add(
                        VfioDevice.open(its, MdevDevice.find(its, vgpu.mdev().uuid())));
            }
            loop = socket.isPresent() ? Optional.of(EventLoop.stepped(its)) : Optional.empty();
            if (socket.isPresent()) {
                DeviceSocket.listen(loop.orElseThrow(), devices.get(0), socket.get());
            }
            openAtFirst = process.openDescriptors();
        }

        @Override
        public int pid() {
            return process.pid();
        }

        @Override
        public boolean goesOn() throws IOException {
            for (VfioDevice device : devices) {
                if (device.info().regions() == 0) {
                    return false;
                }
            }
            return process.openDescriptors() >= openAtFirst;
        }

        @Override
        public void close() throws IOException {
            if (ended) {
                return;
            }
            if (!goesOn()) {
                throw new IOException("its devices do not answer any more");
            }
            ended = true;
            loop.ifPresent(EventLoop::close);
            process.end();
        }
    }
}
